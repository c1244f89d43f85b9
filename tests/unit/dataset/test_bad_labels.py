"""A bad data set gets one line that names the file and the frame; the result that was there stays.

Files go in where the workflow meets them: through the rule's script, with a stand-in for Snakemake's object.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import units
from cases import by_name
from snakemake_stand_in import Job, Named
from spoil import cut, write

ROOT = Path(__file__).resolve().parents[3]
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def labels(tmp_path):
    """A rule's job on a copy of two systems of the shipped data set; an older result is there already."""
    data = tmp_path / "data"
    for name in ("triclinic_md_H10La", "vacancy_md_H19La2"):
        shutil.copytree(ROOT / "data/lah10-gpaw" / name, data / name)
    (tmp_path / "results/old").mkdir(parents=True)
    (tmp_path / "results/old/type.raw").write_text("an older result")
    job = Job(tmp_path, "dataset/split")
    job.output = Named(folder=str(tmp_path / "results"), summary=str(tmp_path / "results.csv"))
    job.params = Named(
        source=str(data),
        species=["La", "H"],
        settings={"test": "marked", "test_fraction": 0.1, "limits": {}},
        seed=1,
        modules=[],
    )
    job.wildcards = Named(dataset="mine")
    return job


def array(name, edit, system="triclinic_md_H10La"):
    """Change an array of every set of a system."""

    def change_files(data):
        for path in data.glob(f"{system}/set.*/{name}.npy"):
            np.save(path, edit(np.load(path)))

    return change_files


def stresses(data):
    """Stresses (eV/Å³) where virials belong."""
    for path in data.rglob("virial.npy"):
        volumes = np.abs(np.linalg.det(np.load(path.with_name("box.npy")).reshape(-1, 3, 3)))
        np.save(path, -np.load(path) / volumes[:, None])


def everywhere(**factors):
    """Other units: arrays times a factor."""

    def change_files(data):
        for name, factor in factors.items():
            array(name, lambda values, factor=factor: factor * values, "*")(data)

    return change_files


def at(frame, value):
    """An array whose frame holds a value."""

    def edit(values):
        values = values.copy()
        values[frame] = value
        return values

    return edit


def first_frame_again(data):
    for name in ("coord", "box"):
        array(name, lambda values: np.vstack([values[:1], values[:1], values[2:]]))(data)


FIRST = "triclinic_md_H10La/set.000"
DATA = {
    "array cut short": (cut(f"{FIRST}/force.npy"), [f"{FIRST}/force.npy", "not a complete npy array", "again"]),
    "array that is a text": (
        write(f"{FIRST}/energy.npy", b"-167.2\n"),
        [f"{FIRST}/energy.npy", "not a complete npy array"],
    ),
    "array of words": (
        lambda data: np.save(data / FIRST / "energy.npy", np.array(["low"] * 9)),
        [f"{FIRST}/energy.npy", "<U3", "write it again"],
    ),
    "array of objects": (
        lambda data: np.save(data / FIRST / "energy.npy", np.array([{}] * 9), allow_pickle=True),
        [f"{FIRST}/energy.npy"],
    ),
    "complex numbers": (array("energy", lambda values: values + 1j), ["energy.npy", "complex128"]),
    "archive instead of an array": (
        lambda data: (
            np.savez(data / FIRST / "energy", x=[1])
            or (data / FIRST / "energy.npz").replace(data / FIRST / "energy.npy")
        ),
        [f"{FIRST}/energy.npy", "an archive"],
    ),
    "missing virial": (lambda data: (data / FIRST / "virial.npy").unlink(), [f"{FIRST}/virial.npy", "missing"]),
    "a frame too few": (
        lambda data: np.save(data / FIRST / "box.npy", np.load(data / FIRST / "box.npy")[1:]),
        [f"{FIRST}/box.npy", "frames", "energy.npy"],
    ),
    "an atom too few": (
        write("triclinic_md_H10La/type.raw", b"0\n" + 9 * b"1\n"),
        ["coord.npy", "30 numbers", "type.raw"],
    ),
    "types that are words": (write("triclinic_md_H10La/type.raw", b"La H H"), ["type.raw", "'La'", "whole number"]),
    "types beyond the map": (write("triclinic_md_H10La/type.raw", 11 * b"7\n"), ["type.raw", "0..1", "La"]),
    "types in another order": (
        write("triclinic_md_H10La/type_map.raw", b"H\nLa\n"),
        ["types look swapped", "type.raw"],
    ),
    "no element": (write("triclinic_md_H10La/type_map.raw", b"La\nQq\n"), ["type_map.raw", "'Qq'"]),
    "another crystal": (write("triclinic_md_H10La/type_map.raw", b"Ce\nH\n"), ["triclinic_md_H10La", "Ce", "La, H"]),
    "no types": (lambda data: [path.unlink() for path in data.rglob("type.raw")], ["data", "no DeePMD system"]),
    "a force that is no number": (array("force", at(3, NAN)), ["triclinic_md_H10La", "frame 3", "nan in forces"]),
    "an infinite energy": (array("energy", at(2, INF)), ["frame 2", "inf in energies"]),
    "a singular cell": (array("box", at(4, [5, 0, 0, 5, 0, 0, 0, 0, 5])), ["frame 4", "singular cell"]),
    "two atoms at one place": (
        array("coord", lambda values: np.hstack([values[:, :3], values[:, :3] + 0.1, values[:, 6:]])),
        ["triclinic_md_H10La", "Å apart", "remove this frame"],
    ),
    "lengths in Bohr": (everywhere(coord=1 / units.Bohr, box=1 / units.Bohr), ["do not look like Å", "box.npy"]),
    "lengths in nm": (everywhere(coord=0.1, box=0.1), ["Å apart"]),
    "forces in meV": (everywhere(force=1e3), ["frame", "eV/Å", "check the unit"]),
    "energies in Hartree": (everywhere(energy=1 / units.Hartree), ["energies look like Ha", "correct the labels"]),
    "virials in GPa": (everywhere(virial=1 / units.GPa), ["virials look like GPa Å³", "correct the labels"]),
    "stresses instead of virials": (stresses, ["virials look like stresses of the wrong sign"]),
    "the same frame twice": (first_frame_again, ["frame 1", "duplicate of frame 0", "remove one"]),
    "an energy off the trend": (
        array("energy", lambda values: values + 20 * (np.arange(len(values)) == 1)),
        ["frame 1", "off the trend"],
    ),
    "marks that are gone": (
        lambda data: [p.unlink() for p in data.rglob("provenance.json")],
        ["provenance.json", "use 'fraction'"],
    ),
    "marks that are broken": (
        write("triclinic_md_H10La/provenance.json", b"{"),
        ["provenance.json", "not valid JSON", "restore"],
    ),
    "marks of other frames": (
        write("triclinic_md_H10La/provenance.json", b'{"origins": [{}]}'),
        ["provenance.json", "1 origins for", "restore"],
    ),
}


@by_name(DATA)
def test_bad_labels_are_named(case, labels, capsys):
    edit, words = case
    edit(labels.folder / "data")
    labels.fails(words, capsys)


def test_good_labels_are_not_refused(labels):
    """The cases above differ from this by their edit only."""
    labels.run()
    assert (labels.folder / "results/train").is_dir() and not (labels.folder / "results/old").exists()
