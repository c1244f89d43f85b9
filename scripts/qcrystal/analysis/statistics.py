"""Means with honest errors of short, correlated series: equilibration, statistical inefficiency, blocks, replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft

# With fewer independent samples than this an error bar would be a guess: it is given as NaN.
MINIMUM_SAMPLES = 4.0


class Estimate(NamedTuple):
    """A value with its standard error (NaN: too few samples to tell) and its effective number of samples."""

    value: float
    error: float
    n_effective: float


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
    sample mean lowers every ρ(t) by about g/n; this is put back self-consistently (the bias correction of U. Wolff,
    Comput. Phys. Commun. 156, 143 (2004)), without which the error of a series of few correlation times is too small.
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
    """Mean of a correlated series, its standard error and its effective number of samples n/g.

    The sample variance is divided by (1 - g/n), because it is taken about the sample's own mean. g itself is known
    badly from few samples, and errs to the small side: n/g is lowered to (n/g)/(1 + 4 g/n), which brings the coverage
    of the error bars of short AR(1) series to the normal one and vanishes for long series.
    A series that does not vary (a fixed volume) has error 0. Fewer than `MINIMUM_SAMPLES` effective samples: error NaN.
    """
    x = np.asarray(series, float)
    if len(x) == 0:
        return Estimate(np.nan, np.nan, 0.0)
    samples = len(x) / statistical_inefficiency(x)
    n_effective = samples / (1.0 + 4.0 / samples) if samples < len(x) else samples
    if n_effective < MINIMUM_SAMPLES:
        return Estimate(float(x.mean()), np.nan, n_effective)
    variance = x.var() / (1.0 - 1.0 / n_effective)
    return Estimate(float(x.mean()), float(np.sqrt(variance / n_effective)), n_effective)


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
    """Standard error of the mean of independent samples; NaN below `MINIMUM_SAMPLES`."""
    x = np.asarray(samples, float)
    return float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) >= MINIMUM_SAMPLES else np.nan


def jackknife_error(leave_one_out: ArrayLike) -> float:
    """Standard error of a quantity from its values with one block of the data left out at a time."""
    x = np.asarray(leave_one_out, float)
    return float(np.sqrt((len(x) - 1) * np.mean((x - x.mean()) ** 2))) if len(x) >= MINIMUM_SAMPLES else np.nan


def replica_mean(estimates: Sequence[Estimate]) -> Estimate:
    """Mean over replicas with their own seeds, each of equal weight.

    The error is the larger of what the replicas' own errors give and what their scatter gives (two or more replicas);
    replicas that settle in different states therefore cannot look precise. A replica whose own error is NaN leaves
    the scatter alone, which needs `MINIMUM_SAMPLES` replicas.
    """
    values, errors, samples = (np.array(column, float) for column in zip(*estimates, strict=True))
    count = len(values)
    within = np.sqrt(np.sum(errors**2)) / count
    between = values.std(ddof=1) / np.sqrt(count) if count > 1 else 0.0
    if np.isnan(within):
        error = between if count >= MINIMUM_SAMPLES else np.nan
    else:
        error = max(within, between)
    return Estimate(float(values.mean()), float(error), float(samples.sum()))
