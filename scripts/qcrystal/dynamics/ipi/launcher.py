"""Path-integral dynamics (PIMD, TRPMD) with i-PI and a deep potential, all beads in one batched evaluation.

i-PI runs as a worker process in the folder ``ipi`` of the run, speaks atomic units throughout and writes the centroids, one
bead, the thermodynamics and numbered checkpoints there; this module starts, watches and converts. Estimators of the kinetic
energy and the pressure are centroid-virial ones.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from ase import Atoms, units
from scipy import constants

from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunError, RunSpec, check_start, check_timestep
from qcrystal.dynamics.watch import PressureWatch
from qcrystal.errors import full_disk
from qcrystal.files import write_whole
from qcrystal.io.trajectory import TrajectoryWriter
from qcrystal.processes import supervise, thread_environment
from qcrystal.units import THZ, oscillator_energy

logger = logging.getLogger(__name__)

DRIVER = Path(__file__).with_name("driver.py")
THERMOSTAT_TIME = 100.0  # fs: centroid of PIMD, and the cell
TRPMD_CENTROID_TIME = 1000.0  # fs: long beside every vibration, so that the centroid's dynamics is its own
TRPMD_DAMPING = 0.5  # λ of the non-centroid modes [Rossi, Ceriotti, Manolopoulos, J. Chem. Phys. 140, 234116 (2014)]
TRAJECTORIES = {"centroid": "x_centroid", "bead": "positions"}  # what i-PI writes, by its names of the quantities
PROGRESS_STRIDE = 10  # steps between two looks at the state of the run
LOG_INTERVAL = 20.0  # s
CHECKPOINTS_KEPT = 2
FULL = 100_000  # bytes; i-PI's own message does not fit on a disk with less

_FEMTOSECOND = 1e-15 / constants.physical_constants["atomic unit of time"][0]
_DALTON = constants.atomic_mass / constants.m_e
_KELVIN = units.kB / units.Hartree
_GIGAPASCAL = units.GPa * units.Bohr**3 / units.Hartree

_COLUMNS = (
    "step time potential_energy kinetic_energy temperature pressure volume pxx pyy pzz pyz pxz pxy "
    "cxx cxy cxz cyx cyy cyz czx czy czz"
).split()


def standard_orientation(structure: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Rotate a crystal so that a lies along x and b in the xy plane, as i-PI's upper-triangular cell wants it.

    Returns
    -------
    cell : (3, 3) array
        Å, rows are vectors, lower triangular.
    positions : (N, 3) array
        Å.

    Raises
    ------
    RunError
        If the three vectors are left-handed.
    """
    if np.linalg.det(structure.cell.array) <= 0:
        raise RunError("the start cell's vectors are not right-handed; exchange two of them")
    cell, rotation = structure.cell.standard_form()
    return np.tril(cell.array), structure.positions @ rotation.T


