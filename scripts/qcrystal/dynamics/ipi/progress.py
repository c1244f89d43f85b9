"""Progress of i-PI, and whether it should go on."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
from ase import units

from qcrystal.dynamics.ipi.atomic_units import GIGAPASCAL, KELVIN
from qcrystal.dynamics.ipi.job import Job
from qcrystal.dynamics.watch import PressureWatch

logger = logging.getLogger(__name__)

LOG_INTERVAL = 20.0
"""Seconds between two lines of progress."""
ADVICE = "a shorter timestep or a better start structure may help"


class Watch:
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

    def __init__(self, job: Job, volume: float, trained: tuple[float, float] | None):
        self.job, self.volume = job, volume
        self.pressure = PressureWatch(job.spec.pressure if job.spec.ensemble == "npt" else None, trained)
        self.rate: float | None = None
        self._first: tuple[float, float] | None = None
        self._logged = time.monotonic()

    def check(self) -> np.ndarray | None:
        """The state that i-PI wrote last (see `last_state`); None before it wrote one.

        Raises
        ------
        RunError
            If the energy is not a number, temperature or volume explode, or the pressure is not what it should be.
        """
        state = last_state(self.job.folder / "run.progress")
        if state is not None:
            self._check(state)
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
            self.job.drop_old_checkpoints()

    def _tell(self, state: np.ndarray | None) -> None:
        steps = self.job.spec.steps
        if state is None or self.rate is None:
            logger.info("step %d/%d, speed not known yet", 0 if state is None else state[0], steps)
        else:
            left = (steps - state[0]) / self.rate
            logger.info("step %d/%d, %.3g steps/s, %.0f s left", state[0], steps, self.rate, left)

    def _check(self, state: np.ndarray) -> None:
        step, potential, temperature, volume, pressure = state
        kelvin, ratio = temperature / KELVIN, volume * units.Bohr**3 / self.volume
        if not np.isfinite([potential, temperature, volume]).all():
            raise self.job.error(f"energy {potential} Ha is not a number at step {step:.0f}; {ADVICE}")
        if kelvin > 10.0 * self.job.spec.temperature + 1000.0:
            raise self.job.error(f"the temperature exploded to {kelvin:.0f} K at step {step:.0f}; {ADVICE}")
        if not 0.5 < ratio < 2.0:
            raise self.job.error(f"the volume is {ratio:.2f} of the start's at step {step:.0f}; {ADVICE}")
        complaint = self.pressure.complaint(step * self.job.spec.timestep * 1e-3, pressure / GIGAPASCAL)
        if complaint:
            raise self.job.error(f"{complaint} (step {step:.0f}); {ADVICE}")


def last_state(path: Path) -> np.ndarray | None:
    """Last complete line (step, potential, temperature, volume, pressure; atomic units) of the progress file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1024))
        lines = file.read().decode().split("\n")[:-1]
    values = lines[-1].split() if lines else []
    return np.array(values, float) if len(values) == 5 and not lines[-1].startswith("#") else None
