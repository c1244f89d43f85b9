"""Training with checkpoints, files that are handed on, and bad input; all with a potential that costs nothing."""

import os
import shutil
import signal

import jax
import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from model_crystals import specification, two_atoms
from scipy.optimize import minimize_scalar
from snakemake_stand_in import Job

from qcrystal.analysis.rdf import partial_rdfs
from qcrystal.crystal.prototype import Prototype
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.files import write_whole
from qcrystal.io.tables import write_table
from qcrystal.variational import checkpoints, jobs
from qcrystal.variational.basis import phonon_basis, thermal_energy
from qcrystal.variational.crystal import check_rest, crystal_basis, read_basis, shaped_prototype
from qcrystal.variational.energies import DeepEnergies, Energies
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimators import antithetic, draw, estimate
from qcrystal.variational.gibbs import gibbs_energy, gibbs_table
from qcrystal.variational.measuring import measure, write_samples
from qcrystal.variational.observables import observables
from qcrystal.variational.training import Training, given_of, read_weights, spec_state, write_weights

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def crystal():
    return two_atoms()


def test_a_training_that_is_asked_to_end_goes_on_to_the_last_digit(crystal, tmp_path):
    basis, potential = crystal
    whole, weights = Training(specification(), basis, potential, tmp_path / "whole", "x").run()
    calls = []

    def interrupted(positions, cell):
        calls.append(len(positions))
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return potential(positions, cell)

    with pytest.raises(VariationalError, match=r"asked to end, stopped at step \d of \w+; start again to go on"):
        Training(specification(), basis, interrupted, tmp_path / "again", "x").run()
    again, other = Training(specification(), basis, potential, tmp_path / "again", "x").run()
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    assert all(map(np.array_equal, jax.tree.leaves(other), jax.tree.leaves(weights)))
    with pytest.raises(VariationalError, match="potential and basis is 'x', this run's is 'y'; delete it"):
        Training(specification(), basis, potential, tmp_path / "again", "y").run()
    with pytest.raises(VariationalError, match="temperature is 300.0, this run's is 100.0"):
        Training(specification(temperature=100.0), basis, potential, tmp_path / "again", "x").run()
    (tmp_path / "again" / "scha.npz").write_bytes(b"half")
    with pytest.raises(VariationalError, match="scha.npz: damaged"):
        Training(specification(), basis, potential, tmp_path / "again", "x").run()


@pytest.mark.parametrize("damage", [lambda whole: whole[:-20], lambda whole: whole[:10], lambda whole: b"", "flipped"])
def test_a_damaged_checkpoint_is_named_in_one_line(tmp_path, damage):
    """A disk that was full, or a copy that was broken off, leaves half an archive."""
    path, tree = tmp_path / "scha.npz", {"scale": np.ones(500)}
    checkpoints.save(path, tree, {"seed": 1})
    whole = path.read_bytes()
    flipped = whole[:1500] + bytes([whole[1500] ^ 1]) + whole[1501:]
    path.write_bytes(flipped if damage == "flipped" else damage(whole))
    with pytest.raises(VariationalError, match=r"scha.npz: damaged \(.*\); delete it to begin anew"):
        checkpoints.load(path, tree, {"seed": 1})