def simulation_input(
    spec: RunSpec, species: list[str], volume_free: bool, driver: Path = DRIVER, fix_centre: bool = True
) -> str:
    """i-PI's input file, every number in atomic units.

    The BAOAB splitting samples harmonic positions without an error of the timestep, where i-PI's default overestimates
    their variance by (ω Δt)²/4 [Leimkuhler, Matthews, J. Chem. Phys. 138, 174102 (2013)]. All beads start on the sites, so
    velocities start with twice the temperature: within a vibration half of that is potential energy.

    Parameters
    ----------
    spec
        The run.
    species
        Symbols, one per atom.
    volume_free
        True: constant pressure with a flexible cell (Martyna-Tuckerman-Tobias-Klein); False: fixed cell.
    driver
        File of the potential's driver.
    fix_centre
        Keep the centre of mass at rest; False for atoms in an external potential.
    """
    trpmd = spec.method == "trpmd"
    centroid_time = TRPMD_CENTROID_TIME if trpmd else THERMOSTAT_TIME
    present = [s for s in spec.species if s in species]
    masses = ", ".join(f"{spec.masses[s] * _DALTON:.17g}" for s in species)
    kinetic = ", ".join(["kinetic_cv"] + [f"kinetic_cv({s})" for s in present])
    barostat = f"""
        <barostat mode='flexible'>
          <tau> {spec.barostat_time * _FEMTOSECOND:.17g} </tau>
          <thermostat mode='langevin'><tau> {THERMOSTAT_TIME * _FEMTOSECOND:.17g} </tau></thermostat>
        </barostat>"""
    pressure = f"<pressure> {spec.pressure * _GIGAPASCAL:.17g} </pressure>" if volume_free else ""
    return f"""<simulation mode='md' verbosity='low' threading='False' floatformat='%25.17e'>
  <output prefix='run'>
    <properties filename='thermo' stride='{spec.sample_every}' flush='1'>
      [ step, potential, {kinetic}, pressure_cv, stress_cv, volume, cell_h, temperature, temperature(nm=0) ]
    </properties>
    <properties filename='progress' stride='{min(PROGRESS_STRIDE, spec.steps)}' flush='1'>
      [ step, potential, temperature, volume, pressure_cv ]
    </properties>
    <trajectory filename='centroid' format='bin' stride='{spec.sample_every}' flush='1'> x_centroid </trajectory>
    <trajectory filename='bead' bead='0' format='bin' stride='{spec.sample_every}' flush='1'> positions </trajectory>
    <checkpoint filename='checkpoint' stride='{spec.checkpoint_every}' overwrite='False'/>
  </output>
  <total_steps> {spec.steps} </total_steps>
  <prng><seed> {spec.seed} </seed></prng>
  <ffdirect name='potential'>
    <pes> custom </pes>
    <pes_path> {escape(str(driver.resolve()))} </pes_path>
    <batch_size> {spec.beads} </batch_size>
    <parameters> {{ settings: driver.json }} </parameters>
  </ffdirect>
  <system>
    <initialize nbeads='{spec.beads}'>
      <file mode='xyz'> start.xyz </file>
      <masses mode='manual'> [ {masses} ] </masses>
      <velocities mode='thermal'> {2.0 * spec.temperature * _KELVIN:.17g} </velocities>
    </initialize>
    <forces><force forcefield='potential'/></forces>
    <ensemble><temperature> {spec.temperature * _KELVIN:.17g} </temperature>{pressure}</ensemble>
    <motion mode='dynamics'>
      <fixcom> {fix_centre} </fixcom>
      <dynamics mode='{"npt" if volume_free else "nvt"}' splitting='baoab'>
        <timestep> {spec.timestep * _FEMTOSECOND:.17g} </timestep>
        <thermostat mode='pile_l'>
          <tau> {centroid_time * _FEMTOSECOND:.17g} </tau>
          <pile_lambda> {TRPMD_DAMPING if trpmd else 1.0} </pile_lambda>
        </thermostat>{barostat if volume_free else ""}
      </dynamics>
    </motion>
  </system>
</simulation>
"""


