"""The rule of verdicts: each branch, on numbers whose verdict is plain."""

from __future__ import annotations

import numpy as np
import pytest

from qcrystal.analysis.phases import Boundary
from qcrystal.analysis.verdicts import (
    Evidence,
    judge_boundary,
    judge_events,
    judge_limit,
    judge_number,
    judge_peaks,
    judge_phases,
)

LONG = {"unit": "K", "method": "qtb", "atoms": 352, "length": 20.0, "samples": 50.0}
YES, NO, UNKNOWN = "reproduced", "not reproduced", "not decidable here"


@pytest.mark.parametrize(
    "value, error, verdict",
    [
        (920.0, 10.0, YES),  # 1.4 sigma of 14
        (935.0, 10.0, UNKNOWN),  # 2.5 sigma
        (950.0, 10.0, NO),  # 3.5 sigma
        (900.0, 300.0, UNKNOWN),  # too wide: everything would agree with it
        (900.0, np.nan, UNKNOWN),
        (np.nan, 10.0, UNKNOWN),
    ],
)
def test_numbers_agree_within_two_errors_and_differ_beyond_three(value, error, verdict):
    assert judge_number(Evidence(value, error, **LONG), 900.0, 10.0, 20.0).verdict == verdict


@pytest.mark.parametrize("short", [{"length": 0.15}, {"samples": 9.0}])
def test_a_short_run_decides_nothing_however_well_it_agrees(short):
    weak = Evidence(900.0, 1.0, **LONG | short)
    assert judge_number(weak, 900.0, 10.0, 20.0).verdict == UNKNOWN
    assert judge_number(weak, 100.0, 1.0, 20.0).verdict == UNKNOWN
    assert judge_limit(weak, 1000.0, 20.0).verdict == UNKNOWN


@pytest.mark.parametrize("value, verdict", [(0.7, YES), (0.95, UNKNOWN), (1.2, UNKNOWN), (1.4, NO)])
def test_a_limit_holds_or_is_broken_by_more_than_the_error(value, verdict):
    assert judge_limit(Evidence(value, 0.1, **LONG), 1.0, 20.0).verdict == verdict
    assert judge_limit(Evidence(0.1, np.nan, **LONG), 1.0, 20.0).verdict == UNKNOWN


@pytest.mark.parametrize(
    "below, above, verdict",
    [
        (140, 160, YES),
        (120, 145, YES),  # reaches into 150 ± 10
        (160, 190, UNKNOWN),  # touches 140 to 160, and no pressure is in both
        (120, 140, UNKNOWN),
        (170, 180, NO),  # still distorted beyond
        (100, 130, NO),  # symmetric already short of it
        (np.nan, 130, NO),
        (np.nan, 160, UNKNOWN),
        (140, np.nan, UNKNOWN),
        (100, 200, UNKNOWN),  # holds it, but is too wide
        (np.nan, np.nan, UNKNOWN),
    ],
)
def test_boundaries(below, above, verdict):
    assert judge_boundary(Boundary(below, above, False), 150.0, 10.0, "GPa").verdict == verdict


def test_hysteresis_decides_nothing():
    assert judge_boundary(Boundary(140, 160, True), 150.0, 10.0, "GPa").verdict == UNKNOWN


def test_events_and_phases():
    assert judge_events(Evidence(12, 3.5, **LONG), 20.0).verdict == YES
    assert judge_events(Evidence(0, 1.0, **LONG), 20.0).verdict == NO
    assert judge_events(Evidence(3, 1.7, **LONG), 20.0).verdict == UNKNOWN
    assert judge_events(Evidence(12, 3.5, **LONG | {"length": 1.0}), 20.0).verdict == UNKNOWN
    assert judge_phases(["symmetric", "symmetric"], "symmetric", "cubic").verdict == YES
    assert judge_phases(["symmetric", "distorted"], "symmetric", "cubic").verdict == NO
    assert judge_phases(["symmetric", "undecided"], "symmetric", "cubic").verdict == UNKNOWN
    assert judge_phases([], "symmetric", "cubic").verdict == UNKNOWN


def test_an_upper_limit_excludes_a_value_and_never_confirms_one():
    unseen = Evidence(np.nan, np.nan, **LONG | {"samples": 0.0}, limit=1e-7)
    assert judge_number(unseen, 3.5e-5, 3.5e-6, 20.0).verdict == NO
    assert judge_number(unseen, 1e-8, 1e-9, 20.0).verdict == UNKNOWN
    assert judge_number(unseen._replace(length=1.0), 3.5e-5, 3.5e-6, 20.0).verdict == UNKNOWN


@pytest.mark.parametrize(
    ("apart", "lower", "verdict"),
    [
        (0.0, 5.0, "reproduced"),
        (0.0, -5.0, "not reproduced"),
        (0.0, 2.9, "not decidable here"),
        (0.05, 5.0, "not decidable here"),
        (0.15, 5.0, "not reproduced"),
    ],
)
def test_peaks_have_the_errors_of_their_bins(apart, lower, verdict):
    """0.05 Å are allowed; the place of a peak is known to 0.02 Å, and heights to 1."""
    evidence = Evidence(apart, 0.02, "Å", "qtb", 352, 30.0)
    assert judge_peaks(evidence, 0.05, lower, 1.0).verdict == verdict
