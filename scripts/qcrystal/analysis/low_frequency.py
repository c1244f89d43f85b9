"""Power of a series at low frequencies, which is the variance of its mean.

The variance of the mean of n correlated values is S(0)/n, with S(0) the spectral density at frequency zero. The projections of
the series on its slowest cosines are nearly independent normal numbers of variance S(0). The cosines must vary more slowly than
the series forgets. A few of them give S(0) and Student's t with as many degrees of freedom [E. Lazarus et al., J. Bus. Econ.
Stat. 36, 541 (2018), eq. 11]. How many are slow enough is read from the spectrum itself. `docs/theory/errors.md` has the
measured coverage, and that of other estimators.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.fft import dct
from scipy.special import fdtri

ORDERS = (2, 12)  # of the autoregressive models
PROJECTIONS = 20  # whose powers show where the spectrum falls
FEWEST, MOST = 2, 10  # projections that are averaged
SAMPLES_PER_PROJECTION = 6.0
PART_OF_CORNER = 0.7  # projections below this part of the spectrum's corner are slow enough
LOST_SAMPLES = 4.0
DRIFT_LEVEL = 0.01
DRIFT_PROJECTIONS = 6
SMALLEST_COEFFICIENT = 1e-9  # by which a reflection coefficient stays below 1


class ZeroFrequency(NamedTuple):
    """Variance of the mean of a series of n values, from its lowest frequencies.

    Attributes
    ----------
    variance : float
        Of the mean, S(0)/n.
    freedom : int
        Degrees of freedom of ``variance``.
    samples : float
        Effective number of independent values. It exceeds n where the values alternate about their mean.
    drifts : bool
        The slowest cosine, half a period long, has more power than noise gives it in 1 of 100 series.
    """

    variance: float
    freedom: int
    samples: float
    drifts: bool


def reflection_coefficients(series: np.ndarray, order: int) -> np.ndarray:
    """Burg's reflection coefficients (order,) of a series about its mean.

    J. P. Burg, thesis, Stanford (1975). The model of order p has innovations of variance x² Π(1-k²), and its statistical
    inefficiency is g = S(0)/x² = Π(1+k)/(1-k), both over the first p coefficients.
    """
    centred = series - series.mean()
    forward, backward = centred[1:], centred[:-1]
    found = np.empty(order)
    for step in range(order):
        power = forward @ forward + backward @ backward
        k = 2.0 * (forward @ backward) / power if power > 0.0 else 0.0
        found[step] = k = np.clip(k, SMALLEST_COEFFICIENT - 1.0, 1.0 - SMALLEST_COEFFICIENT)
        forward, backward = (forward - k * backward)[1:], (backward - k * forward)[:-1]
    return found


def autoregressive_samples(series: np.ndarray) -> float:
    """Effective number of values by autoregressive models, averaged with Akaike's weights.

    Subtracting the mean, and the finite number of values, make every such estimate too large. `LOST_SAMPLES` corrects that; it
    vanishes for long series.
    """
    n = len(series)
    lowest, highest = ORDERS
    k = reflection_coefficients(series, min(highest, max(n // 5, 1)))
    order = np.arange(1, len(k) + 1)
    criterion = n * np.cumsum(np.log1p(-(k**2))) + 2 * order
    inefficiency = np.exp(np.cumsum(2.0 * np.arctanh(k))) * n / np.maximum(n - order - 1, 1)
    first = min(lowest, len(k)) - 1
    weight = np.exp(-0.5 * (criterion[first:] - criterion[first:].min()))
    samples = n / float(np.average(inefficiency[first:], weights=weight))
    return samples / (1.0 + LOST_SAMPLES / samples)


@cache
def _spectra(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Shapes (S, count) that a falling spectrum may have at the projections, and the corner of each (S,).

    Each is a Lorentzian of one corner above a constant. The first is flat.
    """
    square = np.arange(1.0, count + 1.0) ** 2
    corners = np.geomspace(1.0, count, 16)
    floors = (0.0, 0.05, 0.15, 0.4)
    shapes = [(1.0 - floor) / (1.0 + square / corner**2) + floor for corner in corners for floor in floors]
    return np.array([np.ones(count), *shapes]), np.concatenate([[np.inf], np.repeat(corners, len(floors))])


def _corner(power: np.ndarray) -> float:
    """Corner of the spectrum of the likeliest shape, counted in projections (P. Whittle, Ark. Mat. 2, 423 (1953))."""
    shapes, corners = _spectra(len(power))
    level = (power / shapes).mean(axis=1)
    cost = np.log(shapes).sum(axis=1) + len(power) * np.log(level) + 2.0 * np.isfinite(corners)
    return float(corners[np.argmin(cost)])


def at_zero_frequency(series: np.ndarray) -> ZeroFrequency:
    """Variance of the mean of a series (n,), n >= 4, that is not constant.

    Up to `MOST` projections are averaged. Their number is such that each is slower than the series forgets, by the
    autoregressive models and by the spectrum's corner. What a Lorentzian of the correlation time lacks at the projections is
    put back. For this the correlation time is taken a standard deviation larger than it is found.
    """
    n = len(series)
    power = dct(series - series.mean(), norm="ortho")[1 : PROJECTIONS + 1] ** 2
    samples = autoregressive_samples(series)
    slow = min(samples / SAMPLES_PER_PROJECTION, PART_OF_CORNER * _corner(power))
    count = int(np.clip(slow, FEWEST, min(MOST, len(power))))
    corner = max(2.0 / np.pi * (samples - np.sqrt(samples)), 1.0)
    shape = 1.0 / (1.0 + (np.arange(1, count + 1) / corner) ** 2)
    rest = power[1 : DRIFT_PROJECTIONS + 1]
    drifts = power[0] > fdtri(1, len(rest), 1.0 - DRIFT_LEVEL) * rest.mean()
    return ZeroFrequency(float(power[:count].sum() / shape.sum() / n), count, samples, bool(drifts))
