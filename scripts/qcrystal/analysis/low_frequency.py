"""Error of the mean of a correlated series, from its power at the lowest frequencies.

The variance of the mean of n values is that of the series' spectral density at frequency zero, over n. The projections of the
series on its slowest cosines show the density near zero. What it has at zero itself depends on its shape. So an average is taken
over shapes that spectra of crystals have, each weighted by how well it explains the projections [P. Whittle, Ark. Mat. 2, 423
(1953)]. The level of each shape is integrated out, with the prior dS/S. That gives Student's t [Box and Tiao, Bayesian Inference
in Statistical Analysis (1973), section 2.4]. `docs/theory/errors.md` tells the prior weights of the shapes,
the measured coverage, and that of other estimators.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import scipy

PROJECTIONS = 20
GRID = 240  # points at which a series of given correlation is projected
# Prior weights. Lengths of the series are counted in correlation times, evenly in their logarithm but for a tilt to short series.
LENGTHS = np.geomspace(0.1, 60.0, 20)
TILT = 0.2
FLOORS = (0.0, 0.05)  # part of the density at zero that is white
SEEN = 0.4  # correlation times; a slow part that a series sees less of is hidden by any floor
WHITE, FALLING, OSCILLATING = 0.32, 0.21, 0.47
HALF_PERIODS = (3.0, 4.5, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0)  # of an oscillation, in the series
PERIODS_PER_TIME = (0.5, 2.0)  # periods in a correlation time
# Density at zero besides the oscillation's, over its mean: weight.
BENEATH = {0.0: 2.0, 0.003: 2.0, 0.03: 2.0, 0.3: 1.0}
SHORT = 1.0  # correlation times
DRIFT_LEVEL = 0.01


class ZeroFrequency(NamedTuple):
    """What the lowest frequencies of a series tell of its mean.

    Attributes
    ----------
    widths : tuple of float
        Half the widths of the intervals that hold the true mean with the probabilities that were asked for.
    samples : float
        Effective number of independent values. It exceeds n where the values alternate about their mean.
    short : float
        Probability that the series is shorter than `SHORT` correlation times.
    drifts : bool
        The slowest cosine, half a period long, has more power than the shapes give it in 1 of 100 series.
    """

    widths: tuple[float, ...]
    samples: float
    short: float
    drifts: bool


class Shapes(NamedTuple):
    """Shapes that a spectrum may have.

    Attributes
    ----------
    power : numpy.ndarray
        (S, count) expected squares of the projections 1 ... count.
    mean : numpy.ndarray
        (S,) n times the variance of the mean, in the same units.
    length : numpy.ndarray
        (S,) of the series, in correlation times.
    prior : numpy.ndarray
        (S,) weights; their sum is 1.
    """

    power: np.ndarray
    mean: np.ndarray
    length: np.ndarray
    prior: np.ndarray


def _expected(length: float, half_periods: float, count: int) -> np.ndarray:
    """Expected squares (count + 1,) of the projections 0 ... count of a series with the correlation exp(-t/τ) cos(2πt/T).

    The series is so many correlation times and half periods long.
    """
    t = np.abs(np.subtract.outer(np.arange(GRID), np.arange(GRID))) / GRID
    return np.diag(scipy.fft.dctn(np.exp(-length * t) * np.cos(np.pi * half_periods * t), norm="ortho"))[: count + 1]


@cache
def shapes(count: int) -> Shapes:
    """All shapes, at so many projections."""
    white = np.ones(count + 1)
    rows: list[tuple[np.ndarray, float, float]] = [(white, np.inf, WHITE)]
    tilt = LENGTHS**-TILT / np.sum(LENGTHS**-TILT)
    for length, weight in zip(LENGTHS.tolist(), tilt.tolist(), strict=True):
        falling = _expected(length, 0.0, count)
        floors = FLOORS if length >= SEEN else FLOORS[:1]
        rows += [
            ((1.0 - floor) * falling / falling[0] + floor, length, FALLING * weight / len(floors)) for floor in floors
        ]
    oscillations = list(product(HALF_PERIODS, PERIODS_PER_TIME))
    for half_periods, per_time in oscillations:
        length = half_periods / (2.0 * per_time)
        peak, falling = _expected(length, half_periods, count), _expected(length, 0.0, count)
        for (beneath, weight), rest in product(BENEATH.items(), (falling / falling[0], white)):
            part = weight / (2.0 * sum(BENEATH.values()) * len(oscillations))
            rows.append((peak / peak[1:].mean() + beneath * rest, length, OSCILLATING * part))
    table = np.array([row[0] for row in rows])
    prior = np.array([row[2] for row in rows])
    return Shapes(table[:, 1:], table[:, 0], np.array([row[1] for row in rows]), prior / prior.sum())


def _posterior(power: np.ndarray, expected: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (S,) of the shapes after the projections (count,) are known, and the level (S,) of each."""
    level = np.maximum((power / expected).mean(axis=1), np.finfo(float).tiny)
    likelihood = np.log(prior) - 0.5 * np.log(expected).sum(axis=1) - 0.5 * len(power) * np.log(level)
    weight = np.exp(likelihood - likelihood.max())
    return weight / weight.sum(), level


def at_zero_frequency(series: np.ndarray, levels: tuple[float, ...]) -> ZeroFrequency:
    """Intervals of the mean of a series (n,), n >= 4, that is not constant, for the probabilities ``levels``."""
    n = len(series)
    power = scipy.fft.dct(series - series.mean(), norm="ortho")[1 : PROJECTIONS + 1] ** 2
    count = len(power)
    shape = shapes(count)
    weight, level = _posterior(power, shape.power, shape.prior)
    deviation = np.sqrt(level * shape.mean / n)

    def excess(logarithm: float, wanted: float) -> float:
        return float(weight @ (2.0 * scipy.special.stdtr(count, np.exp(logarithm) / deviation) - 1.0)) - wanted

    counted = deviation[weight > 0.0]
    low, high = np.log(counted.min()) - 7.0, np.log(counted.max()) + 7.0
    widths = [float(np.exp(scipy.optimize.brentq(excess, low, high, args=(wanted,)))) for wanted in levels]
    without, rest = _posterior(power[1:], shape.power[:, 1:], shape.prior)
    chance = float(without @ scipy.special.fdtrc(1, count - 1, power[0] / (shape.power[:, 0] * rest)))
    return ZeroFrequency(
        tuple(widths),
        float(series.var() / np.exp(weight @ np.log(deviation**2))),
        float(weight[shape.length < SHORT].sum()),
        chance < DRIFT_LEVEL,
    )
