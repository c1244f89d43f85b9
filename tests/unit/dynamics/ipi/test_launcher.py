"""Path-integral engine: driver against finite differences, ring-polymer formulas, files, continuation, failures."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import specifications
from ase import Atoms, units
from crystals import lah10
from scipy import constants

from qcrystal.crystal.cells import supercell
from qcrystal.dynamics.beads import beads_for
from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.dynamics.ipi import progress as watching
from qcrystal.dynamics.ipi.driver import BeadPotential, DeepPotentialDriver
from qcrystal.dynamics.ipi.input import standard_orientation
from qcrystal.dynamics.spec import RunError
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.units import THZ, oscillator_energy

pytestmark = pytest.mark.engine

POLYNOMIAL_DRIVER = Path(__file__).resolve().parents[3] / "support" / "polynomial_driver.py"


def lanthanum_decahydride(lattice_constant=4.95):
    return supercell(lah10(lattice_constant), (1, 1, 1), ["La", "H"])


def specification(**changes):
    """A short path integral of four beads."""
    values = {"run": "trial", "method": "pimd", "timestep": 0.25, "steps": 12, "sample_every": 2, "checkpoint_every": 5}
    return specifications.specification(**(values | {"beads": 4} | changes))


def toy(tmp_path, **changes):
    """Quartic oscillators of H atoms, which need no potential file: (specification, structure, model)."""
    model = tmp_path / "quartic.txt"
    model.write_text("0.05 0.2 - 0 0 0 0 0.25")
    values = {"species": ("H",), "masses": {"H": 1.008}, "ensemble": "nvt", "pressure": None}
    return specification(**(values | changes)), Atoms("H20", cell=[8.0] * 3, pbc=True), model


# --- formulas --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("safety", "error"), [(1.0, 0.106), (2.0, 0.030), (3.5, 0.010)])
def test_beads_for_leaves_the_stated_error(safety, error):
    temperature, frequency = 50.0, 60.0
    beads = beads_for(temperature, frequency, safety)
    exact = 0.5 * THZ * frequency
    assert beads % 2 == 0
    # the rounding to an even number changes the error by less than a tenth of itself at βħω = 58
    assert 1.0 - oscillator_energy(frequency, temperature, beads) / exact == pytest.approx(error, rel=0.1)


def test_standard_orientation_keeps_distances_and_rejects_left_handed_cells():
    rng = np.random.default_rng(1)
    structure = Atoms(
        "H4", cell=4.0 * np.eye(3) + rng.normal(size=(3, 3)), scaled_positions=rng.random((4, 3)), pbc=True
    )
    cell, positions = standard_orientation(structure)
    assert np.all(np.triu(cell, 1) == 0) and np.all(np.diag(cell) > 0)
    assert cell @ cell.T == pytest.approx(structure.cell.array @ structure.cell.array.T, abs=1e-10)
    assert np.linalg.solve(cell.T, positions.T).T == pytest.approx(
        structure.get_scaled_positions(wrap=False), abs=1e-10
    )
    structure.set_cell(structure.cell.array[[1, 0, 2]])
    with pytest.raises(RunError, match="right-handed"):
        standard_orientation(structure)


# --- driver ----------------------------------------------------------------------------------------------------------


class Spring(BeadPotential):
    """E = 2 eV/Å² Σ x² and a virial equal to the cell matrix (eV), to follow units and axes."""

    def evaluate(self, positions, cells):
        return 2.0 * np.sum(positions**2, axis=(1, 2)), -4.0 * positions, cells


def test_driver_converts_units_and_turns_columns_into_rows(tmp_path):
    settings = tmp_path / "driver.json"
    settings.write_text("{}")
    columns = np.array([[5.0, 1.0, 2.0], [0.0, 6.0, 3.0], [0.0, 0.0, 7.0]])
    position = np.array([[0.3, -0.2, 0.1]])
    energy, force, virial, _ = Spring(str(settings)).compute(columns, position)
    hartree, bohr = constants.value("Hartree energy in eV"), constants.value("Bohr radius") * 1e10
    assert energy == pytest.approx(2.0 * 0.14 * bohr**2 / hartree, rel=1e-6)
    assert force == pytest.approx(-4.0 * position * bohr**2 / hartree, rel=1e-6)
    assert virial == pytest.approx(columns.T * bohr / hartree, rel=1e-6)


@pytest.fixture(scope="module")
def crystal_driver(released_model, tmp_path_factory):
    """Driver, cell (rows) and displaced positions in Bohr."""
    structure = lanthanum_decahydride()
    settings = tmp_path_factory.mktemp("driver") / "driver.json"
    settings.write_text(
        json.dumps({"model": str(released_model), "species": structure.get_chemical_symbols(), "engine": "native"})
    )
    positions = structure.positions + np.random.default_rng(1).normal(scale=0.08, size=(len(structure), 3))
    return DeepPotentialDriver(str(settings)), structure.cell.array / units.Bohr, positions / units.Bohr


def batch_energies(driver, cells, positions):
    return np.array([result[0] for result in driver.compute([c.T for c in cells], list(positions))])


def test_virial_is_minus_the_derivative_of_the_energy_with_strain(crystal_driver):
    """Strain 1e-3: a net in single precision has noise of 1e-5 eV, which 1e-4 would turn into 6e-4 of the pressure."""
    driver, cell, positions = crystal_driver
    strain = 1e-3
    steps = np.eye(9).reshape(9, 3, 3)
    gradients = [np.eye(3) + sign * strain * step for step in steps for sign in (1, -1)]
    energies = batch_energies(driver, [cell @ g.T for g in gradients], [positions @ g.T for g in gradients])
    virial = -(energies[0::2] - energies[1::2]).reshape(3, 3) / (2.0 * strain)
    found = driver.compute(cell.T, positions)[2]
    assert found == pytest.approx(virial, abs=5e-4 * np.trace(found) / 3.0)
    assert np.trace(found) > 0, "a compressed crystal pushes outwards"


def test_force_is_minus_the_derivative_of_the_energy(crystal_driver):
    """Displacement 0.01 Å: truncation and single-precision noise are both about 5e-4 eV/Å there."""
    driver, cell, positions = crystal_driver
    step = 0.01 / units.Bohr
    chosen = [(0, 0), (5, 1), (20, 2), (40, 0)]
    moved = []
    for atom, axis in chosen:
        for sign in (1, -1):
            trial = positions.copy()
            trial[atom, axis] += sign * step
            moved.append(trial)
    energies = batch_energies(driver, [cell] * len(moved), moved)
    force = -(energies[0::2] - energies[1::2]) / (2.0 * step)
    found = [driver.compute(cell.T, positions)[1][index] for index in chosen]
    assert found == pytest.approx(force, abs=3e-3 * units.Bohr / units.Hartree)


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crystal_run(released_model, tmp_path_factory):
    """A short run at constant pressure, its working files kept: (specification, structure, folder)."""
    folder = tmp_path_factory.mktemp("crystal")
    spec, structure = specification(), lanthanum_decahydride()
    structure.positions += 9.0  # some atoms start outside the cell
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ipi.shutil, "rmtree", lambda *args, **kwargs: None)
        ipi.run(spec, structure, released_model, folder, max_frequency=60.0)
    return spec, structure, folder


def test_run_leaves_the_tables_that_every_engine_leaves(crystal_run):
    spec, structure, folder = crystal_run
    thermo = pd.read_csv(folder / "thermo.csv")
    columns = "step,time,potential_energy,kinetic_energy,temperature,pressure,volume,pxx,pyy,pzz,pyz,pxz,pxy,"
    columns += "cxx,cxy,cxz,cyx,cyy,cyz,czx,czy,czz,kinetic_La,kinetic_H"
    assert list(thermo.columns) == columns.split(",")
    assert list(thermo["step"]) == [0, 2, 4, 6, 8, 10, 12]
    assert thermo["time"].iloc[-1] == pytest.approx(12 * 0.25e-3)
    # i-PI draws thermal momenta and starts with all beads on the centroid: 3/2 kT per atom, exactly
    assert thermo["temperature"].iloc[0] == pytest.approx(300.0, rel=1e-9)
    by_species = 4 * thermo["kinetic_La"] + 40 * thermo["kinetic_H"]
    assert by_species.to_numpy() == pytest.approx(thermo["kinetic_energy"].to_numpy(), rel=1e-9)
    assert thermo["pressure"].to_numpy() == pytest.approx(thermo[["pxx", "pyy", "pzz"]].mean(axis=1).to_numpy())
    cells = thermo[[f"c{i}{j}" for i in "xyz" for j in "xyz"]].to_numpy().reshape(-1, 3, 3)
    assert np.linalg.det(cells) == pytest.approx(thermo["volume"].to_numpy(), rel=1e-9)
    assert cells[0] == pytest.approx(structure.cell.array, abs=1e-9)
    assert thermo["volume"].iloc[-1] != thermo["volume"].iloc[0]
    report = json.loads((folder / "report.json").read_text())
    assert report["beads"] == 4 and report["harmonic_error"] < 0
    assert not list(folder.glob("*.partial"))


def test_start_pressure_and_energy_are_those_of_the_potential(crystal_run, crystal_driver):
    _, structure, folder = crystal_run
    start = pd.read_csv(folder / "thermo.csv").iloc[0]
    driver, cell, _ = crystal_driver
    energy, _, virial, _ = driver.compute(cell.T, structure.positions / units.Bohr)
    assert start["potential_energy"] == pytest.approx(energy * units.Hartree, abs=1e-3)
    momenta_allowance = 0.6  # GPa: twice the ideal-gas pressure of the centroids' instantaneous momenta's deviation
    ideal = 43 * units.kB * 600.0 / start["volume"] / units.GPa
    static = np.trace(virial) / 3.0 * units.Hartree / start["volume"] / units.GPa
    assert start["pressure"] == pytest.approx(static + ideal, abs=momenta_allowance)


def test_trajectory_is_unwrapped_and_continuous(crystal_run):
    spec, structure, folder = crystal_run
    trajectory = Trajectory(folder / "trajectory.h5")
    assert list(trajectory.step) == [0, 2, 4, 6, 8, 10, 12]
    assert trajectory.spec == spec and list(trajectory.species) == structure.get_chemical_symbols()
    assert trajectory.masses[-1] == 1.008
    assert trajectory.positions[0] == pytest.approx(structure.positions, abs=1e-5)
    # thermal protons move at 30 Å/ps: 0.015 Å in two steps; a wrapped one would jump by 5 Å
    assert np.abs(np.diff(trajectory.positions, axis=0)).max() < 0.2


def test_trajectory_holds_a_bead_beside_the_centroid(crystal_run):
    _, structure, folder = crystal_run
    trajectory = Trajectory(folder / "trajectory.h5")
    assert trajectory.beads.shape == (7, 1, 44, 3)
    assert trajectory.beads[0, 0] == pytest.approx(structure.positions, abs=1e-5)
    apart = np.linalg.norm(trajectory.beads[:, 0] - trajectory.positions, axis=-1)
    # internal modes start with up to the thermal momentum of a ring polymer, P kT: 60 Å/ps for H, a twelfth of it for La
    mean = {symbol: apart[1:, trajectory.species == symbol].mean() for symbol in ("La", "H")}
    assert 0.005 < mean["H"] < 0.3 and mean["La"] < mean["H"] / 5


def test_continued_run_equals_the_undisturbed_one(crystal_run, released_model, tmp_path):
    """Back to step 5, with outputs beyond it and a torn later checkpoint left over, as after a kill."""
    spec, structure, folder = crystal_run
    shutil.copytree(folder / "ipi", tmp_path / "ipi")
    (tmp_path / "ipi" / "RESTART").unlink()
    torn = tmp_path / "ipi" / "run.checkpoint_2"  # of step 10; numbers 0 and 1 are of steps 0 and 5
    torn.write_text(torn.read_text()[:-200])
    ipi.run(spec, structure, released_model, tmp_path, max_frequency=60.0)
    assert json.loads((tmp_path / "timing.json").read_text())["continued_from_step"] == 5
    # positions are float32 in the file; the table shows the round-off of the restart amplified over seven steps
    expected, found = (pd.read_csv(path / "thermo.csv") for path in (folder, tmp_path))
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-9)
    expected, found = (Trajectory(path / "trajectory.h5") for path in (folder, tmp_path))
    assert np.array_equal(found.step, expected.step)
    assert found.positions == pytest.approx(expected.positions, abs=2e-6)
    assert found.beads == pytest.approx(expected.beads, abs=2e-6)
    assert not (tmp_path / "ipi").exists()


def other_digit(path):
    """Of the first line of the table: the second decimal of its last number."""
    text = path.read_text()
    start = text.index("\n", text.rindex("#")) + 1
    at = text.rindex(".", start, text.index("\n", start)) + 2
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


def other_byte(path):
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("run.thermo", other_digit),
        ("run.centroid.bin", other_byte),
        ("run.bead_0.bin", other_byte),
        ("run.checkpoint_1", other_byte),
        ("vouched-5.json", lambda path: path.unlink()),
        ("vouched-5.json", lambda path: path.write_text("[1")),
    ],
)
def test_a_run_does_not_continue_behind_changed_samples(crystal_run, released_model, tmp_path, caplog, name, change):
    """A sample, the checkpoint or what vouches for it is changed between the kill and the continuation."""
    spec, structure, folder = crystal_run
    shutil.copytree(folder / "ipi", tmp_path / "ipi")
    for later in ("RESTART", "run.checkpoint_2"):
        (tmp_path / "ipi" / later).unlink()
    change(tmp_path / "ipi" / name)
    ipi.run(spec, structure, released_model, tmp_path, max_frequency=60.0)
    assert json.loads((tmp_path / "timing.json").read_text())["continued_from_step"] == 0
    told = [message for message in caplog.messages if "cannot continue from step 5" in message]
    assert len(told) == 1 and str(tmp_path / "ipi") in told[0]
    expected, found = (pd.read_csv(path / "thermo.csv") for path in (folder, tmp_path))
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, abs=1e-9)


def test_a_killed_engine_is_told_so(tmp_path, monkeypatch):
    """i-PI says at its start that PyFFTW is not there; that is no cause of its end."""
    spec, structure, model = toy(tmp_path, steps=100_000, checkpoint_every=50_000)
    original = watching.Watch.look

    def kill(watch):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if _working_folder(pid) == str(watch.job.folder.resolve()):
                os.kill(int(pid), signal.SIGKILL)
        original(watch)

    monkeypatch.setattr(watching.Watch, "look", kill)
    fails(
        "i-PI stopped after step 0 of 100000: it was killed from outside",
        spec,
        structure,
        model,
        tmp_path / "run",
        driver=POLYNOMIAL_DRIVER,
        fix_centre=False,
    )


def test_trpmd_runs_at_fixed_cell_with_the_isotope_mass(tmp_path):
    spec, structure, model = toy(tmp_path, method="trpmd", isotope="D", masses={"H": 2.014}, steps=100)
    ipi.run(spec, structure, model, tmp_path / "run", driver=POLYNOMIAL_DRIVER, fix_centre=False)
    thermo = pd.read_csv(tmp_path / "run" / "thermo.csv")
    assert thermo["volume"].nunique() == 1
    assert Trajectory(tmp_path / "run" / "trajectory.h5").masses[0] == 2.014


def test_killed_process_takes_i_pi_along_and_continues(tmp_path, root):
    """SIGTERM to the process that called `run`: i-PI ends, a restart file stays, the next call finishes the run."""
    spec, structure, model = toy(tmp_path, steps=1500, sample_every=10, checkpoint_every=500)
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    script = (
        "from pathlib import Path\nfrom ase import Atoms\nfrom qcrystal.dynamics.ipi import launcher as ipi\n"
        f"spec = ipi.RunSpec.model_validate_json(Path({str(tmp_path / 'spec.json')!r}).read_text())\n"
        f"ipi.run(spec, Atoms('H20', cell=[8.0] * 3, pbc=True), Path({str(model)!r}), "
        f"Path({str(tmp_path / 'run')!r}), driver=Path({str(POLYNOMIAL_DRIVER)!r}), fix_centre=False)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", script])
    progress = tmp_path / "run" / "ipi" / "run.progress"
    deadline = time.monotonic() + 60.0
    while (state := watching.last_state(progress)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state is not None and state[0] < spec.steps
    caller.send_signal(signal.SIGTERM)
    assert caller.wait(30) == 128 + signal.SIGTERM
    folder = str((tmp_path / "run" / "ipi").resolve())
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _working_folder(pid) == folder]
    ipi.run(spec, structure, model, tmp_path / "run", driver=POLYNOMIAL_DRIVER, fix_centre=False)
    assert json.loads((tmp_path / "run" / "timing.json").read_text())["continued_from_step"] > 0
    assert len(Trajectory(tmp_path / "run" / "trajectory.h5")) == 151


def _working_folder(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def test_progress_is_logged(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(watching, "LOG_INTERVAL", 0.2)
    caplog.set_level(logging.INFO)
    spec, structure, model = toy(tmp_path, steps=300, checkpoint_every=100)
    ipi.run(spec, structure, model, tmp_path / "run", driver=POLYNOMIAL_DRIVER, fix_centre=False)
    assert any("/300, " in message and "s left" in message for message in caplog.messages)


# --- failures --------------------------------------------------------------------------------------------------------


def fails(match, *args, **options):
    with pytest.raises(RunError, match=match) as caught:
        ipi.run(*args, **options)
    assert "\n" not in str(caught.value)


def test_missing_model_is_named_in_one_line(tmp_path):
    fails(
        "there is no potential .*absent.pb", specification(), lanthanum_decahydride(), tmp_path / "absent.pb", tmp_path
    )


def test_time_step_that_is_too_long_is_refused(tmp_path, released_model):
    """As LAMMPS's engine does: a period of 70 THz holds 12 steps of 1.19 fs."""
    spec = specification(timestep=3.0)
    words = "run trial: timestep 3 fs is too long for vibrations of 70 THz; take 1.19 fs or less"
    fails(words, spec, lanthanum_decahydride(), released_model, tmp_path / "run", max_frequency=70.0)
    assert not (tmp_path / "run").exists()


