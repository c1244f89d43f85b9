"""Concurrent learning: judgement, SOAP distances, the choice of diverse frames, conditions and volumes."""

import errno
import json
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import spglib
import yaml
from ase import Atoms
from scipy.spatial.transform import Rotation

from qcrystal.config.dft import Recipe
from qcrystal.config.learning import Learning
from qcrystal.crystal.cells import conventional_cell, primitive_cell
from qcrystal.crystal.displace import symmetric_distortion
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.soap import SoapSettings, averaged_soap, farthest_points, principal_components, soap_distances
from qcrystal.dataset.deepmd_npy import write_deepmd
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.dataset.split import split
from qcrystal.dynamics.lammps.box import ADVICE
from qcrystal.dynamics.lammps.worker import AGAIN
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.errors import full_disk, one_line
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.learning import explore, select
from qcrystal.learning import generations as learning
from qcrystal.potential.committee import force_deviation
from qcrystal.processes import ended_by

pytestmark = pytest.mark.engine

SPECIES = ["La", "H"]


@pytest.fixture(scope="module")
def document(root):
    return yaml.safe_load((root / "config" / "crystals" / "lah10" / "crystal.yaml").read_text())


@pytest.fixture(scope="module")
def prototype(document):
    return Prototype(**document["prototypes"]["Fm-3m"])


def displaced(prototype, seed, amplitude=0.1, lattice_constant=5.0):
    atoms = primitive_cell(prototype, lattice_constant)
    atoms.positions += np.random.default_rng(seed).normal(scale=amplitude, size=(len(atoms), 3))
    return atoms


def soap(*frames):
    return averaged_soap(frames, SPECIES, SoapSettings())


# ---------------------------------------------------------------------------------------------------------------------
# judgement


def test_deviation_of_a_committee_by_hand():
    # Two atoms, three members. Atom 1: forces 0, 3 and 6 along x: mean 3, squares 9, 0, 9, so sqrt(6).
    # Atom 2: (0, 0, 1), (0, 0, 1), (0, 0, 4): mean 2, squares 1, 1, 4, so sqrt(2). The larger one counts.
    forces = np.zeros((3, 1, 2, 3))
    forces[:, 0, 0, 0] = [0, 3, 6]
    forces[:, 0, 1, 2] = [1, 1, 4]
    assert force_deviation(forces) == pytest.approx([np.sqrt(6)])


def test_frames_at_and_beyond_the_bounds():
    kinds = select.classify([0.0, 0.2999, 0.3, 1.4999, 1.5, 40.0, np.nan, np.inf], (0.3, 1.5))
    assert kinds.tolist() == ["accurate"] * 2 + ["candidate"] * 2 + ["failed"] * 4


def test_bounds_in_the_wrong_order_are_refused(document):
    with pytest.raises(ValueError, match="1.5 eV/Å, must be below the upper, 0.3"):
        Learning(**{**document["learning"], "bounds": [1.5, 0.3]})


def test_a_run_is_kept_up_to_its_collapse(prototype):
    frames = [displaced(prototype, seed, 0.01) for seed in range(4)]
    hydrogens = np.flatnonzero(frames[2].symbols == "H")
    frames[2].positions[hydrogens[0]] = frames[2].positions[hydrogens[1]] + [0.3, 0, 0]
    volume = frames[0].get_volume()
    labelled = (0.98 * volume, 1.02 * volume)
    assert len(explore.whole_frames(frames, 0.5, labelled, "La")) == 2
    assert len(explore.whole_frames(frames, 0.2, labelled, "La")) == 4
    frames[1].set_cell(0.96 * frames[1].cell.array, scale_atoms=True)  # 11 % of the volume less
    assert len(explore.whole_frames(frames, 0.2, labelled, "La")) == 1


# ---------------------------------------------------------------------------------------------------------------------
# SOAP


