"""Mean squared displacements and their slope.

[Qin] prints D = 3.5e-5 cm²/s (5 K, 200 GPa), which equals the slope in its fig. 5 without the factor 1/6. The slope is given
here; it is no diffusion coefficient where atoms stay on their sites. See `qcrystal.analysis.diffusion`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from qcrystal.analysis.statistics import MINIMUM_SAMPLES, Estimate, mean_error, student
from qcrystal.fields import spread

CM2_PER_S = 1e-10**2 / 1e-12 / 1e-2**2
CHUNK = 2000


class Displacement(NamedTuple):
    """Squared displacements (Å²) at ``lag`` frames, (L,): ``each`` (L, n) per atom, ``halves`` (2, L) of half the data.

    ``halves`` is NaN at lags that half the trajectory does not reach.
    """

    lag: np.ndarray
    each: np.ndarray
    halves: np.ndarray


def lags(frames: int, fraction: float, count: int) -> np.ndarray:
    """At most ``count`` different lags from 0 to ``fraction`` of the trajectory, in frames."""
    longest = max(1, int(fraction * frames)) if frames > 1 else 0
    return np.array(spread(range(min(longest, frames - 1) + 1), count))


def squared_displacement(positions: np.ndarray) -> np.ndarray:
    """Squared displacement of each atom at every lag, averaged over all time origins, by FFT.

    <|r(t+m) - r(t)|²> = S1(m) - 2 S2(m) with S2 an autocorrelation (Calandrini et al., Collection SFN 12, 201 (2011)).

    Parameters
    ----------
    positions
        (F, n, 3), unwrapped, Å.

    Returns
    -------
    (F, n) array, Å²
    """
    x = np.asarray(positions, float)
    x = x - x.mean(axis=0)
    frames = len(x)
    size = scipy.fft.next_fast_len(2 * frames, real=True)
    product = scipy.fft.irfft((np.abs(scipy.fft.rfft(x, size, axis=0)) ** 2).sum(axis=-1), size, axis=0)[:frames]
    square = (x**2).sum(axis=-1)
    total = 2.0 * square.sum(axis=0)
    lost = np.zeros_like(square)
    lost[1:] = np.cumsum(square[:-1] + square[:0:-1], axis=0)
    pairs = np.arange(frames, 0, -1)[:, None]
    return np.maximum((total - lost - 2.0 * product) / pairs, 0.0)


def mean_squared_displacement(positions: np.ndarray, lag: np.ndarray) -> Displacement:
    """Squared displacements at chosen lags of atoms whose centre-of-mass drift has been removed.

    Parameters
    ----------
    positions
        (F, n, 3), Å.
    lag
        (L,) lags in frames, below F.
    """
    positions, lag = np.asarray(positions, float), np.asarray(lag)
    middle = len(positions) // 2
    each = np.empty((len(lag), positions.shape[1]))
    halves = np.full((2, len(lag), positions.shape[1]), np.nan)
    short = lag < middle
    for start in range(0, positions.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        each[:, part] = squared_displacement(positions[:, part])[lag]
        for half, frames in enumerate((slice(0, middle), slice(len(positions) - middle, None))):
            if short.any():
                halves[half, short, part] = squared_displacement(positions[frames, part])[lag[short]]
    return Displacement(lag, each, halves.mean(axis=-1))


def mean_with_error(displacement: Displacement) -> tuple[np.ndarray, np.ndarray]:
    """Mean over atoms and its error (L,): the larger of the atoms' scatter and of half the halves' difference.

    Independent walkers make the first right; motion in common shows in the second. Two halves have one degree of freedom, whose
    Student's t is in the error. Fewer than four atoms: NaN.
    """
    error = np.array([mean_error(row) for row in displacement.each])
    return displacement.each.mean(axis=1), np.fmax(error, _half_difference(displacement.halves, error))


def _half_difference(halves: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Error by the difference of the trajectory's halves, where there is an error."""
    difference = student(1.0) * 0.5 * np.abs(halves[0] - halves[1])
    return np.where(np.isnan(error), np.nan, difference)


def linear_slope(displacement: Displacement, interval: float, start: float = 0.2) -> Estimate:
    """Slope of the mean squared displacement in its linear regime, Å²/ps.

    Parameters
    ----------
    displacement
        From `mean_squared_displacement`, or of the reordered kind.
    interval
        Time between frames, ps.
    start
        The straight line is fitted to lags from this fraction of the longest lag on; shorter ones hold the vibrations.

    Returns
    -------
    Estimate
        Error: the larger of the scatter of the atoms' slopes and of what the two halves of the trajectory tell.
        The halves have one degree of freedom of Student's t, the atoms one less than their number.
        ``n_effective`` is the number of atoms. NaN error with fewer than
        four atoms, NaN value with fewer than two lags.
    """
    atoms = displacement.each.shape[1]
    window = (displacement.lag >= start * displacement.lag[-1]) & (displacement.lag > 0)
    if window.sum() < 2:
        return Estimate(np.nan, np.nan, 0.0)
    slopes = slope_weights(displacement.lag[window] * interval) @ displacement.each[window]
    value = float(slopes.mean())
    error = mean_error(slopes)
    both = window & ~np.isnan(displacement.halves).any(axis=0)
    if both.sum() < 2 or atoms < MINIMUM_SAMPLES:
        return Estimate(value, np.nan, float(atoms), 0.0)
    first, second = displacement.halves[:, both] @ slope_weights(displacement.lag[both] * interval)
    by_halves = student(1.0) * 0.5 * abs(first - second)
    if error >= by_halves:
        return Estimate(value, error, float(atoms), atoms - 1.0)
    return Estimate(value, by_halves, float(atoms), 1.0)


def slope_weights(time: np.ndarray) -> np.ndarray:
    """Weights w with w @ y the least-squares slope of y against ``time``."""
    centred = time - time.mean()
    return centred / (centred @ centred)
