"""A dependence on friction is told from tables of runs whose kinetic energies are known."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.analysis.friction_dependence import friction_dependence


def summary(values: dict[float, float], error: float, freedom=np.nan, method="adqtb") -> pd.DataFrame:
    """A sweep over friction (1/ps) of one species' kinetic temperature (K)."""
    head = {"system": "lah10", "method": method, "isotope": "H", "start": "cubic", "atoms": 88, "beads": 1}
    head |= {"pressure_target": 200.0, "temperature_target": 5.0, "observable": "temperature_corrected"}
    rows = [
        head | {"run": f"{friction}", "friction": friction, "species": "H", "value": value, "error": error}
        for friction, value in values.items()
    ]
    return pd.DataFrame(rows).assign(freedom=freedom, unit="K")


@pytest.mark.parametrize(
    ("values", "error", "freedom", "said"),
    [
        ({5.0: 900.0, 10.0: 700.0}, 5.0, np.nan, "depends"),
        ({5.0: 705.0, 10.0: 700.0}, 5.0, np.nan, "independent"),
        ({5.0: 705.0, 10.0: 700.0}, 40.0, np.nan, "undecided"),
        ({5.0: 785.0, 10.0: 700.0}, 5.0, 1.0, "undecided"),  # 12 % of 1 %, with one degree of freedom: t is 14 at 2 σ
        ({5.0: 705.0, 10.0: 700.0}, np.nan, np.nan, "undecided"),  # no error, no verdict
    ],
)
def test_a_change_is_judged_with_its_error(values, error, freedom, said):
    rows = friction_dependence([summary(values, error, freedom)])
    assert rows["verdict"].tolist() == [said]


def test_a_change_counts_per_factor_of_two():
    rows = friction_dependence([summary({5.0: 840.0, 20.0: 700.0}, 0.0)])
    assert rows["change"].item() == pytest.approx(0.1) and rows["verdict"].item() == "depends"


def test_one_friction_says_nothing():
    assert friction_dependence([summary({10.0: 700.0}, 5.0)]).empty
