"""The LAMMPS engine on one conventional cell: exact continuation, energy conservation, constant pressure, clear refusals."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from ase import units
from crystals import lah10
from specifications import specification
from waiting import wait_for

from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.lammps.box import restricted_cell
from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.lammps.kinetics import follow
from qcrystal.dynamics.lammps.probes import lanczos_maximum
from qcrystal.dynamics.spec import RunError
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.io.tables import read_table
from qcrystal.processes import supervise
from qcrystal.units import AMU_A2_PS2, oscillator_energy

pytestmark = pytest.mark.engine

# Stands in for the worker: fails like a killed process in the middle between the checkpoints of step 40 and 60.
BROKEN_WORKER = """
import sys
from qcrystal.dynamics.lammps import worker as lammps_worker

class Broken(lammps_worker.Simulation):
    def _to_next_checkpoint(self):
        if self.step >= 40:
            self._advance(5)
            self._sample()
            raise RuntimeError("broken off")
        super()._to_next_checkpoint()

lammps_worker.Simulation = Broken
sys.exit(lammps_worker.main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def structure():
    return lah10(5.1)


def test_restricted_cell_keeps_lengths_and_angles():
    cell = np.random.default_rng(0).normal(size=(3, 3)) + 3.0 * np.eye(3)
    restricted, rotation = restricted_cell(cell)
    assert restricted == pytest.approx(cell @ rotation, abs=1e-12)
    assert restricted @ restricted.T == pytest.approx(cell @ cell.T, abs=1e-12)
    assert np.triu(restricted, 1) == pytest.approx(0.0, abs=1e-12)
    assert (np.diag(restricted) > 0).all()


def test_lanczos_finds_the_largest_eigenvalue():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(40, 40))
    matrix = matrix @ matrix.T
    largest = lanczos_maximum(lambda v: matrix @ v, rng.normal(size=40), 16)
    assert largest == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-3)


@pytest.mark.parametrize(("matrix", "largest"), [(np.zeros((3, 3)), 0.0), (np.diag([2.0, 2.0, 5.0]), 5.0)])
def test_lanczos_ends_where_there_is_nothing_new(matrix, largest):
    """More iterations than directions, and a matrix that leads nowhere."""
    found = lanczos_maximum(lambda v: matrix @ v, np.array([1.0, 0.5, -2.0]), 16)
    assert found == pytest.approx(largest, abs=1e-12)


def test_virial_kinetic_energy_of_oscillators_is_their_potential_energy():
    """2, 4 and 8 THz under friction of 20/ps, positions measured from where `follow` sees them: -<(r - r0)·F>/2 = <k r²>/2.

    Within 0.5 %: statistics make up 0.1 % at 2 THz (200 atoms for 30 ps), and 0.2 % of bias is expected there. With one
    running mean of the same memory, 2 ps, it is 6 % low.
    """
    natural = np.repeat([2.0, 4.0, 8.0], 200)
    bath = ThermalBath(Bath(gamma=20.0, cutoff=40.0), 300.0, 2.0, np.full(600, 138.905), 4)
    constant = (2.0 * np.pi * natural)[:, None] ** 2
    deviation = np.sqrt(oscillator_energy(natural, 300.0) / (138.905 * AMU_A2_PS2))[:, None]
    position = np.random.default_rng(0).normal(size=(600, 3)) * deviation / np.sqrt(constant)
    velocity, means = np.zeros((600, 3)), np.zeros((2, 600, 3))
    virial, single, potential = np.zeros((3, 600))
    h, every = bath.timestep, 5
    for step in range(1, 20001):
        velocity = velocity - 0.5 * h * constant * position
        position = position + h * velocity
        velocity = bath.kick(step, velocity - 0.5 * h * constant * position)
        if step % every == 0:
            if step > 5000:
                virial += ((position - means[1]) * constant * position).sum(1)
                single += ((position - means[0]) * constant * position).sum(1)
                potential += (constant * position**2).sum(1)
            means = follow(means, position, 1.0 - np.exp(-every * h / 2.0))
    virial, single, potential = (values.reshape(3, 200).sum(1) for values in (virial, single, potential))
    assert virial / potential == pytest.approx(np.ones(3), abs=5e-3)
    assert single[0] / potential[0] == pytest.approx(1.0 - 20.0 / ((4.0 * np.pi) ** 2 * 2.0), abs=0.01)


