"""Means with honest errors of short, correlated series: equilibration, blocks, replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import erf, fdtri, ndtri, stdtrit

from qcrystal.analysis.low_frequency import at_zero_frequency

# With fewer independent samples than this an error bar would be a guess: it is given as NaN.
MINIMUM_SAMPLES = 4.0
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
        return self.interval(float(erf(sigmas / np.sqrt(2.0))))


def student(freedom: float, level: float = ONE_SIGMA) -> float:
    """Standard errors from the mean within which Student's t lies with the probability ``level``."""
    if not freedom > 0:
        return np.nan
    return float(stdtrit(freedom, 0.5 * (1.0 + level)) if np.isfinite(freedom) else ndtri(0.5 * (1.0 + level)))


def autocovariance(series: ArrayLike) -> np.ndarray:
    """Autocovariance of a series of n values at lags 0 ... n-1, each divided by its own number of pairs."""
    x = np.asarray(series, float)
    n = len(x)
    size = next_fast_len(2 * n, real=True)
    spectrum = rfft(x - x.mean(), size)
    return irfft(np.abs(spectrum) ** 2, size)[:n] / np.arange(n, 0, -1)


def statistical_inefficiency(series: ArrayLike) -> float:
    """Number of consecutive samples that count as one, g = 1 + 2 Σ (1 - t/n) ρ(t), at least 1 and at most n.

    The sum ends at the first t with ρ(t) <= 0 (Chodera, J. Chem. Theory Comput. 12, 1799 (2016)). Subtracting the
    sample mean lowers every ρ(t) by about g/n. Otherwise the error of a series of few correlation times is too small.
    So this is put back self-consistently: the bias correction of U. Wolff, Comput. Phys. Commun. 156, 143 (2004).
    """
    covariance = autocovariance(series)
    n = len(covariance)
    scale = np.square(np.asarray(series, float)).mean()
    if n < 3 or covariance[0] <= 1e-24 * scale:
        return 1.0
    correlation = covariance / covariance[0]
    weight = 1.0 - np.arange(n) / n
    g = 1.0
    for _ in range(100):
        lifted = correlation * (1.0 - g / n) + g / n
        below = np.flatnonzero(lifted[: n - 1] <= 0.0)
        end = below[0] if len(below) else n - 1
        new = min(max(1.0, 1.0 + 2.0 * (weight * lifted)[1:end].sum()), float(n))
        if abs(new - g) < 1e-6 * g:
            break
        g = new
    return new


def estimate(series: ArrayLike) -> Estimate:
    """Mean of a correlated series with its error, by the few slowest projections of `low_frequency`.

    A series that does not vary (a fixed volume) has error 0. The error is NaN where no honest one can be told: fewer than
    `MINIMUM_SAMPLES` values or effective samples, or a drift along the series.
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
    found = at_zero_frequency(x)
    if found.samples < MINIMUM_SAMPLES or found.drifts:
        return Estimate(mean, np.nan, found.samples, 0.0)
    return Estimate(mean, student(found.freedom) * float(np.sqrt(found.variance)), found.samples, float(found.freedom))


def equilibration(series: ArrayLike, minimum: float = 0.2, maximum: float = 0.6, trials: int = 20) -> int:
    """First index of the production part: the start that leaves the most effective samples (Chodera 2016).

    Parameters
    ----------
    series
        Values along the run.
    minimum, maximum
        The start is sought between these fractions of the run.
    trials
        Number of starts that are tried.
    """
    x = np.asarray(series, float)
    starts = np.unique(np.ceil(np.linspace(minimum, maximum, trials) * len(x)).astype(int))
    starts = starts[starts < len(x)] if len(x) else np.array([0])
    if len(starts) == 0:
        return 0
    samples = [(len(x) - start) / statistical_inefficiency(x[start:]) for start in starts]
    return int(starts[int(np.argmax(samples))])


def production_start(thermo: pd.DataFrame, discard: float | None) -> float:
    """Time (ps) from which the run counts: where potential energy and volume both have settled, or a fixed fraction."""
    if len(thermo) == 0:
        raise ValueError("the thermodynamic table holds no row; run the dynamics job again")
    if discard is not None:
        index = int(np.ceil(discard * len(thermo)))
    else:
        index = max(equilibration(thermo[name]) for name in ("potential_energy", "volume"))
    return float(thermo["time"].iloc[min(index, len(thermo) - 1)])


def mean_lattice_constant(thermo: pd.DataFrame, volume: float) -> float:
    """Cubic lattice constant (Å) of the mean volume of a run at constant pressure, once that has settled.

    Parameters
    ----------
    thermo
        Thermodynamic table of the run: time (ps), potential_energy, volume (Å³).
    volume
        Of the run's cell at a lattice constant of 1 Å.
    """
    steady = thermo[thermo["time"] >= production_start(thermo, None)]
    return float((steady["volume"].mean() / volume) ** (1 / 3))


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
    if between > within * fdtri(count - 1, min(freedom, MANY), 1.0 - DISAGREEMENT_LEVEL):
        return Estimate(mean, student(count - 1) * float(np.sqrt(between)), total, count - 1.0)
    if np.isinf(freedom):
        return Estimate(mean, float(np.sqrt(within)), total)
    together = freedom + count - 1.0
    variance = (freedom * within + (count - 1.0) * between) / together
    return Estimate(mean, student(together) * float(np.sqrt(variance)), total, float(together))
