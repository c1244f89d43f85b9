"""Correlated series of zero mean whose correlation time is known, and how often error bars hold that mean.

Run as a program it writes the table of the documentation: ``make error-coverage``.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.fft import dct
from scipy.signal import lfilter

from qcrystal.analysis.equilibration import autocovariance
from qcrystal.analysis.statistics import Estimate, estimate, student

TAU = 10.0
LENGTHS = (5, 7, 10, 15, 20, 30, 50, 100, 300, 1000)
SEED = 20261128
TABLE_SERIES = 1500


def autoregressive(n, tau, rng):
    """AR(1) of unit variance: correlation exp(-t/tau)."""
    phi = np.exp(-1.0 / tau)
    return lfilter([np.sqrt(1.0 - phi**2)], [1.0, -phi], rng.normal(size=n), zi=[phi * rng.normal()])[0]


def two_time_scales(n, tau, rng):
    """Half the variance has the correlation time tau, half tau/15."""
    return np.sqrt(0.5) * (autoregressive(n, tau, rng) + autoregressive(n, tau / 15.0, rng))


def weak_slow_part(n, tau, rng):
    """A fifth of the variance has the correlation time tau, the rest tau/10."""
    return np.sqrt(0.2) * autoregressive(n, tau, rng) + np.sqrt(0.8) * autoregressive(n, tau / 10.0, rng)


def oscillation(n, tau, rng, periods=2.0):
    """Correlation exp(-t/tau) cos(2π t/T), with T = tau over ``periods``."""
    turn = np.exp(-1.0 / tau + 2j * np.pi * periods / tau)
    noise = np.sqrt(1.0 - abs(turn) ** 2) * (rng.normal(size=n) + 1j * rng.normal(size=n))
    start = turn * (rng.normal() + 1j * rng.normal())
    return lfilter([1.0], [1.0, -turn], noise, zi=[start])[0].real


def slow_oscillation(n, tau, rng):
    """The same with half a period per correlation time."""
    return oscillation(n, tau, rng, 0.5)


def oscillation_and_slow_part(n, tau, rng):
    """An oscillation with a tenth as much variance of a slow part: the case that every estimator finds hardest."""
    return oscillation(n, tau, rng) + 0.3 * autoregressive(n, tau, rng)


def drifting(n, tau, rng, sigmas=15.0):
    """AR(1) on a straight line, about zero, whose ends differ by so many standard errors of the mean."""
    return autoregressive(n, tau, rng) + sigmas * np.sqrt(2.0 * tau / n) * np.linspace(-0.5, 0.5, n)


def three_time_scales(n, tau, rng):
    """A third of the variance each at tau, tau/4 and tau/20."""
    return sum(autoregressive(n, tau / part, rng) for part in (1.0, 4.0, 20.0)) / np.sqrt(3.0)


def telegraph(n, tau, rng):
    """Two states, as of a proton in two sites, with white noise of a quarter of their variance."""
    hops = np.cumsum(rng.random(n) < 0.5 * (1.0 - np.exp(-1.0 / tau)))
    return rng.choice((-1.0, 1.0)) * (1.0 - 2.0 * (hops % 2)) + 0.5 * rng.normal(size=n)


def energy_of_an_oscillation(n, tau, rng):
    """Square of an oscillation, less its mean: neither normal, nor without a slow part."""
    return oscillation(n, 2.0 * tau, rng) ** 2 - 1.0


OTHERS = {
    "three time scales": three_time_scales,
    "two states and noise": telegraph,
    "energy of one oscillation": energy_of_an_oscillation,
    "underdamped, T = τ": lambda n, tau, rng: oscillation(n, tau, rng, 1.0),
}
"""Series of kinds that the priors were not chosen with."""
OTHER_LENGTHS = (2, 5, 10, 20, 50, 100)

PROCESSES = {
    "AR(1)": autoregressive,
    "two time scales": two_time_scales,
    "weak slow part": weak_slow_part,
    "underdamped, T = τ/2": oscillation,
    "underdamped, T = 2τ": slow_oscillation,
    "underdamped and slow": oscillation_and_slow_part,
    "AR(1) on a drift of 15 σ": drifting,
}


def inefficiency(series):
    """Error by the statistical inefficiency as pymbar has it (J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016))."""
    n, covariance = len(series), autocovariance(series)
    rho = covariance / covariance[0]
    end = next((t for t in range(3, n - 1) if rho[t] <= 0.0), n - 1)
    g = max(1.0, 1.0 + 2.0 * float(((1.0 - np.arange(n) / n) * rho)[1:end].sum()))
    return Estimate(series.mean(), float(np.sqrt(series.var() * g / n)), n / g)


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
        found[step] = k = np.clip(k, 1e-9 - 1.0, 1.0 - 1e-9)
        forward, backward = (forward - k * backward)[1:], (backward - k * forward)[:-1]
    return found


def autoregressive_samples(series: np.ndarray) -> float:
    """Effective number of values by autoregressive models, averaged with Akaike's weights.

    Subtracting the mean, and the finite number of values, make every such estimate too large. Four lost samples correct that.
    """
    n = len(series)
    lowest, highest = 2, 12  # orders of the models
    k = reflection_coefficients(series, min(highest, max(n // 5, 1)))
    order = np.arange(1, len(k) + 1)
    criterion = n * np.cumsum(np.log1p(-(k**2))) + 2 * order
    inefficiency = np.exp(np.cumsum(2.0 * np.arctanh(k))) * n / np.maximum(n - order - 1, 1)
    first = min(lowest, len(k)) - 1
    weight = np.exp(-0.5 * (criterion[first:] - criterion[first:].min()))
    samples = n / float(np.average(inefficiency[first:], weights=weight))
    return samples / (1.0 + 4.0 / samples)


def autoregressive_error(series):
    """Error by the averaged autoregressive models alone, with half as many degrees of freedom as samples."""
    samples = autoregressive_samples(series)
    freedom = max(samples / 2.0, 0.5)
    error = np.sqrt(series.var() * (1.0 + 1.0 / samples) / samples) * student(freedom)
    return Estimate(series.mean(), float(error), samples, freedom)


def four_projections(series):
    """Error by the four slowest cosines, whatever the series: multitaper with a fixed bandwidth."""
    n = len(series)
    cosines = np.cos(np.pi * np.arange(1, 5)[:, None] * (np.arange(n) + 0.5) / n) * np.sqrt(2.0 / n)
    variance = ((cosines @ (series - series.mean())) ** 2).mean() / n
    return Estimate(series.mean(), float(np.sqrt(variance) * student(4)), np.nan, 4.0)


ESTIMATORS = {
    "this project": estimate,
    "inefficiency": inefficiency,
    "AR models": autoregressive_error,
    "four cosines": four_projections,
}


def coverage(process, ratio, count, rng, estimator=estimate, tau=TAU):
    """Shares of ``count`` series of ``ratio`` correlation times: (within 68 %, within 95 %, with an error at all).

    The first two are of the series with an error.
    """
    found = [estimator(process(int(ratio * tau), tau, rng)) for _ in range(count)]
    told = [e for e in found if not np.isnan(e.error)]
    if not told:
        return np.nan, np.nan, 0.0
    one = np.mean([abs(e.value) < e.interval(0.6826895) for e in told])
    two = np.mean([abs(e.value) < e.interval(0.95) for e in told])
    return float(one), float(two), len(told) / count


def table(count):
    """Markdown: for each process, length and estimator the coverage in %, and the share of series that get an error."""
    rng = np.random.default_rng(SEED)
    lines = [
        "| series | n/τ | " + " | ".join(ESTIMATORS) + " | error told |",
        "|---|---|" + "---|" * (len(ESTIMATORS) + 1),
    ]
    for name, process in PROCESSES.items():
        for ratio in LENGTHS:
            few = count if ratio <= 100 else count // 2
            found = [coverage(process, ratio, few, rng, estimator) for estimator in ESTIMATORS.values()]
            cells = [f"{100 * one:.0f} / {100 * two:.0f}" if share > 0.02 else "none" for one, two, share in found]
            lines.append(f"| {name} | {ratio} | {' | '.join(cells)} | {100 * found[0][2]:.0f} % |")
    return "\n".join(lines) + "\n"


def table_of_others(count):
    """Markdown: coverage in % and share of series with an error, for kinds that the priors were not chosen with."""
    rng = np.random.default_rng(SEED + 1)
    lines = ["| series | " + " | ".join(f"n/τ = {ratio}" for ratio in OTHER_LENGTHS) + " |"]
    lines.append("|---|" + "---|" * len(OTHER_LENGTHS))
    for name, process in OTHERS.items():
        found = [coverage(process, ratio, count, rng) for ratio in OTHER_LENGTHS]
        cells = [f"{100 * one:.0f} / {100 * two:.0f} of {100 * share:.0f} %" for one, two, share in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def slowest_power(series):
    """Squares (20,) of the projections on the slowest cosines: all that a series of few correlation times tells of its mean."""
    return dct(series - series.mean(), norm="ortho")[1:21] ** 2


def best_test(bad, good, refused=0.1):
    """Share of bad series that pass the best test of all which refuses so large a share of good ones; and which do.

    The test knows both spectra: it is the ratio of the likelihoods, which no other test surpasses [Neyman and Pearson, Phil.
    Trans. R. Soc. A 231, 289 (1933)]. The scale of a series is unknown to it. ``bad`` and ``good`` hold squares (series, 20).
    """
    spectra = [power.mean(axis=0) for power in (bad, good)]

    def ratio(power):
        one, two = (-0.5 * np.log(s).sum() - 0.5 * len(s) * np.log((power / s).mean(axis=1)) for s in spectra)
        return two - one

    passes = ratio(bad) >= np.quantile(ratio(good), refused)
    return float(passes.mean()), passes


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(TABLE_SERIES), encoding="utf-8")
    Path(sys.argv[2]).write_text(table_of_others(TABLE_SERIES // 3), encoding="utf-8")