def start_file(species: list[str], cell: np.ndarray, positions: np.ndarray) -> str:
    """i-PI's own xyz of one structure (Å; cell rows are vectors), written in Bohr."""
    matrix = " ".join(f"{x:.17g}" for x in (cell.T / units.Bohr).ravel())
    lines = [str(len(species)), f"# CELL(H): {matrix}  positions{{atomic_unit}} cell{{atomic_unit}}"]
    lines += [f"{s} {x:.17g} {y:.17g} {z:.17g}" for s, (x, y, z) in zip(species, positions / units.Bohr, strict=True)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Job:
    """One run and its folders."""

    spec: RunSpec
    species: list[str]
    directory: Path

    @property
    def folder(self) -> Path:
        return self.directory / "ipi"

    @property
    def log(self) -> Path:
        return self.folder / "run.log"

    def error(self, cause: str) -> RunError:
        return RunError(f"run {self.spec.run}: {cause} (log: {self.log})")


def run(
    spec: RunSpec,
    structure: Atoms,
    model: Path,
    directory: Path,
    driver: Path = DRIVER,
    fix_centre: bool = True,
    max_frequency: float | None = None,
    trained: tuple[float, float] | None = None,
) -> None:
    """Run or continue path-integral dynamics; leaves trajectory.h5, thermo.csv and report.json in ``directory``.

    The trajectory holds the centroids and one of the beads, rotated to i-PI's orientation of the cell. The kinetic energy
    counts the centre of mass as thermal (3/2 kT) although it is kept at rest, so that it needs no correction for the number
    of atoms.

    Parameters
    ----------
    spec
        Method ``pimd`` (ensemble ``npt`` or ``nvt``) or ``trpmd`` (``nvt``).
    structure
        Start structure.
    model
        Frozen potential.
    directory
        Folder of the run; a run that was killed there continues from its newest checkpoint.
    driver
        File of the driver that evaluates the potential.
    fix_centre
        Keep the centre of mass at rest.
    max_frequency
        Stiffest phonon in THz; when given, a time step that is too long for it is refused, and the report states P/βħω and
        the harmonic error.
    trained
        Lowest and highest pressure (GPa) of the potential's labels; a run that leaves them stops.

    Raises
    ------
    RunError
        If the run cannot start, or fails; what i-PI has written stays in ``directory/ipi``.
    """
    _check(spec, structure, model, max_frequency)
    job = _Job(spec, structure.get_chemical_symbols(), Path(directory))
    cell, positions = standard_orientation(structure)
    files = {
        "input.xml": simulation_input(spec, job.species, spec.ensemble == "npt", driver, fix_centre),
        "start.xyz": start_file(job.species, cell, positions),
    }
    first_step, source = _prepare(job, files, Path(model))
    begin, rate = time.monotonic(), None
    if first_step < spec.steps:
        rate = _work(job, source, first_step, abs(np.linalg.det(cell)), trained)
    speed = _speed(spec, first_step, time.monotonic() - begin, rate)
    thermo = _thermodynamics(job)
    _write_results(job, thermo, _report(job, thermo) | speed | _bead_convergence(spec, max_frequency))
    shutil.rmtree(job.folder)


def _check(spec: RunSpec, structure: Atoms, model: Path, max_frequency: float | None) -> None:
    if spec.method not in PATH_INTEGRAL_METHODS:
        raise RunError(f"run {spec.run}: i-PI runs {' and '.join(PATH_INTEGRAL_METHODS)}, not {spec.method}")
    check_start(spec, structure, model)
    if max_frequency is not None:
        try:
            check_timestep(spec.timestep, max_frequency)
        except RunError as error:
            raise RunError(f"run {spec.run}: {error}") from error


# --- preparing and continuing ----------------------------------------------------------------------------------------


def _prepare(job: _Job, files: dict[str, str], model: Path) -> tuple[int, str]:
    """Write i-PI's files, or set a killed run back to its newest checkpoint: (step to start from, input file)."""
    identity = hashlib.sha256("\0".join(files.values()).encode() + model.read_bytes()).hexdigest()
    mark = job.folder / "identity"
    continues = mark.is_file() and mark.read_text() == identity
    restart = _newest_checkpoint(job.folder) if continues else None
    if restart is None:
        shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (job.folder / name).write_text(text)
    settings = {"model": str(model.resolve()), "species": job.species}
    (job.folder / "driver.json").write_text(json.dumps(settings))
    mark.write_text(identity)
    if restart is None:
        return 0, "input.xml"
    step, text = restart
    logger.info("run %s continues from step %d", job.spec.run, step)
    write_whole(job.folder / "continue.xml", text)
    for path in _checkpoints(job.folder):
        if path.name != "continue.xml":
            path.unlink()
    _truncate_outputs(job, step)
    return step, "continue.xml"


def _checkpoints(folder: Path) -> list[Path]:
    numbered = sorted(folder.glob("run.checkpoint_*"), key=lambda path: int(path.name.rsplit("_", 1)[1]))
    return [path for path in (folder / "continue.xml", folder / "RESTART") if path.is_file()] + numbered


def _newest_checkpoint(folder: Path) -> tuple[int, str] | None:
    """Step and text of the complete checkpoint that is furthest on; None before the first step."""
    states = []
    for path in _checkpoints(folder):
        text = path.read_text()
        step = re.search(r"<step[^>]*>\s*(\d+)\s*</step>", text)
        if step and text.rstrip().endswith("</simulation>"):
            states.append((int(step.group(1)), text))
    newest = max(states, default=(0, ""))
    return newest if newest[0] > 0 else None


def _truncate_outputs(job: _Job, step: int) -> None:
    """Drop what i-PI wrote after ``step``."""
    thermo = job.folder / "run.thermo"
    lines = thermo.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.startswith("#") or (line.endswith("\n") and float(line.split()[0]) <= step)]
    write_whole(thermo, "".join(kept))
    frames = step // job.spec.sample_every + 1
    for name, what in TRAJECTORIES.items():
        os.truncate(_trajectory_file(job, name), frames * _frame_type(job.species, what).itemsize)
    (job.folder / "run.progress").unlink(missing_ok=True)


