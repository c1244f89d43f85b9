"""Diffusion of atoms that hop between the sites of a crystal: a value where they hop, an upper limit where none does.

The mean squared displacement of a bound crystal rises too, slowly, as long as its soft modes have not come round. Its slope over
6 is then no diffusion coefficient. Here each atom is put on the site that it holds. Vibrations drop out: a crystal without hops
has a displacement of exactly zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from qcrystal.analysis.msd import CM2_PER_S, slope_weights, squared_displacement
from qcrystal.analysis.statistics import Estimate, blocks, mean_error

BLOCKS = 5
LIMIT_LEVEL = 0.95
LINEARITY_LEVEL = 0.01
FIRST_LAG = 0.2  # of the longest lag
SAME_PLACE = 1e-6  # Å
SHORTEST_BLOCK = 8  # windows


class Diffusion(NamedTuple):
    """Diffusion of one species.

    Attributes
    ----------
    coefficient : Estimate
        cm²/s. NaN without a hop, and where the displacement does not rise in proportion to time.
    limit : float
        Upper limit (cm²/s) at `LIMIT_LEVEL` where no atom hopped; NaN otherwise.
    events : int
        Windows of time in which atoms hopped. Atoms that change places do so in one event.
    linearity : Estimate
        Slope of the later lags less that of the earlier, over the slope; 0 of a random walk. NaN without a hop.
    """

    coefficient: Estimate
    limit: float
    events: int
    linearity: Estimate


UNKNOWN = Estimate(np.nan, np.nan, 0.0, 0.0)


def upper_limit(atoms: int, duration: float, hop_length: float, atoms_per_event: int) -> float:
    """Upper limit (cm²/s) of D at `LIMIT_LEVEL` for atoms of which none hopped.

    No event in the time t limits the rate of events to -ln(1 - level)/t (Poisson), which is 3.0/t. Each event moves some of the n
    atoms by the hop length l, so that D = rate x atoms per event x l²/(6 n).

    Parameters
    ----------
    duration
        ps.
    hop_length
        Å, the shortest distance between sites.
    atoms_per_event
        1 with a free site; 2 without, as one atom must make room for another.
    """
    if duration <= 0.0:
        return np.nan
    rate = -np.log(1.0 - LIMIT_LEVEL) / duration
    return rate * atoms_per_event * hop_length**2 / (6.0 * atoms) * CM2_PER_S


def diffusion(sites: np.ndarray, interval: float, hop_length: float, atoms_per_event: int = 1) -> Diffusion:
    """Diffusion coefficient or its upper limit, of the sites that atoms hold.

    The trajectory is cut in `BLOCKS`. The slope of each block's displacement over lags of up to half the block is an independent
    value. Their scatter gives the error, with Student's t. It is at least that of counting the events. The slopes of the
    later and earlier lags may differ (t test at `LINEARITY_LEVEL`). Then the atoms do not walk at random and no coefficient is
    told.

    Parameters
    ----------
    sites
        (W, n, 3) position of the site that each atom holds in each window of time, Å, unwrapped.
    interval
        Time between windows, ps.
    hop_length, atoms_per_event
        See `upper_limit`.
    """
    sites = np.asarray(sites, float)
    windows, atoms = sites.shape[:2]
    moved = np.abs(np.diff(sites, axis=0)).max(axis=(1, 2)) > SAME_PLACE
    events = int(moved.sum())
    if events == 0:
        # A hop shows if a site is held for two windows before it and after it.
        limit = upper_limit(atoms, max(windows - 2, 0) * interval, hop_length, atoms_per_event)
        return Diffusion(UNKNOWN, limit, 0, UNKNOWN)
    parts = blocks(windows, BLOCKS)
    longest = min(part.stop - part.start for part in parts) // 2
    if len(parts) < BLOCKS or 2 * longest < SHORTEST_BLOCK:
        return Diffusion(UNKNOWN, np.nan, events, UNKNOWN)
    lag = np.arange(max(1, round(FIRST_LAG * longest)), longest + 1)
    half = len(lag) // 2
    curves = np.array([squared_displacement(sites[part]).mean(axis=1)[lag] for part in parts])
    slopes = curves @ slope_weights(lag * interval)
    early, late = (
        curves[:, part] @ slope_weights(lag[part] * interval) for part in (slice(0, half + 1), slice(half, None))
    )
    value, freedom = float(slopes.mean()), BLOCKS - 1.0
    error = max(mean_error(slopes), abs(value) / np.sqrt(events))
    bend = Estimate(float((late - early).mean()), mean_error(late - early), float(BLOCKS), freedom)
    linear = abs(bend.value) <= bend.standard * scipy.special.stdtrit(freedom, 1.0 - 0.5 * LINEARITY_LEVEL)
    scale = CM2_PER_S / 6.0
    found = Estimate(value * scale, error * scale, float(events), freedom) if linear else UNKNOWN
    relative = bend._replace(value=bend.value / value, error=bend.error / abs(value)) if value else UNKNOWN
    return Diffusion(found, np.nan, events, relative)
