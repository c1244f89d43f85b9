"""Tables of a search over compositions: what came of a stand-in for the potential says so."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.figures import funnel_errors, published_hydrides, trainer_errors
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


def trainers(labels: str, frames: int) -> pd.DataFrame:
    """Two trainings on the same labels, the second one with smaller errors of forces."""
    row = {"labels": labels, "kind": "se_e2_a", "trainer": "moments", "steps": 100, "frames": frames, "at_rest": 21}
    row |= {"held_out": 4, "energy_rmse": 0.05, "hull_scatter": np.nan, "hull_offset": np.nan}
    row |= {"virial_rmse": 0.1, "force_rmse": 0.5, "force_rmse_lacking": 0.6, "energy_blind": 0.2, "force_blind": 0.7}
    return pd.DataFrame([row, {**row, "kind": "se_atten", "trainer": "deepmd", "force_rmse": 0.4}])


@pytest.mark.parametrize(
    ("labels", "frames", "words"),
    [
        ("stand-in", 27, "stand-in"),
        ("ca-y-h-gpaw", 27, "labels by DFT, 21 of 27 frames at rest; too few for a potential"),
        ("ca-y-h-gpaw", 300, "labels by DFT, 21 of 300 frames at rest"),
    ],
)
def test_a_table_of_trainers_says_what_they_learnt_and_what_no_potential_errs_by(labels, frames, words):
    published = {
        "errors": Cited(value={"energy": 37.5, "force": 171, "virial": 45.7}, label="a work", where="its text")
    }
    table = trainer_errors.draw({"trainers": trainers(labels, frames)}, published, None)
    assert table["labels"].tolist()[:3] == [labels] * 3 and pd.isna(table["labels"].iloc[3])
    assert table["force_rmse"].tolist() == pytest.approx([400, 500, 700, 171])
    assert table["potential"].iloc[2].startswith("none") and table["energy_rmse"].iloc[2] == pytest.approx(200)
    assert words in table["note"].iloc[0] and ("too few" in table["note"].iloc[0]) == ("too few" in words)
