"""Means with honest errors of short, correlated series: blocks, replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from qcrystal.analysis.low_frequency import at_zero_frequency

# With fewer independent samples than this an error bar would be a guess: it is given as NaN.
MINIMUM_SAMPLES = 4.0
FEWEST_FREEDOM = 0.5
TOO_SHORT = 0.6  # probability that a series is shorter than its correlation time
ONE_SIGMA = 0.6826894921370859  # probability within one standard deviation of a normal number
SMALLEST_VARIANCE = 1e-24  # of the mean square: below it a series is constant but for rounding
DISAGREEMENT_LEVEL = 0.05
MANY = 1e6  # degrees of freedom: as good as infinitely many


class Estimate(NamedTuple):
    """A value with its error.

    Attributes
    ----------
    value : float
    error : float
        Half the width of the interval that holds the true value with a probability of 68.3 %, Student's t included. NaN: the
        data are too few, or drift, and tell no error.
    n_effective : float
        Effective number of independent samples.
    freedom : float
        Degrees of freedom of the error. Infinite: the error is known as such.
    """

    value: float
    error: float
    n_effective: float
    freedom: float = np.inf

    @property
    def standard(self) -> float:
        """The standard error, without Student's t."""
        return self.error / student(self.freedom)

    def interval(self, level: float) -> float:
        """Half the width of the interval that holds the true value with the probability ``level``.

        With few degrees of freedom the 95 % interval is much wider than two errors.
        """
        return self.error * student(self.freedom, level) / student(self.freedom)

    def reach(self, sigmas: float) -> float:
        """Half the width of the interval with the probability that a normal number is within so many of its deviations."""
        return self.interval(float(scipy.special.erf(sigmas / np.sqrt(2.0))))


def student(freedom: float, level: float = ONE_SIGMA) -> float:
    """Standard errors from the mean within which Student's t lies with the probability ``level``."""
    if not freedom > 0:
        return np.nan
    below = 0.5 * (1.0 + level)
    return float(scipy.special.stdtrit(freedom, below) if np.isfinite(freedom) else scipy.special.ndtri(below))


def freedom_of(ratio: float) -> float:
    """Degrees of freedom with which Student's 95 % interval is so many times as wide as the 68.3 % interval.

    Infinite at the ratio of a normal number (1.96) and below it.
    """

    def excess(logarithm: float) -> float:
        freedom = float(np.exp(logarithm))
        return student(freedom, 0.95) / student(freedom) - ratio

    few, many = np.log(FEWEST_FREEDOM), np.log(MANY)
    if excess(many) >= 0.0:
        return np.inf
    return float(np.exp(few if excess(few) <= 0.0 else scipy.optimize.brentq(excess, few, many)))


def estimate(series: ArrayLike) -> Estimate:
    """Mean of a correlated series with its error, by the slowest projections (`low_frequency`).

    The degrees of freedom are those whose 95 % interval is as wide as the one found. `docs/theory/errors.md` has the measured
    coverage.

    A series that does not vary (a fixed volume) has error 0. The error is NaN where no honest one can be told. That is so of
    fewer than `MINIMUM_SAMPLES` values, of no more than `FEWEST_FREEDOM` degrees of freedom, and of a drift along the
    series. It is so as well of a series that is shorter than its correlation time with the probability `TOO_SHORT`.
    """
    x = np.asarray(series, float)
    n = len(x)
    if n == 0:
        return Estimate(np.nan, np.nan, 0.0, 0.0)
    mean = float(x.mean())
    if n < MINIMUM_SAMPLES or not np.isfinite(x).all():
        return Estimate(mean, np.nan, float(n), 0.0)
    if x.var() <= SMALLEST_VARIANCE * np.square(x).mean():
        return Estimate(mean, 0.0, float(n))
    found = at_zero_frequency(x, (ONE_SIGMA, 0.95))
    one, two = found.widths
    freedom = freedom_of(two / one)
    if found.drifts or found.short > TOO_SHORT or freedom <= FEWEST_FREEDOM:
        return Estimate(mean, np.nan, found.samples, 0.0)
    return Estimate(mean, one, found.samples, freedom)


def blocks(n: int, count: int) -> list[slice]:
    """``count`` consecutive slices of nearly equal length that cover ``n`` samples (fewer if n < count)."""
    edges = np.linspace(0, n, min(count, n) + 1).astype(int)
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def mean_error(samples: ArrayLike) -> float:
    """Error of the mean of independent samples, Student's t included; NaN below `MINIMUM_SAMPLES`."""
    x = np.asarray(samples, float)
    if len(x) < MINIMUM_SAMPLES:
        return np.nan
    return student(len(x) - 1) * float(x.std(ddof=1) / np.sqrt(len(x)))


def jackknife_error(leave_one_out: ArrayLike) -> float:
    """Error, Student's t included, of a quantity from its values with one block of the data left out at a time."""
    x = np.asarray(leave_one_out, float)
    if len(x) < MINIMUM_SAMPLES:
        return np.nan
    return student(len(x) - 1) * float(np.sqrt((len(x) - 1) * np.mean((x - x.mean()) ** 2)))


def replica_mean(estimates: Sequence[Estimate]) -> Estimate:
    """Mean over replicas with their own seeds, each of equal weight; two replicas are enough for an error.

    The replicas' scatter has R-1 degrees of freedom and tells an error by Student's t. Where every replica has an error of its
    own, both are pooled, each with the weight of its degrees of freedom. The degrees of freedom of the sum of the replicas' own
    errors are those of B. L. Welch, Biometrika 34, 28 (1947). Where the scatter is larger than those errors allow (F test at
    `DISAGREEMENT_LEVEL`), it counts alone: replicas that settle in different states cannot look precise.
    """
    values, _, samples, freedoms = (np.array(column, float) for column in zip(*estimates, strict=True))
    count = len(values)
    if count == 1:
        return estimates[0]
    mean, total = float(values.mean()), float(samples.sum())
    between = values.var(ddof=1) / count
    own = np.array([found.standard for found in estimates]) ** 2 / count**2
    within = own.sum()
    if not np.isfinite(within):
        return Estimate(mean, student(count - 1) * float(np.sqrt(between)), total, count - 1.0)
    freedom = within**2 / np.sum(own**2 / freedoms) if within > 0.0 and np.isfinite(freedoms).any() else np.inf
    if between > within * scipy.special.fdtri(count - 1, min(freedom, MANY), 1.0 - DISAGREEMENT_LEVEL):
        return Estimate(mean, student(count - 1) * float(np.sqrt(between)), total, count - 1.0)
    if np.isinf(freedom):
        return Estimate(mean, float(np.sqrt(within)), total)
    together = freedom + count - 1.0
    variance = (freedom * within + (count - 1.0) * between) / together
    return Estimate(mean, student(together) * float(np.sqrt(variance)), total, float(together))