# --- the worker ------------------------------------------------------------------------------------------------------


def _work(job: _Job, source: str, first_step: int, volume: float, trained) -> float | None:
    """Run i-PI to the last step; returns steps per second, None when it was over too soon to tell."""
    program = Path(sys.executable).with_name("i-pi")
    if not program.is_file():
        raise job.error(f"no i-PI at {program}; install the environment of the potential")
    watch = _Watch(job, volume, trained)
    outcome = supervise(
        [sys.executable, program, source],
        directory=job.folder,
        environment={**os.environ, **thread_environment(1)},
        log=job.log,
        on_tick=watch.look,
    )
    watch.check()
    done = _newest_checkpoint(job.folder)
    step = done[0] if done else first_step
    if outcome.status != 0 or step < job.spec.steps:
        full = shutil.disk_usage(job.folder).free < FULL
        cause = full_disk(job.folder) if full else outcome.words
        raise job.error(f"i-PI stopped after step {step} of {job.spec.steps}: {cause}")
    return watch.rate


class _Watch:
    """Looks at i-PI's progress: logs it, ends what goes wrong, and clears old checkpoints away.

    Parameters
    ----------
    job
    volume : float
        Å³, of the start structure.
    trained : (float, float) or None
        Lowest and highest pressure (GPa) of the potential's labels.

    Attributes
    ----------
    rate : float or None
        Steps per second; None before it is known.
    """

    def __init__(self, job: _Job, volume: float, trained: tuple[float, float] | None):
        self.job, self.volume = job, volume
        self.pressure = PressureWatch(job.spec.pressure if job.spec.ensemble == "npt" else None, trained)
        self.rate: float | None = None
        self._first: tuple[float, float] | None = None
        self._logged = time.monotonic()

    def check(self) -> np.ndarray | None:
        """The state that i-PI wrote last (see `_last_state`); None before it wrote one.

        Raises
        ------
        RunError
            If the energy is not a number, temperature or volume explode, or the pressure is not what it should be.
        """
        state = _last_state(self.job.folder / "run.progress")
        if state is not None:
            _check_state(self.job, state, self.volume, self.pressure)
        return state

    def look(self) -> None:
        """Check the state and measure the speed; every `LOG_INTERVAL` log both and drop old checkpoints."""
        state, now = self.check(), time.monotonic()
        if state is not None:
            self._first = self._first or (now, state[0])
            if state[0] > self._first[1]:
                self.rate = (state[0] - self._first[1]) / (now - self._first[0])
        if now - self._logged > LOG_INTERVAL:
            self._logged = now
            self._tell(state)
            _drop_old_checkpoints(self.job.folder)

    def _tell(self, state: np.ndarray | None) -> None:
        steps = self.job.spec.steps
        if state is None or self.rate is None:
            logger.info("step %d/%d, speed not known yet", 0 if state is None else state[0], steps)
        else:
            left = (steps - state[0]) / self.rate
            logger.info("step %d/%d, %.3g steps/s, %.0f s left", state[0], steps, self.rate, left)