def test_a_training_that_other_code_began_does_not_go_on(crystal, tmp_path, monkeypatch, capsys):
    """The script refuses in one line; what the same code began ends with the very files of the training alone."""
    basis, potential = crystal
    spec, folder = specification(), tmp_path / "one"
    monkeypatch.setattr(jobs, "opened", lambda *_: jobs.Task(spec, basis, ["La", "H"], 0.0, potential, "x"))
    task = Job(tmp_path, "variational/train")
    task.input |= {"basis": "", "model": ""}
    task.output |= {"weights": str(folder / "weights.npz"), "table": str(folder / "training.csv")}
    task.params |= {"specification": {}, "code": "a" * 16}
    write_whole(folder / "training/begun-by", "b" * 16)
    write_whole(folder / "training/occupations.npz", "samples of other code")
    task.fails([f"{folder}/training: begun by other code (bbbbbbbbbbbbbbbb, today aaaaaaaaaaaaaaaa)"], capsys)
    shutil.rmtree(folder)
    task.run()
    table, weights = Training(spec, basis, potential, tmp_path / "alone", "x").run()
    write_table(table.assign(run=spec.run), tmp_path / "training.csv", "nct_training")
    write_weights(tmp_path / "weights.npz", spec, basis, "x", weights)
    for name in ("training.csv", "weights.npz"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes()
    assert not (folder / "training").exists()


def test_a_level_that_its_training_made_worse_keeps_its_start(crystal, tmp_path, caplog):
    """Each level contains the one before it. Steps that are far too long must not raise F."""
    basis, potential = crystal
    spec = specification(level="scha", rate=1.0, steps=4)
    with caplog.at_level("WARNING"):
        table, weights = Training(spec, basis, potential, tmp_path, "x").run()
    assert "training of scha raised F by" in caplog.text and "lower nct.rate" in caplog.text
    assert table.groupby("level")["step"].max().to_dict() == {"occupations": 4, "scha": 4}
    draws, given = antithetic(512, len(basis.energies), 99), given_of(spec, basis)
    found = []
    for level in ("occupations", "scha"):
        samples = draw(spec_state(spec, basis, level), weights[level], given, basis, potential, draws)
        found.append(observables(samples, basis, thermal_energy(spec.temperature)).local_free_energy)
    change = estimate(found[1] - found[0], draws)
    assert change.value < 3 * change.error + 1e-7  # eV; training itself raised F by 0.3 meV/atom


def test_what_is_measured_keeps_to_its_schema_and_samples_are_a_trajectory(crystal, tmp_path, caplog):
    basis, potential = crystal
    spec = specification()
    _, weights = Training(spec, basis, potential, tmp_path, "x").run()
    write_weights(tmp_path / "weights.npz", spec, basis, "x", weights)
    read = read_weights(tmp_path / "weights.npz", spec, basis, "x")
    with caplog.at_level("INFO"):
        summary, samples, report = measure(spec, basis, ["La", "H"], -1.5, potential, read)
    few = f"64 samples of {len(basis.energies)} phonons are too few for control variates"
    assert (few in caplog.text) == (64 < 16 * len(basis.energies))
    write_table(summary, tmp_path / "summary.csv", "nct_summary")
    assert summary["level"].tolist() == ["harmonic", "occupations", "scha"]
    assert report["refused"] == [] and report["samples"] == 64
    parts = summary.iloc[-1]
    heat = units.kB * 300 * parts["entropy"] * 1e3
    assert parts["free_energy"] == pytest.approx(parts["potential_energy"] + parts["kinetic_energy"] - heat, abs=1e-6)
    write_samples(tmp_path / "samples.h5", spec, basis, ["La", "H"], samples)
    trajectory = Trajectory(tmp_path / "samples.h5")
    assert trajectory.positions == pytest.approx(samples.positions, abs=1e-5)  # stored in single precision
    fractional = trajectory.positions @ np.linalg.inv(basis.cell)
    assert len(partial_rdfs(fractional, trajectory.cell, trajectory.species, ["La", "H"], 3.0, 0.1)) > 0


def test_bad_input_is_one_line(tmp_path):
    prototype = Prototype(spacegroup=225, sites=[{"element": "La", "position": [0, 0, 0]}], lattice_constant=5.0)
    eos = pd.DataFrame({"lattice_constant": [4.7, 5.5]})
    with pytest.raises(
        VariationalError, match="volume 10 Å³/atom is a lattice constant of 3.42.* outside of the 4.7 to 5.5 Å"
    ):
        shaped_prototype(specification(), prototype, eos, (eos, eos))
    with pytest.raises(VariationalError, match="atom 1 at rest feels 5 meV/Å, more than 1"):
        check_rest(np.array([[0.0, 0, 0], [0, 5e-3, 0]]), "test")
    with pytest.raises(VariationalError, match="no basis"):
        read_basis(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="no mass given for H"):
        specification(masses={"La": 138.905})
    with pytest.raises(ValueError, match="either a volume or a pressure"):
        specification(pressure=100.0)


def test_a_crystal_that_is_not_cubic_has_the_volume_that_was_asked_for():
    """All three lengths are scaled alike."""
    prototype = Prototype(
        spacegroup=47, sites=[{"element": "H", "position": [0, 0, 0]}], lattice_constant=2.0, b=3.0, c=4.0
    )
    shaped = shaped_prototype(specification(volume=3.0), prototype, None, (None, None))
    assert (shaped.lattice_constant, shaped.b, shaped.c) == pytest.approx((1.0, 1.5, 2.0))


def test_weights_of_something_else_are_refused_in_one_line(crystal, tmp_path):
    """Of another level, another number of phonons, another potential, another effort: the file and both values are named."""
    basis, potential = crystal
    spec = specification()
    _, weights = Training(spec, basis, potential, tmp_path, "x").run()
    path = tmp_path / "weights.npz"
    write_weights(path, spec, basis, "x", weights)
    larger = phonon_basis(np.zeros((3, 1)), np.eye(1), [1.0, 1.0, 1.0], 3 * np.eye(3) - 1.0, 1e-3)
    for other, where, digest, message in (
        (specification(level="occupations"), basis, "x", "its level is 'scha', this run's is 'occupations'"),
        (spec, larger, "x", "its phonons is 1, this run's is 2"),
        (spec, basis, "y", "its potential and basis is 'x', this run's is 'y'"),
        (specification(steps=5), basis, "x", "its steps is 4, this run's is 5"),
    ):
        with pytest.raises(VariationalError, match=rf"weights\.npz: {message}; delete it to begin anew"):
            read_weights(path, other, where, digest)


def test_a_crystal_that_is_no_minimum_has_no_basis():
    """Springs that push: every phonon is imaginary, and the message says at which displacement."""
    cell = np.diag([2.0, 3.0, 3.0])
    atoms = Atoms("LaH", positions=[[0, 0, 0], [1.0, 0, 0]], cell=cell, pbc=True)

    def pushing(positions, _):
        away = positions - positions.mean(axis=1, keepdims=True)
        return Energies(np.zeros(len(positions)), away, np.zeros((len(positions), 3, 3)))

    with pytest.raises(VariationalError, match="run test: 3 of 3 phonons are imaginary at a displacement of 0.02 Å"):
        crystal_basis(atoms, pushing, specification())


def test_an_element_that_the_potential_does_not_know_is_named():
    class Knows:
        species = ("La", "H")

    with pytest.raises(VariationalError, match="the potential knows La, H, not Y; take one trained for this crystal"):
        DeepEnergies(Knows(), ["La", "Y"])


def test_gibbs_energies_are_legendre_transforms():
    """F = (Ω - 20)² eV/Å⁶ - 3 eV: P = -2 (Ω - 20), and G = F + PΩ by hand."""
    volume = np.array([19.6, 19.9, 20.2])
    table = pd.DataFrame(
        {
            "level": "nct", "temperature_target": 300.0, "volume": volume, "static_energy": -3.0,
            "free_energy": 1e3 * (volume - 20) ** 2, "free_energy_error": 0.1,
            "pressure": -2 * (volume - 20) / units.GPa, "pressure_error": 0.1,
        }
    )  # fmt: skip
    pressure = 0.3 / units.GPa
    found = gibbs_energy(table, pressure)
    at = 20 - 0.15
    assert found.value == pytest.approx(1e3 * ((at - 20) ** 2 - 3.0 + 0.3 * at), abs=1e-6)
    assert 0.01 < found.error < 0.2
    with pytest.raises(VariationalError, match="1000 GPa is outside of what volumes 19.600 to 20.200"):
        gibbs_energy(table, 1000.0)
    far = table.assign(free_energy=table["free_energy"] + 20.0 * (volume - 20) ** 3)
    far["pressure"] -= 60.0 * 1e-3 * (volume - 20) ** 2 / units.GPa
    two = far[far["volume"] != 19.9]  # two volumes with their slopes determine a cubic
    assert gibbs_energy(two, pressure).value == pytest.approx(gibbs_energy(far, pressure).value, abs=1e-6)
    at = minimize_scalar(
        lambda v: 1e3 * ((v - 20) ** 2 - 3.0 + 0.3 * v) + 20.0 * (v - 20) ** 3,
        bounds=(19, 20.2),
        options={"xatol": 1e-9},
    )
    assert gibbs_energy(two, pressure).value == pytest.approx(at.fun, abs=1e-6)
    write = gibbs_table(table)
    assert len(write) == 5 and (write["volumes"] == 3).all()