def test_split_run_is_the_continuous_run(structure, released_model, tmp_path, monkeypatch):
    """An adaptive run at 5 K and constant pressure: friction, noise, cell, records and adaptation all continue."""
    spec = specification(method="adqtb", temperature=5, bath=Bath(segment=0.01))
    lammps.run(spec, structure, released_model, tmp_path / "whole")
    break_off(spec, structure, released_model, tmp_path / "split", monkeypatch)
    lammps.run(spec, structure, released_model, tmp_path / "split")
    timing = json.loads((tmp_path / "split/timing.json").read_text())
    assert timing["resumed_at"] == 40
    whole, split = (Trajectory(tmp_path / name / "trajectory.h5") for name in ("whole", "split"))
    assert split.step.tolist() == list(range(0, 61, 5))
    assert np.array_equal(whole.positions, split.positions)
    assert split.cell == pytest.approx(whole.cell, rel=1e-12)
    first, second = (read_table(tmp_path / name / "thermo.csv", "thermo") for name in ("whole", "split"))
    # a pressure component near zero is a difference of large terms: absolute 1e-9 GPa
    assert second.to_numpy() == pytest.approx(first.to_numpy(), rel=1e-12, abs=1e-9)


def test_paths_beyond_ascii(structure, released_model, tmp_path, monkeypatch):
    """Letters that LAMMPS's commands do not take, a quote and a space, in the paths of the potential and of the run."""
    odd = tmp_path / 'é "ü" ö'
    odd.mkdir()
    model = odd / "ä model.pb"
    model.symlink_to(released_model)
    monkeypatch.chdir(tmp_path)
    spec = specification()
    lammps.run(spec, structure, released_model, tmp_path / "plain")
    folder = (odd / "å run").relative_to(tmp_path)
    break_off(spec, structure, model, folder, monkeypatch)
    lammps.run(spec, structure, model, folder)
    assert json.loads((folder / "timing.json").read_text())["resumed_at"] == 40
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.json",
        "thermo.csv",
        "timing.json",
        "trajectory.h5",
    ]
    plain, other = (Trajectory(path / "trajectory.h5") for path in (tmp_path / "plain", folder))
    assert np.array_equal(plain.positions, other.positions)


def replace_worker(patch, code):
    """Let runs start ``code`` in place of the worker."""
    patch.setattr(lammps, "supervise", lambda c, **k: supervise([*c[:2], "-c", code, *c[4:]], **k))


def break_off(spec, structure, model, folder, monkeypatch):
    """Let a run fail after step 40."""
    with monkeypatch.context() as patch:
        replace_worker(patch, BROKEN_WORKER)
        with pytest.raises(RunError, match="broken off"):
            lammps.run(spec, structure, model, folder)


def halve(path):
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path):
    path.write_bytes(b"\x89\xff\0\xfe" * 100)


def lose_a_row(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:4] + lines[5:]))


def edit_a_digit(path):
    """One digit of a sample before the checkpoint; the table stays as long as it is."""
    text = path.read_text()
    at = text.index(".", text.index("\n10,")) + 3
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


def move_an_atom(path):
    with h5py.File(path, "a") as file:
        file["particles/all/position/value"][2, 5, 0] += 0.01


def rename_an_atom(path):
    with h5py.File(path, "a") as file:
        file["particles/all/species"][5] = b"D"