def _drop_old_checkpoints(folder: Path) -> None:
    numbered = [path for path in _checkpoints(folder) if "checkpoint" in path.name]
    for path in numbered[:-CHECKPOINTS_KEPT]:
        path.unlink()


def _last_state(path: Path) -> np.ndarray | None:
    """Last complete line (step, potential, temperature, volume, pressure; atomic units) of the progress file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1024))
        lines = file.read().decode().split("\n")[:-1]
    values = lines[-1].split() if lines else []
    return np.array(values, float) if len(values) == 5 and not lines[-1].startswith("#") else None


def _check_state(job: _Job, state: np.ndarray, start_volume: float, watch: PressureWatch) -> None:
    step, potential, temperature, volume, pressure = state
    kelvin, ratio = temperature / _KELVIN, volume * units.Bohr**3 / start_volume
    advice = "a shorter timestep or a better start structure may help"
    if not np.isfinite([potential, temperature, volume]).all():
        raise job.error(f"energy {potential} Ha is not a number at step {step:.0f}; {advice}")
    if kelvin > 10.0 * job.spec.temperature + 1000.0:
        raise job.error(f"the temperature exploded to {kelvin:.0f} K at step {step:.0f}; {advice}")
    if not 0.5 < ratio < 2.0:
        raise job.error(f"the volume is {ratio:.2f} of the start's at step {step:.0f}; {advice}")
    complaint = watch.complaint(step * job.spec.timestep * 1e-3, pressure / _GIGAPASCAL)
    if complaint:
        raise job.error(f"{complaint} (step {step:.0f}); {advice}")


# --- results ---------------------------------------------------------------------------------------------------------


def _thermodynamics(job: _Job) -> pd.DataFrame:
    """i-PI's properties in our units and columns, with two ring-polymer temperatures (K) behind them."""
    raw = np.loadtxt(job.folder / "run.thermo", ndmin=2)
    if not np.isfinite(raw).all():
        raise job.error(f"the thermodynamics hold values that are not numbers from step {_first_bad(raw)} on")
    present = [s for s in job.spec.species if s in job.species]
    step, potential, kinetic = raw[:, 0], raw[:, 1] * units.Hartree, raw[:, 2] * units.Hartree
    by_species = raw[:, 3 : 3 + len(present)] * units.Hartree
    rest = raw[:, 3 + len(present) :]
    pressure = rest[:, :7] / _GIGAPASCAL
    xx, yy, zz, xy, xz, yz = rest[:, 8:14].T * units.Bohr
    none = np.zeros_like(xx)
    table = dict(
        zip(
            _COLUMNS,
            [
                step.astype(int),
                step * job.spec.timestep * 1e-3,
                potential,
                kinetic,
                2.0 * kinetic / (3.0 * len(job.species) * units.kB),
                pressure[:, 0],
                rest[:, 7] * units.Bohr**3,
                *pressure[:, [1, 2, 3, 6, 5, 4]].T,
                *(xx, none, none, xy, yy, none, xz, yz, zz),
            ],
            strict=True,
        )
    )
    for column, symbol in enumerate(present):
        table[f"kinetic_{symbol}"] = by_species[:, column] / job.species.count(symbol)
    frame = pd.DataFrame(table)
    frame.attrs["ring_polymer"], frame.attrs["centroid"] = rest[:, 14:16].T / _KELVIN
    return frame


def _first_bad(raw: np.ndarray) -> int:
    return int(raw[np.flatnonzero(~np.isfinite(raw).all(1))[0], 0])


