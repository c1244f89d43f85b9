"""The choice of frames to label, from a committee whose forces are known."""

import json

import numpy as np
import pytest
from ase import Atoms

from qcrystal.crystal.soap import SoapSettings, averaged_soap, soap_distances
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.structures import write_structures
from qcrystal.learning.generations import LearningError, origin_value
from qcrystal.learning.select import Choice, Run, read_runs, select

SPECIES = ["La", "H"]
CHOICE = Choice(bounds=(0.2, 1.0), train=2, test=1, test_runs=1, batches=2, soap=SoapSettings(), seed=3)


class Committee:
    """Two members whose forces on one atom differ by twice a frame's wanted deviation."""

    def evaluate(self, frames):
        forces = np.zeros((2, len(frames), len(frames[0]), 3))
        for number, atoms in enumerate(frames):
            forces[0, number, 0, 0] = 2 * atoms.info["deviation"]
        return np.zeros((2, len(frames))), forces


def frame(distance, deviation):
    """A cell with one pair of atoms at a distance (Å)."""
    atoms = Atoms("LaH", positions=[[0, 0, 0], [distance, 0, 0]], cell=[6, 6, 6], pbc=True)
    atoms.info = {"time": distance, "deviation": deviation}
    return atoms


def run(name, frames, ended="complete"):
    spec = RunSpec(
        run=name, system="lah10", recipe="cubic", method="classical", repeat=(1, 1, 1), species=SPECIES,
        masses={"La": 138.9, "H": 1.0}, temperature=300, pressure=150, timestep=0.5, steps=1, sample_every=1,
        checkpoint_every=1, seed=5,
    )  # fmt: skip
    return Run(spec, frames, ended)


def runs():
    """A run for testing, and two to train on: frames 2.05 to 2.4 Å are candidates, of which some are near the labelled 2 Å."""
    return [
        run("apart", [frame(2.2, 0.5), frame(2.9, 5.0)]),
        run("first", [frame(2.05, 0.3), frame(2.4, 0.9), frame(2.0, 0.1)], "it collapsed"),
        run("second", [frame(2.2, 0.6), frame(1.5, 1.0)]),
    ]


def test_candidates_far_from_the_labels_are_chosen_and_test_frames_apart():
    labelled = [frame(2.0, 0)]
    found = select(runs(), Committee(), labelled, SPECIES, CHOICE, 4)
    table = found.table
    assert table["deviation"].tolist() == pytest.approx([0.5, 5.0, 0.3, 0.9, 0.1, 0.6, 1.0])
    # of two atoms one deviates: the root-mean-square is smaller by √2
    assert table["deviation_rms"].tolist() == pytest.approx((table["deviation"] / np.sqrt(2)).tolist())
    assert table["kind"].tolist() == [
        "candidate",
        "failed",
        "candidate",
        "candidate",
        "accurate",
        "candidate",
        "failed",
    ]
    assert table["part"].tolist() == ["test"] * 2 + ["train"] * 5
    candidates = {i: frame(distance, 0) for i, distance in ((2, 2.05), (3, 2.4), (5, 2.2))}
    away = soap_distances(
        averaged_soap(list(candidates.values()), SPECIES, CHOICE.soap), averaged_soap(labelled, SPECIES, CHOICE.soap)
    )[:, 0]
    farthest = list(candidates)[int(np.argmax(away))]
    assert farthest == 3  # the longest distance differs most
    # the only frame of the test run that has not failed, and two candidates, of which the nearest is not one
    assert np.flatnonzero(table["chosen"]).tolist() == [0, 3, 5]
    assert found.summary | {"deviation_median": 0, "deviation_max": 0} == {
        "generation": 4, "labelled_train": 1, "runs": 3, "runs_ended_early": 1, "explored": 7, "candidate": 4,
        "accurate": 1, "failed": 2, "deviation_median": 0, "deviation_max": 0, "chosen_train": 2, "chosen_test": 1,
    }  # fmt: skip
    assert "4 candidates, 1 accurate, 2 failed of 7 explored frames (1 of 3 runs ended early)" in str(found)


def test_chosen_frames_are_dealt_to_the_jobs_and_carry_their_origin_only():
    found = select(runs(), Committee(), [frame(2.0, 0)], SPECIES, CHOICE, 4)
    assert [len(batch) for batch in found.batches] == [2, 1]
    frames = [atoms for batch in found.batches for atoms in batch]
    assert all(set(atoms.info) == {"origin"} for atoms in frames)
    parts = sorted(origin_value(atoms.info["origin"], "part", "") for atoms in frames)
    assert parts == ["test", "train", "train"]
    assert {origin_value(atoms.info["origin"], "generation", "") for atoms in frames} == {"5"}


def test_too_few_frames_are_an_error_that_says_what_to_change():
    failing = [run("first", [frame(2.0, 5.0)]), run("second", [frame(2.0, 5.0)])]
    with pytest.raises(LearningError, match=r"0 frames to label for 2 jobs .*'failed': 2.*widen learning\.bounds"):
        select(failing, Committee(), [frame(2.0, 0)], SPECIES, CHOICE, 0)
    with pytest.raises(LearningError, match="no run gave a frame; the first one: it fell apart"):
        select([run("first", [], "it fell apart")], Committee(), [frame(2.0, 0)], SPECIES, CHOICE, 0)


def test_runs_are_read_from_their_files(tmp_path):
    given = runs()[1]
    write_structures(given.frames, tmp_path / "run.extxyz")
    (tmp_path / "run.json").write_text(json.dumps({"frames": 3, "ended": "it collapsed"}))
    (back,) = read_runs([given.spec.model_dump(mode="json")], [tmp_path / "run.extxyz"], [tmp_path / "run.json"])
    assert back.spec == given.spec and back.ended == "it collapsed"
    assert [atoms.info["time"] for atoms in back.frames] == pytest.approx([2.05, 2.4, 2.0])
