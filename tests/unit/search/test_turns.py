"""From one turn of the learning loops to the next: a fit that finds the potential behind its labels, and grown data sets."""

import json

import numpy as np
import pytest
from ase import Atoms
from complaints import says

from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.checks import Limits
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.learning.generations import grown
from qcrystal.search.loops import Loops, chosen, progress
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.search.ternary import by_committee, search_potential
from qcrystal.search.turns import TurnError, fitted_scales, read_scales

PAIRS = {"Ca-Ca": (3.0, 0.8), "Ca-H": (2.0, 0.5), "H-H": (1.3, 0.2)}
SETTINGS = {"cutoff": 500}
SOAP = SoapSettings(cutoff=4.0, radial=4, angular=2, width=0.4)


def crystal(length: float, name: str = "") -> Atoms:
    return Atoms("CaH", cell=[length] * 3, scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5)], pbc=True, info={"name": name})


FRAMES = [crystal(length) for length in (2.4, 2.6, 2.7, 2.9)]


def energies(scale: float, frames: list[Atoms]) -> list[float]:
    potential = LennardJonesMixture(PAIRS, scale)
    return [potential.get_potential_energy(atoms) for atoms in frames]


def test_every_member_finds_the_potential_that_labelled_whatever_its_zero_of_energy():
    """The labels are of the fit's own form, so nothing is left but the search's tolerance of 1e-8."""
    labels = [energy + 3.0 * len(atoms) for energy, atoms in zip(energies(1.01, FRAMES), FRAMES, strict=True)]
    assert fitted_scales(PAIRS, FRAMES, labels, 3, seed=1) == pytest.approx([1.01] * 3, abs=1e-6)
    assert fitted_scales(PAIRS, FRAMES[:1], labels[:1], 3, seed=1) == [1.0] * 3


def test_a_turn_that_has_learnt_the_labels_ends_both_loops(tmp_path):
    """Before, the error is that of a stand-in whose distances are 1 % off. After, committee and labels agree."""
    other = energies(1.01, FRAMES)
    path = tmp_path / "stand_in.json"
    path.write_text(json.dumps({"scales": fitted_scales(PAIRS, FRAMES, other, 3, seed=1)}))
    found = {}
    for name, models in {"before": [], "after": [path]}.items():
        frames = [crystal(length, name) for length in (2.45, 2.65)]
        forces = by_committee(models, "native", PAIRS, frames)[1]
        table, picked = chosen(
            [], [], frames, forces, [0.0, 0.0], FRAMES, ["Ca", "H"], SOAP, Loops((0.15, 1.5), 0.1, 5)
        )
        own = search_potential(models, "native", PAIRS)
        truth = energies(1.01, picked)
        errors = [(own.get_potential_energy(a) - e) / len(a) for a, e in zip(picked, truth, strict=True)]
        found[name] = progress(table, errors, 1e-4).set_index("loop").loc[2]
    assert found["before"]["error"] > 1e-3 and not found["before"]["ended"]
    assert found["after"]["error"] < 1e-6 and found["after"]["ended"]


@pytest.mark.parametrize("text", [None, "", "{}", '{"scales": [null]}'])
def test_a_file_that_is_no_fitted_stand_in_is_told_in_one_line(text, tmp_path):
    path = tmp_path / "stand_in.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(TurnError) as caught:
        read_scales(path)
    says(str(caught.value), [str(path), "run its job again"])


def labels(path, origins: list[str], force: float = 0.1, settings=SETTINGS):
    """A file of labels with one frame for each origin, at volumes of their own."""
    frames = []
    for number, origin in enumerate(origins):
        atoms = crystal(2.5 + 0.1 * number)
        frames.append(
            {
                "energy": -1.0,
                "forces": [[force, 0, 0], [-force, 0, 0]],
                "virial": np.eye(3).tolist(),
                "cell": atoms.cell.array.tolist(),
                "positions": atoms.positions.tolist(),
                "symbols": ["Ca", "H"],
                "origin": origin,
            }
        )
    path.write_text(json.dumps({"software": {}, "settings": settings, "frames": frames}))
    return path


def known() -> LabelledFrames:
    """One frame of the data set."""
    atoms = crystal(2.3)
    zeros = np.zeros((1, 2, 3))
    provenance = {"settings": SETTINGS, "origins": [{"origin": "rest"}]}
    return LabelledFrames(
        "rest_HCa", np.array(["Ca", "H"]), atoms.cell.array[None], atoms.positions[None], np.zeros(1), zeros, np.eye(3)[None],
        provenance=provenance,
    )  # fmt: skip


def test_labels_of_all_turns_are_joined_and_those_of_no_crystal_are_left_out(tmp_path):
    first = labels(tmp_path / "1.json", ["loop1 part=train a", "loop2 part=train b"])
    second = labels(tmp_path / "2.json", ["loop1 part=train c"])
    wild = labels(tmp_path / "3.json", ["loop1 part=train d"], force=500.0)  # eV/Å
    nothing = labels(tmp_path / "4.json", [])
    systems = grown([known()], [first, second, wild, nothing], Limits())
    assert {system.name: len(system) for system in systems} == {"rest_HCa": 1, "loop1_HCa": 2, "loop2_HCa": 1}
    assert [len(system) for system in grown([known()], [nothing], Limits())] == [1]


def test_labels_with_other_settings_are_refused_in_one_line(tmp_path):
    path = labels(tmp_path / "1.json", ["loop1 part=train a"], settings={"cutoff": 400})
    with pytest.raises(DatasetError) as caught:
        grown([known()], [path], Limits())
    says(str(caught.value), ["labelled with other settings", str(path)])