CHANGED = "changed since the checkpoint of step 40"


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("checkpoint.restart", halve, "damaged"),
        ("bath-40.npz", halve, "damaged"),
        ("bath-40.npz", overwrite, "damaged"),
        ("start_properties.json", halve, CHANGED),
        ("thermo.csv.partial", overwrite, CHANGED),
        ("thermo.csv.partial", lose_a_row, CHANGED),
        ("thermo.csv.partial", edit_a_digit, CHANGED),
        ("trajectory.h5.partial", halve, CHANGED),
        ("trajectory.h5.partial", move_an_atom, CHANGED),
        ("trajectory.h5.partial", rename_an_atom, CHANGED),
    ],
)
def test_damaged_checkpoint_is_named_and_the_run_starts_again(
    structure, released_model, tmp_path, monkeypatch, caplog, name, damage, words
):
    spec = specification(ensemble="nvt")
    break_off(spec, structure, released_model, tmp_path, monkeypatch)
    damage(tmp_path / name)
    lammps.run(spec, structure, released_model, tmp_path)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [f"{tmp_path / name}: {words}; the run starts again from its beginning"]
    assert json.loads((tmp_path / "timing.json").read_text())["resumed_at"] == 0
    assert read_table(tmp_path / "thermo.csv", "thermo")["step"].tolist() == list(range(0, 61, 5))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.json",
        "thermo.csv",
        "timing.json",
        "trajectory.h5",
    ]


def test_a_torn_row_does_not_come_back(structure, released_model, tmp_path, monkeypatch):
    """The last line of the table, of a later step, is cut to the digits of an early one; the table of the run has no gap."""
    spec = specification(ensemble="nvt")
    break_off(spec, structure, released_model, tmp_path, monkeypatch)
    with (tmp_path / "thermo.csv.partial").open("a") as table:
        table.write("5")
    lammps.run(spec, structure, released_model, tmp_path)
    thermo = read_table(tmp_path / "thermo.csv", "thermo")
    assert thermo["step"].tolist() == list(range(0, 61, 5))
    assert thermo.notna().all().all()


def test_two_threads_make_the_trajectory_of_one(structure, released_model, tmp_path):
    """To the last bit: adaptive bath, flexible cell, checkpoints on the way."""
    spec = specification(method="adqtb", temperature=5, steps=40, bath=Bath(segment=0.01))
    for cores in (1, 2):
        lammps.run(spec, structure, released_model, tmp_path / str(cores), cores)
    one, two = (Trajectory(tmp_path / name / "trajectory.h5") for name in ("1", "2"))
    assert np.array_equal(two.positions, one.positions)
    assert np.abs(one.positions - one.positions[0]).max() > 0.1
    first, second = (read_table(tmp_path / name / "thermo.csv", "thermo") for name in ("1", "2"))
    assert first.equals(second)


def test_two_ranks_make_the_trajectory_of_one(structure, released_model, tmp_path):
    """Adaptive bath, flexible cell, a checkpoint and a new segment on the way; two processes own half of the atoms each.

    The potential computes in single precision, whose 1e-7 of forces of 10 eV/Å moves a proton by 1e-10 Å in the first step;
    40 steps multiply that by less than 1000.
    """
    spec = specification(engine="deepmd", method="adqtb", temperature=5, steps=40, bath=Bath(segment=0.01))
    for ranks in (1, 2):
        lammps.run(spec, structure, released_model, tmp_path / str(ranks), ranks)
    one, two = (Trajectory(tmp_path / name / "trajectory.h5") for name in ("1", "2"))
    assert two.step.tolist() == one.step.tolist() == list(range(0, 41, 5))
    assert two.positions == pytest.approx(one.positions, abs=1e-6)
    assert np.abs(one.positions - one.positions[0]).max() > 0.1
    first, second = (read_table(tmp_path / name / "thermo.csv", "thermo") for name in ("1", "2"))
    assert second.to_numpy() == pytest.approx(first.to_numpy(), rel=1e-4, abs=1e-3)
    reports = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("1", "2")]
    corrected = [report["kinetic_energy_corrected"]["H"] for report in reports]
    assert corrected[1] == pytest.approx(corrected[0], rel=1e-3)


def test_a_failure_of_ranks_is_one_line(structure, released_model, tmp_path):
    with pytest.raises(RunError, match="timestep 3 fs is too long") as error:
        lammps.run(specification(timestep=3.0), structure, released_model, tmp_path, 2)
    assert "\n" not in str(error.value)