def test_distance_ignores_rotation_order_origin_and_cell(prototype):
    atoms = displaced(prototype, 1)
    rotation = Rotation.from_euler("xyz", [0.3, -1.1, 2.0]).as_matrix()
    rotated = Atoms(atoms.symbols, positions=atoms.positions @ rotation, cell=atoms.cell.array @ rotation, pbc=True)
    shuffled = atoms[np.random.default_rng(2).permutation(len(atoms))]
    moved = atoms.copy()
    moved.positions += [0.7, -0.2, 0.4]
    moved.wrap()
    same = soap(atoms, rotated, shuffled, moved, atoms.repeat((2, 1, 1)))
    # rounding of p·p' near 1 (1e-16) is a distance of 1e-8, and dscribe's radial basis is good to about 1e-7
    assert soap_distances(same[:1], same).max() < 1e-5
    other = soap(displaced(prototype, 2))
    assert soap_distances(same[:1], other)[0, 0] > 1e-3


def test_distance_is_the_kernels():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    kernel = vectors @ vectors.T
    expected = np.sqrt(np.diag(kernel)[:, None] + np.diag(kernel)[None] - 2 * kernel)
    assert np.allclose(soap_distances(vectors, vectors), expected, atol=1e-12)


def brute_force(candidates, reference, count):
    chosen, known = [], list(reference)
    for _ in range(count):
        best = max(
            (i for i in range(len(candidates)) if i not in chosen),
            key=lambda i: min(np.linalg.norm(candidates[i] - other) for other in known),
        )
        chosen.append(best)
        known.append(candidates[best])
    return chosen


def test_farthest_points_against_brute_force():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(60, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # on the unit sphere sqrt(2 - 2 p·p') is the Euclidean distance
    assert farthest_points(vectors[10:], vectors[:10], 12).tolist() == brute_force(vectors[10:], vectors[:10], 12)
    assert sorted(farthest_points(vectors[:4], vectors[4:], 10)) == [0, 1, 2, 3]
    assert len(farthest_points(vectors[:0], vectors, 3)) == 0


def test_equal_frames_are_chosen_once_before_others():
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    assert farthest_points(vectors, vectors[:0], 3).tolist() == [0, 2, 3]


def test_principal_components_find_the_direction_that_varies():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(200, 4)) * [0.01, 5.0, 0.01, 1.0]
    coordinates, shares = principal_components(points)
    assert np.corrcoef(coordinates[:, 0], points[:, 1])[0, 1] > 0.999
    assert shares[0] == pytest.approx(25 / 26, abs=0.02)  # of 200 points: variances are known to 10 %


# ---------------------------------------------------------------------------------------------------------------------
# exploration


def test_every_level_of_every_condition_is_explored_equally_often(document):
    settings = Learning(**document["learning"])
    rows = explore.conditions(settings, 36, seed=1)
    for name, levels in (("start", settings.starts), ("pressure", settings.pressures), ("method", settings.methods)):
        counts = [sum(row[name] == level for row in rows) for level in levels]
        assert max(counts) - min(counts) <= 1
    assert rows == explore.conditions(settings, 36, seed=1) != explore.conditions(settings, 36, seed=2)


def labelled(prototype, lattice_constants, pressures):
    """Cubic cells whose virials are those of the pressures (GPa)."""
    from ase import units

    cells = [primitive_cell(prototype, a) for a in lattice_constants]
    volumes = np.array([cell.get_volume() for cell in cells])
    virials = (np.array(pressures) * units.GPa * volumes)[:, None, None] * np.eye(3)
    count, atoms = len(cells), len(cells[0])
    origins = [{"origin": f"cubic a={a}"} for a in lattice_constants]
    return LabelledFrames(
        "cubic", cells[0].get_chemical_symbols(), np.array([c.cell.array for c in cells]),
        np.array([c.positions for c in cells]), np.zeros(count), np.zeros((count, atoms, 3)), virials,
        provenance={"origins": origins},
    )  # fmt: skip


