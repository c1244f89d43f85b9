"""A file that is no potential, or none for this crystal, is named."""

from pathlib import Path

import pytest
from cases import by_name
from complaints import says
from crystals import lah10

from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.engines import PotentialError

ROOT = Path(__file__).resolve().parents[3]
POTENTIALS = {
    "missing": ("model.pb", None, ["no such potential"]),
    "cut short": ("model.pb", lambda good: good[: len(good) // 2], ["cannot read it", "freeze it again"]),
    "a text": ("model.pb", lambda good: b"a potential\n", ["cannot read it", "freeze it again"]),
    "of another backend": ("model.pth", lambda good: good, ["cannot read it"]),
    "of no backend": ("model.xyz", lambda good: good, ["cannot read it"]),
}


@by_name(POTENTIALS)
def test_bad_potential_is_named(case, tmp_path):
    name, content, words = case
    if content:
        (tmp_path / name).write_bytes(content((ROOT / "models/lah10-fast/model.pb").read_bytes()))
    with pytest.raises(PotentialError) as caught:
        DeepPotential(tmp_path / name)
    says(str(caught.value), [str(tmp_path / name), *words])


def test_crystal_of_another_element_is_named():
    atoms = lah10(5.0, "Ce")
    atoms.calc = DeepPotential(ROOT / "models/lah10-fast/model.pb")
    with pytest.raises(PotentialError) as caught:
        atoms.get_potential_energy()
    says(str(caught.value), ["model.pb", "knows La, H but not Ce", "trained for this crystal"])
