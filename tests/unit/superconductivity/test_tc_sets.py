"""Public sets of T_c: what a file must be, and the prototypes of crystals that have no name."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from ase.spacegroup import crystal

from qcrystal.files import file_digest
from qcrystal.superconductivity.tc_model import TcModelError
from qcrystal.superconductivity.tc_sets import prototype_of, read_set


def cah6() -> Atoms:
    return crystal(
        ["Ca", "H"], [(0, 0, 0), (0.25, 0.5, 0)], spacegroup=229, cellpar=[3.5] * 3 + [90] * 3, primitive_cell=True
    )


def cayh12() -> Atoms:
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0.25, 0.5, 0)]
    return crystal(["Ca", "Y", "H"], sites, spacegroup=221, cellpar=[3.5] * 3 + [90] * 3)


def lah10() -> Atoms:
    sites = [(0, 0, 0), (0.25, 0.25, 0.25), (0.12, 0.12, 0.12)]
    return crystal(["La", "H", "H"], sites, spacegroup=225, cellpar=[4.8] * 3 + [90] * 3, primitive_cell=True)


@pytest.fixture
def file(tmp_path):
    def made(*frames: Atoms):
        path = tmp_path / "set.extxyz"
        write(path, list(frames), format="extxyz")
        return path, file_digest(path)

    return made


def named(atoms: Atoms, **info) -> Atoms:
    bare = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.info = info
    return bare


def test_orderings_of_metals_share_a_prototype():
    """CaYH12 (Pm-3m) is CaH6's lattice (Im-3m) with two metals; LaH10 is another."""
    assert prototype_of(cah6()) == prototype_of(cayh12()) == "229-AB6"
    assert prototype_of(lah10()) == "225-AB10"


def test_a_set_has_its_crystals_and_temperatures(file):
    frames = [
        named(cah6(), compound="CaH6", tc=230.0),
        named(lah10(), compound="LaH10", tc=280.0, prototype="clathrate"),
    ]
    first, second = read_set(*file(*frames), "Somebody (2030), 200 GPa")
    assert (first.compound, first.tc, first.prototype, first.source) == (
        "CaH6",
        230.0,
        "229-AB6",
        "Somebody (2030), 200 GPa",
    )
    assert (second.compound, second.tc, second.prototype) == ("LaH10", 280.0, "clathrate")
    assert np.allclose(first.atoms.positions, cah6().positions, atol=1e-6)


def test_another_file_is_refused(file):
    path, digest = file(named(cah6(), compound="CaH6", tc=230.0))
    with pytest.raises(
        TcModelError, match=f"its SHA-256 is {digest}, not 0000; take the published file, or correct sha256"
    ):
        read_set(path, "0000", "somebody")
    with pytest.raises(TcModelError, match="cannot be read .*; put the published file there"):
        read_set(path.with_name("none"), digest, "somebody")


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([named(cah6(), tc=230.0)], "frame 0: no compound in its comment line; write compound=... there"),
        ([named(cah6(), compound="CaH6")], "frame 0: no tc in its comment line"),
        ([named(cah6(), compound="CaH6", tc=-3.0)], "frame 0: tc is -3.0, and 0 to 1000 K are possible"),
        ([named(cah6(), compound="CaH6", tc="warm")], "frame 0: tc is warm"),
        (
            [named(Atoms("Ca", cell=[3] * 3, pbc=True), compound="Ca", tc=20.0)],
            "frame 0: Ca is no crystal of a hydride",
        ),
        ([named(cah6(), compound="CaH6", tc=230.0)] * 2, "frame 1: compound CaH6 was there before; keep one"),
    ],
)
def test_frames_that_tell_no_temperature_are_named(file, frames, words):
    with pytest.raises(TcModelError) as error:
        read_set(*file(*frames), "somebody")
    assert words in str(error.value) and "\n" not in str(error.value)
