"""Two sets of runs within their errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qcrystal.analysis.comparison import compare


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
