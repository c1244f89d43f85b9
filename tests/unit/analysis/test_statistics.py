"""Errors of correlated series against the analytic AR(1) process."""

import numpy as np
import pytest

from qcrystal.analysis.statistics import (
    Estimate,
    blocks,
    equilibration,
    estimate,
    jackknife_error,
    mean_error,
    replica_mean,
    statistical_inefficiency,
)


def autoregressive(n, phi, rng):
    """Stationary AR(1) series of unit variance; g = (1 + phi)/(1 - phi)."""
    noise = rng.normal(size=n) * np.sqrt(1.0 - phi**2)
    x = np.empty(n)
    x[0] = rng.normal()
    for t in range(1, n):
        x[t] = phi * x[t - 1] + noise[t]
    return x


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_inefficiency_of_an_autoregressive_process(phi):
    """Mean over 20 series of 20 000: the estimate scatters by about 2 sqrt(2 * 5 tau/n) = 10 % each, so 8 % here."""
    rng = np.random.default_rng(1)
    found = [statistical_inefficiency(autoregressive(20_000, phi, rng)) for _ in range(20)]
    assert np.mean(found) == pytest.approx((1.0 + phi) / (1.0 - phi), rel=0.08)


@pytest.mark.parametrize(("n", "phi"), [(30, 0.0), (60, 0.5), (200, 0.8), (400, 0.9), (2000, 0.9)])
def test_error_bars_cover_the_true_mean(n, phi):
    """One error bar holds the true mean in 68 % of many series (60 to 82 % allowed), two in 95 % (at least 87 %).

    The bands are wider than the 2 % sampling error of 600 series because short series know their own variance badly.
    """
    rng = np.random.default_rng(2)
    found = [estimate(autoregressive(n, phi, rng)) for _ in range(600)]
    score = np.array([abs(e.value) / e.error for e in found if not np.isnan(e.error)])
    assert len(score) > 450
    assert 0.60 < np.mean(score < 1.0) < 0.82
    assert np.mean(score < 2.0) > 0.87


def test_a_series_shorter_than_its_correlation_has_no_error_bar():
    """20 samples of a process with g = 199: most runs must say NaN, and none a precise error."""
    rng = np.random.default_rng(3)
    found = [estimate(autoregressive(20, 0.99, rng)) for _ in range(200)]
    assert np.mean([np.isnan(e.error) for e in found]) > 0.6
    assert all(e.n_effective <= 20 for e in found)
    ramp = estimate(np.arange(20.0))
    assert np.isnan(ramp.error) and ramp.n_effective < 4


def test_constant_and_tiny_series():
    assert estimate(np.full(50, 3.1)) == Estimate(pytest.approx(3.1), pytest.approx(0.0, abs=1e-12), 50.0)
    assert np.isnan(estimate([1.0, 2.0, 3.0]).error)
    assert np.isnan(estimate([]).value)


def test_equilibration_is_found_after_the_transient():
    """A transient of 30 % of the run: the start lies behind five decay times and within the allowed range."""
    rng = np.random.default_rng(4)
    x = 0.2 * autoregressive(1000, 0.5, rng) + 10.0 * np.exp(-np.arange(1000) / 60.0)
    assert 230 <= equilibration(x) <= 600
    stationary = autoregressive(1000, 0.5, rng)
    assert 200 <= equilibration(stationary) <= 600


def test_blocks_cover_everything_once():
    covered = np.concatenate([np.arange(23)[part] for part in blocks(23, 5)])
    assert np.array_equal(covered, np.arange(23))
    assert len(blocks(3, 10)) == 3


def test_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(5).normal(size=12)
    without = (x.sum() - x) / 11
    assert jackknife_error(without) == pytest.approx(mean_error(x), rel=1e-12)


def test_replicas_that_disagree_do_not_look_precise():
    apart = replica_mean([Estimate(0.0, 0.01, 50), Estimate(2.0, 0.01, 50)])
    assert apart.value == 1.0 and apart.error == pytest.approx(1.0) and apart.n_effective == 100
    together = replica_mean([Estimate(1.0, 0.3, 10), Estimate(1.0, 0.4, 10)])
    assert together.error == pytest.approx(0.25)
    assert np.isnan(replica_mean([Estimate(1.0, np.nan, 2), Estimate(2.0, 0.1, 20)]).error)