def test_start_volume_is_the_labels_volume_at_the_pressure(prototype):
    lattice_constants = np.linspace(4.8, 5.4, 13)
    pressures = 150.0 - 300.0 * np.log(lattice_constants / 5.1) * 3
    system = labelled(prototype, lattice_constants, pressures)
    # ln V is linear in P here, so the fit is exact
    assert explore.lattice_constant_at(150.0, [system], prototype) == pytest.approx(5.1, abs=1e-6)
    # beyond the labels the nearest labelled volume
    assert explore.lattice_constant_at(1000.0, [system], prototype) == pytest.approx(4.8, abs=1e-6)


def test_start_of_a_run_is_its_recipes_cell(document, prototype):
    recipe = Recipe(**document["dft"]["recipes"][0])
    spec = RunSpec(
        run="r", system="lah10", method="classical", repeat=recipe.repeat, species=SPECIES, masses={"La": 138.9, "H": 2.0},
        temperature=300, pressure=150, timestep=0.5, steps=1, sample_every=1, checkpoint_every=1, seed=5,
    )  # fmt: skip
    atoms = explore.start_frame(prototype, recipe, spec, 5.1)
    per_lanthanum = atoms.get_volume() / (atoms.symbols == "La").sum()
    assert per_lanthanum == pytest.approx(5.1**3 / 4)
    assert set(atoms.get_masses()[atoms.symbols == "H"]) == {2.0}


def explored(prototype, document, monkeypatch, tmp_path, run):
    """Frames that `explore` finds where ``run`` replaces LAMMPS, and the folder of the run."""
    recipe = Recipe(**document["dft"]["recipes"][0])
    spec = RunSpec(
        run="r", system="lah10", method="classical", repeat=recipe.repeat, species=SPECIES, masses={"La": 138.9, "H": 1.0},
        temperature=300, pressure=150, timestep=0.5, steps=3, sample_every=1, checkpoint_every=1, seed=5,
    )  # fmt: skip
    labels = [labelled(prototype, np.linspace(4.8, 5.4, 5), np.linspace(300, 80, 5))]
    monkeypatch.setattr("qcrystal.dynamics.lammps.launcher.run", run)
    folder = tmp_path / "r.run"
    return explore.explore(spec, prototype, recipe, labels, tmp_path / "model.pb", folder, 0.5), folder


def test_a_run_that_fails_is_a_result(prototype, document, monkeypatch, tmp_path):
    def fails(spec, start, model, folder):
        raise RunError("the potential\nhas lost an atom")

    found, folder = explored(prototype, document, monkeypatch, tmp_path, fails)
    assert found.frames == [] and found.ended == "the potential has lost an atom" and not folder.exists()


ENDED = {
    "killed": f"LAMMPS ended with status -9: {ended_by(signal.SIGKILL)} (see lammps.log)",
    "asked to end": f"LAMMPS ended with status -15: {ended_by(signal.SIGTERM)} (see lammps.log)",
    "at its time limit": f"asked to end, stopped at the checkpoint of step 3; {AGAIN}",
    "full disk": one_line(OSError(errno.ENOSPC, "No space left on device", "/scratch/thermo.csv")),
    "full disk, as LAMMPS's worker says it": full_disk(Path("/scratch")),
    "broken disk": one_line(OSError(errno.EIO, "Input/output error", "/scratch/thermo.csv")),
    "no memory": one_line(MemoryError()),
    "no memory for an array": one_line(np.exceptions.AxisError("Unable to allocate 3. GiB")),
    "no environment": "the environment lacks the package deepmd; run: make environment",
}


@pytest.mark.parametrize("words", ENDED.values(), ids=ENDED)
def test_a_run_that_was_ended_from_outside_is_no_result(prototype, document, monkeypatch, tmp_path, words):
    """Else a kill would count as a failure of the potential, with a record that says that all is well."""
    folder = tmp_path / "r.run"
    folder.mkdir()
    (folder / "checkpoint").write_text("to go on from")

    def fails(*_):
        raise RunError(f"run r: {words}")

    with pytest.raises(RunError):
        explored(prototype, document, monkeypatch, tmp_path, fails)
    assert (folder / "checkpoint").is_file()


