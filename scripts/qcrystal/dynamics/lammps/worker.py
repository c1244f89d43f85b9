"""The process in which LAMMPS runs: ``python -m qcrystal.dynamics.lammps.worker job.json parent-pid threads``, or under MPI.

Every rank does the same but for the atoms that it owns; the first one writes. Noise depends on step and atom only, so each
rank has that of all atoms and takes its own atoms' part. The process prints ``progress: ...`` and ``note: ...`` lines and, if it
fails, one ``failure: ...`` line. LAMMPS integrates (velocity Verlet, with or without a flexible cell). The bath runs in a
callback after the force evaluation. It changes velocities only, so forces, virial and pressure are the potential's own.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import units

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.lammps import checkpoint
from qcrystal.dynamics.lammps.barostat import Barostat
from qcrystal.dynamics.lammps.box import ADVICE, STRESSES, Box
from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.lammps.kinetics import Kinetics
from qcrystal.dynamics.lammps.report import report
from qcrystal.dynamics.lammps.samples import Samples
from qcrystal.dynamics.lammps.start import StartProperties
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.dynamics.watch import PressureWatch
from qcrystal.errors import full_disk, one_line
from qcrystal.files import write_whole
from qcrystal.processes import Request, alive, end_with_parent, requests_noted
from qcrystal.provenance.reading import watch_for_job
from qcrystal.units import AMU_A2_PS2

if TYPE_CHECKING:
    from qcrystal.dynamics.lammps.compiled_bath import CompiledBath

PROGRESS_INTERVAL = 15.0
"""Seconds between two lines of progress."""
LOOK_INTERVAL = 0.1
"""Seconds between two looks at what concerns the run from outside."""
HOTTEST = 20000.0
"""Temperature (K) of a species at any moment above which a run has failed; `HeatWatch` judges averages by what they should be."""
AGAIN = "start again to go on from the last checkpoint"


class Simulation:
    """One run in LAMMPS.

    Parameters
    ----------
    job : dict
        As `qcrystal.dynamics.lammps.launcher.run` writes it.
    directory : Path
    parent : int
        Process that must stay alive.
    threads : int
        Of the native engine.
    """

    def __init__(self, job: dict[str, Any], directory: Path, parent: int, threads: int = 1):
        self.spec = spec = RunSpec(**job["spec"])
        self.files, self.parent = Files(directory), parent
        self.box = box = Box(spec, job, self.files, threads)
        continues = self.files.checkpoint.is_file()
        self.start = StartProperties.read(self.files.start) if continues else self._begin()
        self.pressure_watch = PressureWatch(
            spec.pressure if spec.ensemble == "npt" else None, job.get("trained_pressures")
        )
        self.heat_watch = self.start.heat_watch(box)
        kind = AdaptiveBath if spec.method == "adqtb" else ThermalBath
        self.bath = kind(spec.bath, spec.temperature, spec.timestep, box.masses, spec.seed, spec.quantum, box.kinds)
        interval = spec.sample_every * box.timestep
        self.kinetics = Kinetics(box.masses, spec.temperature, interval, self.start.slowest)
        self.table_size = checkpoint.restore(self.files, box, self.kinetics, self.bath) if continues else 0
        self.bath.prepare()  # here, not within the first step
        self.compiled = self._compiled() if box.native else None
        self.samples = Samples(spec, self.files, box.symbols, box.masses)
        self.barostat = Barostat(spec, self.start, len(box.masses)) if spec.ensemble == "npt" else None
        # in this order: when a run is set up, the barostat looks at the virial that the bath's callback gives
        box.call_after_forces(self._apply_bath)
        box.command(self.barostat.command if self.barostat else "fix motion all nve")
        self.request = Request()
        self.run_start = self.first_step = box.step
        self.started, self.processor_time = time.monotonic(), time.process_time()
        self.last_progress = self.last_look = 0.0

    def _begin(self) -> StartProperties:
        """Measure the start structure and give it its velocities."""
        rng = np.random.default_rng(self.spec.seed)
        start = StartProperties.measure(self.box, rng)
        start.check(self.spec)
        self.box.put("v", start.velocities(self.box, rng))
        if self.box.writes:
            write_whole(self.files.start, start.text())
        return start

    def _compiled(self) -> CompiledBath:
        from qcrystal.dynamics.lammps.compiled_bath import CompiledBath  # numba: only those who use it pay for it

        return CompiledBath(self.bath, 0.5 * self.box.timestep / AMU_A2_PS2)

    @property
    def step(self) -> int:
        """Absolute step that LAMMPS is at."""
        return self.box.step

    # --- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go on to the last step; leaves trajectory, thermodynamics and report in their places.

        Asked to end, it stops at the next checkpoint: a checkpoint elsewhere would change the last digits of what follows.

        Raises
        ------
        RunError
        """
        self.started, self.processor_time = time.monotonic(), time.process_time()
        if self.box.writes:
            self.samples.drop_after(self.step, self.table_size)
        if self.step == 0:
            self._advance(0)
            self._sample()
        try:
            # with several ranks, each would stop where it learns of it: there the signal ends them at once
            with requests_noted() if self.box.ranks == 1 else nullcontext(self.request) as self.request:
                while self.step < self.spec.steps:
                    self._to_next_checkpoint()
                    if self.request.made:  # at the last step too: what ends after its time limit counts as failed
                        raise RunError(f"asked to end, stopped at the checkpoint of step {self.step}; {AGAIN}")
        finally:
            self.samples.flush()
        crowded = self.box.native.crowded if self.box.native else 0
        if crowded:
            others = "the native engine counts them all, DeePMD-kit the nearest ones"
            print(
                f"note: up to {crowded} atoms at a time had more neighbours than the potential's sel; {others}",
                flush=True,
            )
        if self.box.writes:
            self.samples.finish(self._report(), self._timing())

    def _to_next_checkpoint(self) -> None:
        """Run to the next checkpoint; a whole set-up at its start makes a continued run equal to an unbroken one."""
        target = min(self._next(self.spec.checkpoint_every), self.spec.steps)
        setup = True
        while self.step < target:
            self._advance(min(self._next(self.spec.sample_every), target) - self.step, setup)
            setup = False
            if self.step % self.spec.sample_every == 0:
                self._sample()
        self.samples.flush()
        checkpoint.save(self.files, self.box, self.kinetics, self.bath, self.samples)

    def _next(self, interval: int) -> int:
        return (self.step // interval + 1) * interval

    def _advance(self, steps: int, setup: bool = True) -> None:
        self.run_start = self.step
        self.box.command(f"run {steps} pre {'yes' if setup else 'no'} post no")

    def _apply_bath(
        self, caller: Any, step: int, count: int, tags: np.ndarray, positions: np.ndarray, bath_force: np.ndarray
    ) -> None:
        """Callback of LAMMPS, once per step when the forces are known, with the velocities half a kick short."""
        bath_force[:] = 0.0
        box, impulse = self.box, 0.5 * self.box.timestep / AMU_A2_PS2
        if box.failure:
            return
        try:
            if self.barostat:
                box.act_on_cell(self.barostat.virial(step, box.strain_rates()))
            if step == self.run_start:  # the velocities have been kicked at this step already
                return
            self._look_around(step)
            if self.compiled:
                self.compiled.kick(step, tags, box.own("v"), box.own("f"))
                return
            index = tags - 1
            velocities = box.own("v")
            half_kick = impulse * box.own("f") / box.masses[index, None]
            if box.ranks == 1:
                full = np.empty_like(velocities)
                full[index] = velocities + half_kick
                kicked = self.bath.kick(step, full)[index]
            elif self.bath.records(step):  # the bath wants to see all atoms
                full = box.all("v") + impulse * box.all("f") / box.masses[:, None]
                kicked = self.bath.kick(step, full)[index]
            else:
                kicked = self.bath.kick(step, velocities + half_kick, index)
            velocities[:] = kicked - half_kick
        except Exception as error:
            box.fail(error)

    def _look_around(self, step: int) -> None:
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

    def _report_progress(self, step: int, now: float) -> None:
        if now - self.last_progress < PROGRESS_INTERVAL or not self.box.writes:
            return
        self.last_progress = now
        done, elapsed = step - self.first_step, now - self.started
        speed = max(done, 1) / max(elapsed, 1e-9)
        left = (self.spec.steps - step) / speed
        print(f"progress: step {step}/{self.spec.steps}, {speed:.1f} steps/s, {left:.0f} s left", flush=True)

    # --- samples -----------------------------------------------------------------------------------------------------

    def _sample(self) -> None:
        """Take a sample, and stop the run if it shows that something goes wrong."""
        box, thermo, cell = self.box, self.box.thermo(), self.box.cell()
        positions, velocities = box.all("c_unwrapped"), box.all("v")
        kinetic = self.kinetics.by_velocities(velocities)
        stress = box.stress() + self.kinetics.pressure(velocities, thermo["Volume"])
        virial = self.kinetics.by_virial(positions, box.all("f"), cell)
        row = {
            "step": self.step,
            "time": self.step * box.timestep,
            "potential_energy": thermo["PotEng"],
            "kinetic_energy": kinetic.sum(),
            "temperature": kinetic.sum() / (1.5 * units.kB * len(kinetic)),
            "pressure": np.trace(stress) / 3.0,
            "volume": thermo["Volume"],
        }
        if self.barostat:
            row["cell_temperature"] = self.barostat.temperature(box.strain_rates())
        row |= {f"p{name}": stress[place] for name, place in STRESSES.items()}
        row |= {f"c{a}{b}": cell[i, j] for i, a in enumerate("xyz") for j, b in enumerate("xyz")}
        for name, values in (("kinetic", kinetic), ("virial_kinetic", virial)):
            row |= {f"{name}_{s}": values[box.kinds == k].mean() for k, s in box.present()}
        heat = {s: row[f"kinetic_{s}"] / (1.5 * units.kB) for _, s in box.present()}
        self._check(row, heat)
        if box.writes:
            self.samples.add(row, positions, cell)
        complaint = self.heat_watch.complaint(row["time"], heat) or self.pressure_watch.complaint(
            row["time"], row["pressure"]
        )
        if complaint:
            raise RunError(f"{complaint} (step {row['step']}, {row['time']:.3f} ps); {ADVICE}")

    def _check(self, row: dict[str, float], heat: dict[str, float]) -> None:
        """Make sure that a sample can be kept: all numbers, no atoms that collapsed, no species beyond `HOTTEST`."""
        where = f"at step {row['step']} ({row['time']:.3f} ps)"
        wrong = [name for name, value in row.items() if not np.isfinite(value)]
        if wrong:
            raise RunError(f"{', '.join(wrong)} not finite {where}; {ADVICE}")
        self.box.check_distances(where)
        for species, temperature in heat.items():
            if temperature > HOTTEST:
                raise RunError(f"temperature of {species} is {temperature:.0f} K {where}; {ADVICE}")

    def _report(self) -> str:
        """The report of the finished run, as JSON: the same for two equal runs."""
        document = report(self.box, self.start, self.bath, self.kinetics, self.samples.table())
        return json.dumps(document, indent=2, sort_keys=True) + "\n"

    def _timing(self) -> str:
        """Times of the run, and ``crowded``, as JSON. A run that was killed and continued has other ones.

        ``crowded``, of the native engine: the most atoms at a time, since the last start, that had more neighbours than the
        descriptor was made for.
        """
        wall = time.monotonic() - self.started
        steps = self.spec.steps - self.first_step
        document = {
            "resumed_at": self.first_step,
            "wall_time": wall,
            "processor_time": time.process_time() - self.processor_time,
            "steps_per_second": steps / wall if wall > 0 else 0.0,
        }
        if self.box.native:
            document["crowded"] = self.box.native.crowded
        return json.dumps(document, indent=2, sort_keys=True) + "\n"


def main(job: str, parent: str, threads: str) -> int:
    """Carry out the job; 0 if it went well."""
    end_with_parent()
    watch_for_job()
    path = Path(job)
    try:
        Simulation(json.loads(path.read_text()), path.parent, int(parent), int(threads)).run()
    except Exception as error:
        lost = isinstance(error, OSError) and error.errno == errno.ENOSPC
        print(f"failure: {full_disk(path.parent) if lost else one_line(error)}", flush=True)
        if int(os.environ.get("PMI_SIZE", 1)) > 1:
            os._exit(1)  # the other ranks may wait for this one: leave without a farewell, and MPI ends them
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