def _trajectory_file(job: _Job, name: str) -> Path:
    """File of one of `TRAJECTORIES`; i-PI adds the bead's number with as many digits as their count has."""
    found = sorted(job.folder.glob(f"run.{name}*.bin"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "no file"
        raise job.error(f"of the {name} there is {names} in {job.folder}; remove that folder and run the job again")
    return found[0]


def _frame_type(species: list[str], what: str) -> np.dtype:
    """One frame of i-PI's binary trajectory: cell, number of atoms, positions, length of the names, names, title."""
    n = len(species)
    names = "|".join(species)
    return np.dtype(
        [
            ("cell", "f8", (3, 3)),
            ("atoms", "i8"),
            ("positions", "f8", (n, 3)),
            ("length", "i8"),
            ("names", f"U{len(names)}"),
            ("title", f"U{len(_frame_title(0, what))}"),
        ]
    )


def _frame_title(step: int, what: str) -> str:
    return f"Step:  {step:10d}  Bead:   {0:5d} {what}{{atomic_unit}}  cell{{atomic_unit}}"


def _frames(job: _Job, name: str, what: str) -> np.ndarray:
    """The frames of one of `TRAJECTORIES`, in order and complete."""
    frames = np.memmap(_trajectory_file(job, name), dtype=_frame_type(job.species, what), mode="r")
    for index, frame in enumerate(frames):
        step = index * job.spec.sample_every
        if str(frame["title"]) != _frame_title(step, what):
            raise job.error(f"frame {index} of the {name} says {frame['title']!r}, expected step {step}")
    return frames


def _write_trajectory(job: _Job, path: Path) -> None:
    centroids, beads = (_frames(job, name, what) for name, what in TRAJECTORIES.items())
    masses = [job.spec.masses[s] for s in job.species]
    path.unlink(missing_ok=True)
    with TrajectoryWriter(path, job.spec.model_dump(mode="json"), job.species, masses, beads=1) as trajectory:
        for index, (frame, bead) in enumerate(zip(centroids, beads, strict=True)):
            step = index * job.spec.sample_every
            positions, cell = frame["positions"] * units.Bohr, frame["cell"].T * units.Bohr
            trajectory.append(
                step, step * job.spec.timestep * 1e-3, positions, cell, bead["positions"][None] * units.Bohr
            )


def _report(job: _Job, thermo: pd.DataFrame) -> dict[str, object]:
    """What was run, and the mean temperatures (K) of the ring polymer and its centroid over the second half."""
    spec, second_half = job.spec, slice(len(thermo) // 2, None)
    return {
        "run": spec.run,
        "method": spec.method,
        "ensemble": spec.ensemble,
        "versions": {"i-PI": version("ipi"), "deepmd-kit": version("deepmd-kit")},
        "atoms": len(job.species),
        "beads": spec.beads,
        "steps": spec.steps,
        "temperature_ring_polymer": float(thermo.attrs["ring_polymer"][second_half].mean()),
        "temperature_centroid": float(thermo.attrs["centroid"][second_half].mean()),
    }


def _speed(spec: RunSpec, first_step: int, wall_time: float, rate: float | None) -> dict[str, float | None]:
    """Wall time (s) since the run was started or last continued, and the speed without the start of i-PI."""
    return {
        "continued_from_step": first_step,
        "wall_time": wall_time,
        "steps_per_second": rate,
        "seconds_per_bead_step": None if rate is None else 1.0 / (rate * spec.beads),
    }


def _bead_convergence(spec: RunSpec, max_frequency: float | None) -> dict[str, float]:
    """P/βħω and the relative error of the harmonic energy at the stiffest phonon (THz), if that is known."""
    if max_frequency is None:
        return {}
    ratio = THZ * max_frequency / (units.kB * spec.temperature)
    exact = oscillator_energy(max_frequency, spec.temperature)
    error = float(oscillator_energy(max_frequency, spec.temperature, spec.beads) / exact - 1.0)
    return {"max_frequency": max_frequency, "beads_over_beta_hbar_omega": spec.beads / ratio, "harmonic_error": error}


def _write_results(job: _Job, thermo: pd.DataFrame, report: dict[str, object]) -> None:
    trajectory = job.directory / "trajectory.h5.partial"
    _write_trajectory(job, trajectory)
    trajectory.replace(job.directory / "trajectory.h5")
    write_whole(job.directory / "thermo.csv", thermo.to_csv(index=False, float_format="%.12g"))
    write_whole(job.directory / "report.json", json.dumps(report, indent=2) + "\n")