@pytest.mark.parametrize("words", [f"two atoms are closer than 0.4 Å; {ADVICE}", f"LAMMPS: {ended_by(signal.SIGSEGV)}"])
def test_a_run_that_the_potential_ended_is_a_result(prototype, document, monkeypatch, tmp_path, words):
    def fails(*_):
        raise RunError(words)

    assert explored(prototype, document, monkeypatch, tmp_path, fails)[0].ended == words


@pytest.mark.parametrize(("collapses_at", "kept", "ended"), [(9, 3, "complete"), (2, 1, "collapsed.*at 0.200 ps")])
def test_frames_before_a_collapse_are_kept(prototype, document, monkeypatch, tmp_path, collapses_at, kept, ended):
    def runs(spec, start, model, folder):
        folder.mkdir()
        with TrajectoryWriter(
            folder / "trajectory.h5", spec, start.get_chemical_symbols(), start.get_masses()
        ) as writer:
            for step in range(4):
                positions = start.positions.copy()
                if step == collapses_at:
                    positions[-1] = positions[-2] + [0.1, 0, 0]
                writer.append(step, 0.1 * step, positions + 100 * start.cell.array[0], start.cell.array)

    found, folder = explored(prototype, document, monkeypatch, tmp_path, runs)
    assert [atoms.info["time"] for atoms in found.frames] == pytest.approx([0.1, 0.2, 0.3][:kept])
    assert re.search(ended, found.ended) and not folder.exists()
    for atoms in found.frames:  # wrapped into the cell
        inside = atoms.get_scaled_positions(wrap=False)
        assert inside.min() > -1e-6 and inside.max() < 1 + 1e-6