def test_trpmd_at_constant_pressure_is_refused():
    with pytest.raises(ValueError, match="trpmd is dynamics at a fixed cell"):
        specification(method="trpmd")


def test_driver_refuses_a_species_that_the_potential_does_not_know(tmp_path, released_model):
    settings = tmp_path / "driver.json"
    settings.write_text(json.dumps({"model": str(released_model), "species": ["Y", "H"], "engine": "native"}))
    with pytest.raises(ValueError, match="knows La, H, not Y"):
        DeepPotentialDriver(str(settings))


def test_error_inside_i_pi_is_passed_on(tmp_path):
    spec, structure, model = toy(tmp_path)
    model.write_text("five 0.2 - 0 0 1.0")
    fails("could not convert string to float: 'five'", spec, structure, model, tmp_path, driver=POLYNOMIAL_DRIVER)


def test_explosion_is_reported_and_the_files_stay(tmp_path):
    """A potential that falls off to all sides."""
    spec, structure, model = toy(tmp_path, steps=20000)
    model.write_text("5.0 0.2 - 0 0 -1.0")
    fails("exploded|not a number", spec, structure, model, tmp_path, driver=POLYNOMIAL_DRIVER, fix_centre=False)
    assert (tmp_path / "ipi" / "run.thermo").is_file()
