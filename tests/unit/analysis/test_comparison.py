"""Two sets of runs within their errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student_t

from qcrystal.analysis.comparison import compare, not_compared


def summary(value: float, error: float, run: str = "a", atoms: int = 352) -> pd.DataFrame:
    head = {"run": run, "system": "x", "method": "qtb", "isotope": "H", "start": "cubic", "atoms": atoms, "beads": 1}
    head |= {"friction": 10.0, "pressure_target": 200.0, "temperature_target": 5.0}
    names = ("temperature", "quadrilateral_noise")
    return pd.DataFrame(head | {"observable": name, "species": "H", "value": value, "error": error} for name in names)


def test_distances_are_in_combined_errors_and_replicas_are_averaged():
    ours = pd.concat([summary(900.0, 3.0), summary(904.0, 3.0, "b")])
    found = compare(ours, summary(910.0, 4.0))
    assert list(found["observable"]) == ["temperature"]  # noise follows from a run's length
    # mean 902, error 3/√2 of both (their scatter gives 2): distance 8/√(4.5 + 16)
    assert found["distance"].iloc[0] == pytest.approx(8 / np.sqrt(4.5 + 16.0))


def test_only_equal_conditions_with_errors_are_compared():
    assert compare(summary(900.0, 3.0), summary(900.0, 3.0, atoms=44)).empty
    assert compare(summary(900.0, np.nan), summary(900.0, 3.0)).empty
    assert compare(summary(900.0, 3.0), pd.DataFrame()).empty


def test_counts_of_events_are_no_difference_between_runs_of_unequal_length():
    """Twice as many exchanges in twice the time are the same rate."""
    ours, known = (summary(value, value**0.5).replace({"temperature": "exchanges"}) for value in (144.0, 287.0))
    assert compare(ours, known).empty


def test_few_degrees_of_freedom_make_values_less_far():
    """Two errors of two degrees of freedom each: by Welch their difference has four. Infinitely many give the normal distance."""
    ours, known = summary(903.0, 1.0).assign(freedom=2.0), summary(900.0, 1.0).assign(freedom=2.0)
    standard = 1.0 / student_t(2).ppf(0.5 * (1 + 0.6826894921370859))
    t = 3.0 / np.hypot(standard, standard)
    assert compare(ours, known)["distance"].iloc[0] == pytest.approx(-norm.ppf(student_t(4).sf(t)))
    assert compare(summary(903.0, 1.0), summary(900.0, 1.0))["distance"].iloc[0] == pytest.approx(3 / np.sqrt(2))


def test_conditions_that_are_not_compared_are_counted():
    """Two of three: one that the others have not run, and one without errors. A cell of fixed size has no pressure."""
    fixed = {"pressure_target": np.nan}
    ours = pd.concat([summary(900.0, 3.0).assign(**fixed), summary(9.0, 3.0, atoms=44), summary(9.0, np.nan, atoms=88)])
    known = pd.concat([summary(900.0, 3.0).assign(**fixed), summary(9.0, np.nan, atoms=88)])
    found = compare(ours, known)
    assert len(found) == 1
    assert not_compared(ours, found) == (2, 3)
    assert not_compared(known, found) == (1, 2)