def test_job_of_other_bytes_is_another_job(tmp_path):
    files = Files(tmp_path)
    overwrite(files.job)
    files.checkpoint.touch()
    files.prepare({"steps": 20})
    assert json.loads(files.job.read_text()) == {"steps": 20} and not files.checkpoint.exists()


@pytest.mark.parametrize("lost", ["trajectory.h5", "thermo.csv", "report.json"])
def test_run_killed_while_it_finished(structure, released_model, tmp_path, monkeypatch, lost):
    """Outputs in place, checkpoint still there, and a file lost since: samples are made again, a report is not a run."""
    spec = specification(ensemble="nvt", steps=20, checkpoint_every=10)
    with monkeypatch.context() as patch:
        patch.setattr(Files, "clear", lambda files: None)
        lammps.run(spec, structure, released_model, tmp_path)
    assert (tmp_path / "checkpoint.restart").is_file() and not list(tmp_path.glob("*.partial"))
    before = Trajectory(tmp_path / "trajectory.h5").positions
    (tmp_path / lost).unlink()
    lammps.run(spec, structure, released_model, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.json",
        "thermo.csv",
        "timing.json",
        "trajectory.h5",
    ]
    assert json.loads((tmp_path / "timing.json").read_text())["resumed_at"] == (20 if lost == "report.json" else 0)
    assert np.array_equal(Trajectory(tmp_path / "trajectory.h5").positions, before)
    assert read_table(tmp_path / "thermo.csv", "thermo")["step"].tolist() == [0, 5, 10, 15, 20]


def test_run_that_does_not_settle_keeps_what_it_has(structure, released_model, tmp_path, monkeypatch):
    """The judgement itself is tested elsewhere; here its worker is told to be impatient and strict."""
    impatient = """
import sys
from qcrystal.dynamics.lammps import worker as lammps_worker
from qcrystal.dynamics import watch
watch.SETTLING, watch.WINDOW, watch.TOLERANCE = 0.01, 0.005, 0.0
sys.exit(lammps_worker.main(*sys.argv[1:]))
"""
    replace_worker(monkeypatch, impatient)
    with pytest.raises(RunError, match=r"not the 150 GPa that were set.*step 20") as error:
        lammps.run(specification(), structure, released_model, tmp_path)
    assert "\n" not in str(error.value)
    assert read_table(tmp_path / "thermo.csv.partial", "thermo")["step"].tolist() == [0, 5, 10, 15, 20]


def test_run_that_heats_away_stops_in_one_line(structure, released_model, tmp_path, monkeypatch):
    """The judgement is tested elsewhere; here a worker is told that half of what is due is too hot."""
    strict = """
import sys
from qcrystal.dynamics.lammps import worker as lammps_worker
from qcrystal.dynamics import watch
watch.HEAT_WINDOW, watch.HEAT_SAMPLES, watch.HOT = 0.01, 2, (0.2, 0.0)
sys.exit(lammps_worker.main(*sys.argv[1:]))
"""
    replace_worker(monkeypatch, strict)
    with pytest.raises(
        RunError, match=r"(La|H) had \d+ K on average .* the run heats away \(step 20, 0.010 ps\)"
    ) as error:
        lammps.run(specification(), structure, released_model, tmp_path)
    assert "\n" not in str(error.value)
    assert (tmp_path / "thermo.csv.partial").is_file()


@pytest.mark.parametrize(
    "lost", [(), ("trajectory.h5",), ("thermo.csv.partial",), ("trajectory.h5", "thermo.csv.partial")]
)
def test_checkpoint_needs_its_samples(tmp_path, lost):
    """Killed between the two renames: one file whole, the other one partial."""
    files, job = Files(tmp_path), {"steps": 20}
    files.prepare(job)
    for name in ("checkpoint.restart", "bath-20.npz", "trajectory.h5", "thermo.csv.partial"):
        (tmp_path / name).touch()
    for name in lost:
        (tmp_path / name).unlink()
    files.prepare(job)
    assert files.job.is_file()
    assert files.checkpoint.exists() == files.bath(20).exists() == (not lost)