@pytest.mark.parametrize(("symmetry", "number"), [("C2", 5), ("P-1", 2)])
def test_distortion_leaves_exactly_its_symmetry(prototype, symmetry, number):
    atoms = symmetric_distortion(primitive_cell(prototype, 5.0), symmetry, 0.1, 0.02, np.random.default_rng(1))
    found = spglib.get_spacegroup((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=1e-4)
    assert found.endswith(f"({number})")


# ---------------------------------------------------------------------------------------------------------------------
# parts


def test_frames_set_apart_stay_apart_when_generations_are_added(prototype):
    recipes = labelled(prototype, np.linspace(4.8, 5.4, 20), np.linspace(300, 80, 20))
    explored = labelled(prototype, np.linspace(4.81, 5.41, 6), np.linspace(300, 80, 6))
    explored.name = "cubic_md"
    explored.provenance["origins"] = [
        {"origin": select.origin_text("cubic", 1 + i // 3, ("train", "test")[i % 2], "run", 0.1, 0.4)} for i in range(6)
    ]
    train, test = learning.separate([recipes, explored.take(range(3))], 0.2, 7)
    later_train, later_test = learning.separate([recipes, explored], 0.2, 7)

    def keys(systems):
        return {(s.name, tuple(cell.ravel())) for s in systems for cell in s.cells}

    assert keys(train) <= keys(later_train) and keys(test) <= keys(later_test)
    assert not keys(later_train) & keys(later_test)
    assert sum(map(len, later_test)) == 4 + 3
    marks = [entry["generation"] for system in later_train for entry in system.provenance["origins"]]
    assert sorted(marks) == [0] * 16 + [1, 1, 2]


def test_crushed_frames_are_dropped_and_frames_of_recipes_are_not(prototype, caplog):
    constants, pressures = np.linspace(4.8, 5.4, 10), np.linspace(300, 80, 10)
    recipes, explored = labelled(prototype, constants, pressures), labelled(prototype, constants[:3], [300, 3000, 280])
    for entry in explored.provenance["origins"]:
        entry["origin"] = select.origin_text("cubic", 1, "train", "run", 0.1, 0.4)
    recipes.energies = 11 * (constants - 5.3) ** 2
    explored.energies = 11 * ((constants[:3] - 5.3) ** 2 + [0, 0, 5])
    with caplog.at_level("INFO"):
        kept = learning.plausible([recipes, explored])
    assert [len(system) for system in kept] == [10, 1]
    assert np.allclose(kept[1].cells, explored.cells[:1])
    assert "dropped, 3000 GPa: cubic_md generation=1" in caplog.text
    # three frames have no trend of their own: that of the data set which grows shows which one is off
    assert [len(system) for system in learning.plausible([explored])] == [2]
    assert [len(system) for system in learning.plausible([explored], [recipes])] == [1]


def test_loop_goes_on_from_the_data_set_that_one_has_left(tmp_path, prototype):
    left = labelled(prototype, np.linspace(4.8, 5.4, 5), np.linspace(300, 80, 5))
    left.name = "cubic_md_H10La"
    left.provenance["settings"] = {"cutoff": 500}
    for number, entry in enumerate(left.provenance["origins"]):
        entry.update(generation=number // 2, part="test" if number == 3 else "train")
    write_deepmd(left, tmp_path / "left" / left.name)
    frame = primitive_cell(prototype, 5.05)
    new = {
        "energy": 0.0, "forces": np.zeros((11, 3)).tolist(), "virial": np.eye(3).tolist(), "cell": frame.cell.tolist(),
        "positions": frame.positions.tolist(), "symbols": frame.get_chemical_symbols(),
        "origin": select.origin_text("cubic", 3, "train", "run", 0.1, 0.4),
    }  # fmt: skip
    document = {"software": {}, "settings": {"cutoff": 500}, "frames": [new]}
    (tmp_path / "0.json").write_text(json.dumps(document))
    systems = learning.gather([tmp_path / "0.json"], tmp_path / "left", SPECIES)
    (system,) = systems
    assert len(system) == 6 and np.allclose(system.cells[-1], frame.cell.array)
    train, test = learning.separate(systems, 0.5, 1)
    assert sum(map(len, train)) == 5 and np.allclose(test[0].cells, left.cells[3:4])
    generations = [entry["generation"] for system in train for entry in system.provenance["origins"]]
    assert sorted(generations) == [0, 0, 1, 2, 3]
    # the next loop begins where this one ended, and trains its predecessors on what they were trained on
    assert learning.generations_within(tmp_path / "left") == 2
    early, early_test = learning.up_to(1, train, test)
    assert sum(map(len, early)) == 3 and sum(map(len, early_test)) == 1
    (tmp_path / "0.json").write_text(json.dumps({**document, "settings": {"cutoff": 400}}))
    with pytest.raises(DatasetError, match="other settings"):
        learning.gather([tmp_path / "0.json"], tmp_path / "left", SPECIES)


def test_a_data_set_without_generations_cannot_grow(tmp_path, prototype):
    with pytest.raises(DatasetError, match="no system"):
        learning.generations_within(tmp_path)
    left = labelled(prototype, np.linspace(4.8, 5.4, 5), np.linspace(300, 80, 5))
    write_deepmd(left, tmp_path / left.name)
    with pytest.raises(DatasetError, match="provenance.json: no generation of each frame"):
        learning.generations_within(tmp_path)


def test_no_frames_are_written_and_read(tmp_path, prototype):
    path = tmp_path / "frames.extxyz"
    write_structures([], path)
    assert read_structures(path) == []
    frame = conventional_cell(prototype, 5.0)
    frame.info["origin"] = select.origin_text("cubic", 2, "test", "03-cubic", 0.1234, 0.5)
    write_structures([frame], path)
    (back,) = read_structures(path)
    assert np.allclose(back.positions, frame.positions)
    assert learning.origin_value(back.info["origin"], "part", "") == "test"
    assert learning.origin_value(back.info["origin"], "generation", "0") == "2"


def test_marked_frames_are_the_test_split(prototype):
    system = labelled(prototype, np.linspace(4.8, 5.4, 4), np.linspace(300, 80, 4))
    with pytest.raises(DatasetError, match="marked"):
        split([system], "marked")
    for entry, part in zip(system.provenance["origins"], ("train", "test", "test", "train"), strict=True):
        entry["part"] = part
    train, test = split([system, system.take([1, 2])], "marked")
    assert [len(s) for s in train] == [2] and [len(s) for s in test] == [2, 2]
