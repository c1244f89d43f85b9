"""Hops of a quantum bath in a double well beside the rates that theory knows: a bath's hop rate is no quantum rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.statics.tunnelling import HBAR, DoubleWell, classical_rate, double_well_rate

BATHS = {"classical": ThermalBath, "qtb": ThermalBath, "adqtb": AdaptiveBath}
TIMESTEP = 0.5  # fs
EQUILIBRATION = 0.2  # of a run, left out
SAMPLED = 5  # steps from one look to the next: 2.5 fs of a vibration of 28 fs
RETURNED = 0.5  # of the half width: a hop is over when a particle is as far beyond the top
GROUPS = 20  # of wells, whose rates tell the error
NEVER = 3.0  # events that a Poisson process has at most, with 95 % confidence, where none was seen


class Effort(NamedTuple):
    """How long a bath is watched: ``wells`` that are run side by side, ``length`` in ps, ``seed``."""

    wells: int
    length: float
    seed: int


def hops(position: np.ndarray, place: float) -> np.ndarray:
    """Changes of side of each coordinate of a series (T, ...), counted when it has come as far as ``place`` from the top."""
    side = np.where(position[0] > 0, 1, -1)
    count = np.zeros(side.shape, int)
    for frame in position[1:]:
        moved = frame * side < -place
        count += moved
        side = np.where(moved, -side, side)
    return count


def bath_rate(
    method: str, well: DoubleWell, bath: Bath, temperature: float, effort: Effort
) -> tuple[float, float, float]:
    """Hop rate (1/ps) of a bath out of one well, its standard error, and an upper limit (95 %) where nothing hopped.

    The error is that of groups of independent wells. All start at the bottom of one side.

    Parameters
    ----------
    method
        ``classical``, ``qtb`` or ``adqtb``.
    """
    atoms = max(2, -(-effort.wells // 3))
    masses = np.full(atoms, well.mass)
    driver = BATHS[method](bath, temperature, TIMESTEP, masses, effort.seed, quantum=method != "classical")
    position = np.full((atoms, 3), -well.half_width)
    velocity, step_length = np.zeros_like(position), driver.timestep
    acting = well.acceleration(position)
    steps = round(effort.length / step_length)
    first = round(EQUILIBRATION * steps)
    kept = []
    for step in range(1, steps + 1):
        velocity = velocity + 0.5 * step_length * acting
        position = position + step_length * velocity
        acting = well.acceleration(position)
        velocity = driver.kick(step, velocity + 0.5 * step_length * acting)
        if step > first and step % SAMPLED == 0:
            kept.append(position)
    counts = hops(np.array(kept), RETURNED * well.half_width).ravel()
    watched = (steps - first) * step_length
    if counts.sum() == 0:
        return np.nan, np.nan, NEVER / (len(counts) * watched)
    rates = np.array([group.mean() for group in np.array_split(counts, GROUPS)]) / watched
    return float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(GROUPS)), np.nan


def double_well_table(
    well: DoubleWell, bath: Bath, temperatures: Sequence[float], methods: Sequence[str], effort: Effort
) -> pd.DataFrame:
    """Rates against temperature: by theory without errors, by baths with errors.

    Returns
    -------
    pandas.DataFrame
        Columns: barrier, quantum, barrier_quantum (eV), mass (u), crossover (K), splitting (1/ps: the lowest doublet's over h),
        method, temperature (K), rate, error, limit (1/ps).
    """
    levels = well.levels()
    fixed = {
        "barrier": well.barrier,
        "quantum": well.quantum,
        "barrier_quantum": well.path.barrier_quantum,
        "mass": well.mass,
        "crossover": well.path.crossover,
        "splitting": float((levels[1] - levels[0]) / (2.0 * np.pi * HBAR)),
    }
    rows = []
    for temperature in temperatures:
        known = {"classical_tst": classical_rate(well, temperature), "quantum": double_well_rate(well, temperature)}
        found = {method: (rate, np.nan, np.nan) for method, rate in known.items()}
        found |= {method: bath_rate(method, well, bath, temperature, effort) for method in methods}
        rows += [
            {**fixed, "method": method, "temperature": temperature, "rate": rate, "error": error, "limit": limit}
            for method, (rate, error, limit) in found.items()
        ]
    return pd.DataFrame(rows)