def test_energy_is_conserved_without_bath(structure, released_model, tmp_path):
    """Drift below 0.1 meV/atom in 50 fs at 0.25 fs (single-precision potential); the bath is off (γ = 1e-9 /ps)."""
    spec = specification(ensemble="nvt", timestep=0.25, steps=200, checkpoint_every=200, bath=Bath(gamma=1e-9))
    lammps.run(spec, structure, released_model, tmp_path)
    thermo = read_table(tmp_path / "thermo.csv", "thermo")
    # the table's kinetic energies hold 3kT/2 of the crystal's motion as a whole, which is at rest here
    symbols, masses = np.array(structure.get_chemical_symbols()), {"La": 138.905, "H": 1.008}
    count = {s: (symbols == s).sum() for s in masses}
    whole = sum(count[s] * masses[s] for s in masses)
    rest = {s: 1.5 * units.kB * 300.0 * masses[s] / whole for s in masses}
    kinetic = sum(count[s] * (thermo[f"kinetic_{s}"] - rest[s]) for s in masses)
    total = (thermo["potential_energy"] + kinetic).to_numpy() / len(structure)
    assert abs(total[-10:].mean() - total[:10].mean()) < 1e-4
    assert total.std() < 1e-3 * thermo["kinetic_energy"].max()


def test_constant_pressure_run_leaves_its_files(structure, released_model, tmp_path):
    """A quantum bath at 0 K on a tilted cell: zero-point motion, unwrapped positions, cell and pressure consistent."""
    tilted = structure.copy()
    tilted.set_cell(structure.cell.array @ np.array([[1, 0.02, 0], [0, 1, 0.01], [0.01, 0, 1]]), scale_atoms=True)
    lammps.run(specification(method="qtb", temperature=0, steps=100), tilted, released_model, tmp_path)
    trajectory, thermo = Trajectory(tmp_path / "trajectory.h5"), read_table(tmp_path / "thermo.csv", "thermo")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.json",
        "thermo.csv",
        "timing.json",
        "trajectory.h5",
    ]
    assert trajectory.step.tolist() == thermo["step"].tolist() == list(range(0, 101, 5))
    assert trajectory.cell[0] @ trajectory.cell[0].T == pytest.approx(tilted.cell.array @ tilted.cell.array.T, abs=1e-9)
    assert np.linalg.det(trajectory.cell) == pytest.approx(thermo["volume"].to_numpy())
    assert np.abs(np.diff(trajectory.positions, axis=0)).max() < 0.5
    diagonal = thermo[["pxx", "pyy", "pzz"]].mean(axis=1)
    assert diagonal.to_numpy() == pytest.approx(thermo["pressure"].to_numpy(), rel=1e-6)
    # from the first step on the pressure is that of the potential and 2K/3V (single-precision virials: 1e-4 GPa)
    motion = 2.0 * thermo["kinetic_energy"] / (3.0 * thermo["volume"]) / units.GPa
    start = json.loads((tmp_path / "report.json").read_text())["start"]
    assert motion[0] > 1.0
    assert thermo["pressure"][0] - motion[0] == pytest.approx(start["static_pressure"], abs=1e-3)
    kinetic = 4 * thermo["kinetic_La"] + 40 * thermo["kinetic_H"]
    assert kinetic.to_numpy() == pytest.approx(thermo["kinetic_energy"].to_numpy())
    momentum = trajectory.masses @ np.diff(trajectory.positions, axis=0)[0]
    assert np.abs(momentum).max() < 1e-3 * trajectory.masses.sum()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["temperature"]["H"] > 300.0
    assert 40.0 < report["start"]["max_frequency"] < 80.0


@pytest.mark.parametrize("mass", [0.0, -1.0, float("nan"), float("inf")])
def test_a_mass_that_is_none_is_refused(structure, released_model, tmp_path, mass):
    spec = specification(masses={"La": 138.905, "H": mass})
    with pytest.raises(RunError, match=f"run test: mass of H is {mass:g} u; give a positive one"):
        lammps.run(spec, structure, released_model, tmp_path)


def test_a_single_atom_is_refused(structure, released_model, tmp_path):
    with pytest.raises(RunError, match="run test: 1 atom, which a bath without net force cannot move"):
        lammps.run(specification(), structure[:1], released_model, tmp_path)


