"""Errors of correlated series against the analytic AR(1) process."""

import numpy as np
import pytest
from correlated_series import PROCESSES, autoregressive, best_test, coverage, slowest_power

from qcrystal.analysis.statistics import (
    Estimate,
    blocks,
    estimate,
    jackknife_error,
    mean_error,
    replica_mean,
    student,
)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("AR(1)", ratio) for ratio in (5, 10, 20, 50)]
    + [(name, 20) for name in PROCESSES if "drift" not in name and name not in ("AR(1)", "underdamped, T = 2τ")]
    + [("underdamped, T = τ/2", 100), ("underdamped, T = 2τ", 100)],
)
@pytest.mark.engine
def test_intervals_hold_the_true_mean_as_often_as_they_say(name, ratio):
    """68 and 95 % of 400 series, within 3 % and two standard deviations of the binomial number (4.7 and 2.2 %)."""
    one, two, share = coverage(PROCESSES[name], ratio, 400, np.random.default_rng(2))
    assert one == pytest.approx(0.683, abs=0.03 + 0.047)
    assert two == pytest.approx(0.95, abs=0.03 + 0.022)
    assert share > (0.85 if ratio > 5 else 0.6)


def test_no_test_tells_a_hidden_slow_part_from_a_healthy_series():
    """The likelihood ratio of both known spectra refuses one in ten AR(1) of 20 correlation times, and passes most hidden ones.

    No test surpasses it (Neyman and Pearson). So no rule of refusal can do what the estimator does not. The share is 0.65; its
    deviation at 300 series is 0.03, and that of the quantile moves it as much.
    """
    rng = np.random.default_rng(11)
    bad, good = (
        np.array([slowest_power(PROCESSES[name](10 * ratio, 10.0, rng)) for _ in range(300)])
        for name, ratio in (("two time scales", 5), ("AR(1)", 20))
    )
    assert best_test(bad, good)[0] > 0.5
    assert best_test(np.ones_like(bad) * np.r_[1.0, np.full(19, 1e-3)], good)[0] == 0.0  # one that anybody sees


def test_errors_of_long_series_are_no_wider_than_needed():
    """The median of 300 errors over the true one, of 50 correlation times: within 10 %, of which 4 % is their scatter."""
    rng = np.random.default_rng(8)
    found = [estimate(autoregressive(500, 10.0, rng)) for _ in range(300)]
    inefficiency = (1.0 + np.exp(-0.1)) / (1.0 - np.exp(-0.1))
    assert np.nanmedian([e.error for e in found]) == pytest.approx(np.sqrt(inefficiency / 500), rel=0.1)


@pytest.mark.parametrize("ratio", [5, 10])
@pytest.mark.parametrize("name", ["two time scales", "underdamped, T = 2τ"])
@pytest.mark.engine
def test_95_percent_intervals_hold_at_few_correlation_times(name, ratio):
    """At least 88 % at five correlation times and 92 % at ten, less two deviations of the binomial number (1.7 %) of 1500."""
    _, two, _ = coverage(PROCESSES[name], ratio, 1500, np.random.default_rng(3))
    assert two > (0.88 if ratio == 5 else 0.92) - 0.017


def test_a_drift_has_no_error_or_a_wide_one():
    """A line whose ends differ by 15 errors of the mean: many series are refused, no other error is too small."""
    one, two, share = coverage(PROCESSES["AR(1) on a drift of 15 σ"], 50, 400, np.random.default_rng(4))
    assert share < 0.6 and one > 0.68 and two > 0.95


def test_the_error_of_an_oscillation_is_not_that_of_its_amplitude():
    """The mean of an oscillation scatters less than half as much as independent values would; the errors follow the scatter.

    3.5 % is the deviation of 400 scattered means, and of 200 errors of ten degrees of freedom about 3 %.
    """
    rng = np.random.default_rng(5)
    oscillation = PROCESSES["underdamped, T = τ/2"]
    spread = np.std([oscillation(1000, 10.0, rng).mean() for _ in range(400)])
    found = [estimate(oscillation(1000, 10.0, rng)) for _ in range(200)]
    assert spread < 0.5 * np.sqrt(1.0 / 1000)
    assert np.sqrt(np.nanmean([e.standard**2 for e in found])) == pytest.approx(spread, rel=0.1)


def test_a_series_shorter_than_its_correlation_often_has_no_error_bar():
    """20 samples of a process with g = 199: nothing in them tells. Two in five get none, and the rest a wide 95 % interval."""
    rng = np.random.default_rng(3)
    found = [estimate(autoregressive(20, 100.0, rng)) for _ in range(200)]
    told = [e for e in found if not np.isnan(e.error)]
    assert len(told) < 0.6 * len(found)
    assert np.mean([abs(e.value) < e.interval(0.95) for e in told]) > 0.6
    assert np.isnan(estimate(np.arange(20.0)).error)


def test_constant_and_tiny_series():
    assert estimate(np.full(50, 3.1)) == Estimate(pytest.approx(3.1), pytest.approx(0.0, abs=1e-12), 50.0)
    assert np.isnan(estimate([1.0, 2.0, 3.0]).error)
    assert np.isnan(estimate([]).value)


def test_blocks_cover_everything_once():
    covered = np.concatenate([np.arange(23)[part] for part in blocks(23, 5)])
    assert np.array_equal(covered, np.arange(23))
    assert len(blocks(3, 10)) == 3


def test_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(5).normal(size=12)
    without = (x.sum() - x) / 11
    assert jackknife_error(without) == pytest.approx(mean_error(x), rel=1e-12)


def test_replicas_that_disagree_do_not_look_precise():
    """Two replicas 2 apart: the mean has a standard error of 1, and t of one degree of freedom is 1.837."""
    apart = replica_mean([Estimate(0.0, 0.01, 50), Estimate(2.0, 0.01, 50)])
    assert apart.value == 1.0 and apart.error == pytest.approx(1.8374, rel=1e-3) and apart.n_effective == 100
    assert apart.interval(0.95) == pytest.approx(12.706, rel=1e-3)
    together = replica_mean([Estimate(1.0, 0.3, 10), Estimate(1.0, 0.4, 10)])
    assert together.error == pytest.approx(0.25)
    alone = Estimate(2.0, 0.1, 20, 5.0)
    assert replica_mean([alone]) == alone


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("known", [True, False])
def test_intervals_of_few_replicas_hold_the_true_mean(count, known):
    """Normal replicas with errors of 6 degrees of freedom, or none: 68 and 95 % of 2000, within 3 % and 1.5 %."""
    rng = np.random.default_rng(6)
    inside = []
    for _ in range(2000):
        own = np.sqrt(rng.chisquare(6, count) / 6.0) * student(6.0) if known else np.full(count, np.nan)
        found = replica_mean([Estimate(rng.normal(), e, 20.0, 6.0) for e in own])
        inside.append([abs(found.value) < found.interval(level) for level in (0.683, 0.95)])
    assert np.mean(inside, axis=0) == pytest.approx([0.683, 0.95], abs=0.03 + 0.015)


def test_students_factor_and_intervals():
    """Tables of Student's t: 4.303 (2 degrees of freedom, 95 %), 1.960 (normal)."""
    assert student(2, 0.95) == pytest.approx(4.303, abs=1e-3) and student(np.inf, 0.95) == pytest.approx(
        1.960, abs=1e-3
    )
    assert Estimate(0.0, student(2), 5.0, 2.0).interval(0.95) == pytest.approx(4.303, abs=1e-3)
    assert np.isnan(student(0.0))
