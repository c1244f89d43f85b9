"""Structures in files: what is read is what was written, to the last bit that extended XYZ holds."""

import numpy as np
import pytest
from ase.build import bulk

from qcrystal.io.structures import StructureError, read_structures, write_structures


def test_structures_survive_their_file(tmp_path):
    path = tmp_path / "deep" / "frames.extxyz"
    salt = bulk("NaCl", "rocksalt", a=5.64)
    salt.rattle(0.1, seed=1)
    salt.info.update(origin="recipe part=test", pressure=150.0)
    big = bulk("Cu").repeat(2)
    write_structures([salt, big], path)
    first, second = read_structures(path)
    # extended XYZ holds eight decimals of positions
    np.testing.assert_allclose(first.positions, salt.positions, atol=1e-8)
    np.testing.assert_allclose(first.cell.array, salt.cell.array, atol=1e-8)
    assert first.info == {"origin": "recipe part=test", "pressure": 150.0} and first.pbc.all()
    assert len(second) == 8
    assert [entry.name for entry in path.parent.iterdir()] == ["frames.extxyz"]


def test_no_structures_are_an_empty_file(tmp_path):
    write_structures([], tmp_path / "none.extxyz")
    assert (tmp_path / "none.extxyz").read_bytes() == b""
    assert read_structures(tmp_path / "none.extxyz") == []


@pytest.mark.parametrize("content", [None, "3\nno lattice\nH 0 0\n", "not a number\n"])
def test_a_missing_or_damaged_file_is_named_in_one_line(tmp_path, content):
    path = tmp_path / "frames.extxyz"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StructureError, match="frames.extxyz: not readable as structures") as error:
        read_structures(path)
    assert "\n" not in str(error.value)