def test_missing_potential_is_refused(structure, tmp_path):
    with pytest.raises(RunError, match=r"there is no potential .*missing\.pb"):
        lammps.run(specification(), structure, tmp_path / "missing.pb", tmp_path)


def test_unusable_potential_is_refused(structure, tmp_path):
    (tmp_path / "model.pb").write_bytes(b"not a graph")
    with pytest.raises(RunError, match="run test") as error:
        lammps.run(specification(), structure, tmp_path / "model.pb", tmp_path / "run")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timestep": 3.0}, "timestep 3 fs is too long"),
        ({"method": "qtb", "bath": Bath(cutoff=40)}, "bath cutoff 40 THz"),
        ({"method": "qtb", "bath": Bath(cutoff=800)}, "bath cutoff 800 THz is too high .* take 636 THz or less"),
    ],
)
def test_unsuitable_steps_are_refused(structure, released_model, tmp_path, changes, message):
    with pytest.raises(RunError, match=message):
        lammps.run(specification(**changes), structure, released_model, tmp_path)


def test_collapsed_atoms_stop_the_run(structure, released_model, tmp_path):
    collapsed = structure.copy()
    collapsed.positions[5] = collapsed.positions[6] + 0.1
    with pytest.raises(RunError, match="closer than"):
        lammps.run(specification(), collapsed, released_model, tmp_path)


@pytest.mark.parametrize("ranks", [1, 2])
def test_worker_ends_with_its_parent(structure, released_model, tmp_path, ranks):
    """A run killed outright leaves no process behind, and a checkpoint from which it goes on."""
    parent = started(
        specification(ensemble="nvt", steps=4000, checkpoint_every=5), structure, released_model, tmp_path, ranks
    )
    wait_for((tmp_path / "run/checkpoint.restart").is_file, seconds=60)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    time.sleep(1.0)
    wait_for(lambda: not still_growing(tmp_path / "run/thermo.csv.partial"), seconds=10)
    assert not (tmp_path / "run/report.json").exists()


def started(spec, structure, model, folder, ranks=1):
    """A run in ``folder / "run"`` by a process of its own."""
    structure.write(folder / "start.json")
    (folder / "spec.json").write_text(spec.model_dump_json())
    code = (
        "import logging, sys; from pathlib import Path; from ase.io import read\n"
        "from qcrystal.dynamics.lammps import launcher as lammps; from qcrystal.dynamics.spec import RunSpec\n"
        "logging.basicConfig(level=logging.INFO, stream=sys.stdout)\n"
        f"base = Path({str(folder)!r}); spec = RunSpec.model_validate_json((base / 'spec.json').read_text())\n"
        f"lammps.run(spec, read(base / 'start.json'), Path({str(model)!r}), base / 'run', {ranks})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(lammps.Path(lammps.__file__).parents[3])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def test_run_that_is_asked_to_end_stops_at_its_next_checkpoint(structure, released_model, tmp_path):
    """SIGTERM to the run and its worker at once, as a cluster does it: nothing is lost, the end is that of an unbroken run."""
    spec = specification(method="qtb", steps=1200, sample_every=50, checkpoint_every=400)
    process = started(spec, structure, released_model, tmp_path)
    run = tmp_path / "run"
    wait_for((run / "checkpoint.restart").is_file, seconds=60)
    time.sleep(0.2)  # on the way from step 400 to step 800
    (worker,) = map(int, lammps.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
    for each in (worker, process.pid):
        os.kill(each, signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    told = re.search(
        "asked to end, stopped at the checkpoint of step (400|800);", output
    )  # 400 where it is only just there
    assert told
    lammps.run(spec, structure, released_model, run)
    assert json.loads((run / "timing.json").read_text())["resumed_at"] == int(told.group(1))
    lammps.run(spec, structure, released_model, tmp_path / "whole")
    first, second = (Trajectory(folder / "trajectory.h5") for folder in (run, tmp_path / "whole"))
    assert np.array_equal(first.positions, second.positions)


def still_growing(path):
    size = path.stat().st_size
    time.sleep(1.0)
    return path.stat().st_size > size
