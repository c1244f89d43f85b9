"""Tables of a search over compositions: what came of a stand-in for the potential says so."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.figures import funnel_errors, published_hydrides
from qcrystal.figures.options import FunnelErrors
from qcrystal.manuscript.published import Cited


def candidates(potential: str) -> pd.DataFrame:
    """Two crystals above the hull, whose 95 % intervals are of errors of 10 meV/atom."""
    half = 0.01 * 1.959964
    heights = np.array([0.1, 0.2])
    return pd.DataFrame(
        {
            "name": ["first", "second"],
            "formula": ["Ca3YH24", "CaYH12"],
            "above_hull": heights,
            "above_hull_low": heights - half,
            "above_hull_high": heights + half,
            "above_hull_dft": np.nan,
            "potential": potential,
        }
    )


@pytest.mark.parametrize("potential", ["stand-in", "potential"])
def test_a_stand_in_is_named_in_the_row_of_ours(potential):
    (row,) = funnel_errors.draw({"candidates": candidates(potential)}, {}, FunnelErrors()).to_dict("records")
    assert row["error_meV"] == pytest.approx(10.0)
    assert ("stand-in" in row["error"]) == (potential == "stand-in")


def test_without_a_candidate_above_the_hull_there_is_no_error_of_ours():
    assert funnel_errors.draw({"candidates": candidates("potential")[:0]}, {}, FunnelErrors()).empty


def losses() -> pd.DataFrame:
    """Errors of a committee, and a scatter of the published size; half of the phases on the hull are lost at it."""
    rows = [("committee", 0.03, 0.04, 0.25), ("scatter alone", 0.0375, 0.0, 0.5)]
    table = pd.DataFrame(rows, columns=["source", "scatter", "offset", "lost_stable"])
    return table.assign(lost_stable_low=0.1, lost_stable_high=0.9)


def test_shares_by_draws_stand_beside_those_of_the_normal_law():
    """Both parts of an error add as squares: 30 and 40 are 50 meV/atom, at which the law rejects 16 % of what is on the hull."""
    published = {"error": Cited(value=37.5, label="a work", where="its text")}
    inputs = {"candidates": candidates("potential"), "losses": losses()}
    _, own, theirs = funnel_errors.draw(inputs, published, FunnelErrors()).to_dict("records")
    assert (own["error_meV"], own["stable"]) == (pytest.approx(50), 0.25)
    assert own["lost_0"] == pytest.approx(0.1587, abs=1e-4)
    assert (theirs["stable"], theirs["stable_low"], theirs["stable_high"]) == (0.5, 0.1, 0.9)


@pytest.mark.parametrize("potential", ["stand-in", "potential"])
def test_a_stand_in_is_named_beside_each_value_of_ours(potential):
    published = {"values": Cited(value={"Ca3YH24": 236, "Ca4LuH30": 210}, label="a work", where="a table")}
    table = published_hydrides.draw({"candidates": candidates(potential)}, published, None).set_index("formula")
    assert ("stand-in" in table["note"]["Ca3YH24"]) == (potential == "stand-in")
    assert table["note"]["Ca4LuH30"] == "not searched or not found here"
