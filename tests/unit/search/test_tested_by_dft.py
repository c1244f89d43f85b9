"""What DFT tests of a search: references, a bounded number of survivors and rejects of bounded size, or nothing at all."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from qcrystal.figures import false_rejects as false_rejects_figure
from qcrystal.figures import funnel as funnel_figure
from qcrystal.search import funnel
from qcrystal.search.ternary import Candidates, DftSample, References, dft_table, frames_for_dft, joined

PAPER = funnel.Thresholds(0.05, 75, 0.9, 0.75, 3.0)


def searched() -> tuple[Candidates, pd.DataFrame, References]:
    """Four crystals that pass F1 to F4, of growing height and shrinking size, and four that F1 rejects."""
    sizes = [28, 14, 14, 7, 28, 28, 14, 7]
    table = pd.DataFrame({"name": list("abcdefgh"), "atoms": sizes, "spacegroup_number": 225, "hh_fraction": 1.0})
    table["above_hull"] = [0.0, 0.01, 0.02, 0.03, 0.06, 0.07, 0.08, 0.09]
    phonons = pd.DataFrame({"name": list("abcd"), "lowest_frequency": 0.0, "supercell": "1x1x1"})
    crystals = [Atoms("H", cell=[9, 9, 9], pbc=True, info={"name": name}) for name in table["name"]]
    return Candidates(table, crystals), phonons, References(pd.DataFrame(), [Atoms("H30", info={"name": "large"})])


def parts(tested: DftSample) -> dict[str, str]:
    return {atoms.info["name"]: atoms.info["part"] for atoms in frames_for_dft(*searched(), PAPER, tested, seed=1)}


def test_without_bounds_every_survivor_is_tested():
    assert parts(DftSample(4)) == {"large": "reference"} | dict.fromkeys("abcd", "survivor") | dict.fromkeys(
        "efgh", "F1"
    )


def test_large_candidates_are_left_out_and_references_are_not():
    assert parts(DftSample(4, atoms=14)) == {"large": "reference"} | dict.fromkeys("bcd", "survivor") | dict.fromkeys(
        "gh", "F1"
    )


def test_of_too_many_survivors_the_lowest_are_tested():
    found = parts(DftSample(0, survivors=2, atoms=14))
    assert found == {"large": "reference", "b": "survivor", "c": "survivor"}


@pytest.fixture
def untested():
    """The same search where DFT tested nothing."""
    candidates, phonons, _ = searched()
    table = candidates.table.assign(potential="trained", frames=67)
    return joined(table, phonons, dft_table([], [], 200, ["Ca", "Y"]))


def test_without_dft_the_last_stage_and_all_rejects_are_untested(untested):
    found = funnel.survivors(untested, PAPER).set_index("stage")
    assert found["kept"].tolist() == [8, 4, 4, 4, 4, 0]
    assert (found["tested"]["F5"], found["untested"]["F5"]) == (0, 4) and np.isnan(found["share"]["F5"])
    none = pd.DataFrame({"stage": [], "above_hull_dft": []})
    lost = funnel.false_rejects(untested, none, PAPER).set_index("stage").loc["F1"]
    assert (lost["rejected"], lost["drawn"], lost["lost_low"], lost["lost_high"]) == (4, 0, 0, 4)


def test_a_stage_that_tested_nothing_has_no_symbol(untested):
    """An open symbol means that a stage keeps none, and nobody knows that here."""
    table = funnel.told(funnel.survivors(untested, PAPER), untested)
    figure = funnel_figure.draw({"funnel": table}, {}, None)
    lines = figure.axes[0].get_lines()
    assert [list(line.get_xdata()) for line in lines] == [[0, 1, 2, 3, 4]]
    assert "4 of 4 candidates that reached F5 were not tested there" in figure.notes
    assert "potential from 67 labelled frames: plumbing and a coarse ranking, no prediction" in figure.notes


def test_a_stage_that_keeps_none_has_an_open_symbol(untested):
    table = untested.assign(lowest_frequency=-9.0)
    found = funnel.told(funnel.survivors(table, PAPER), table)
    lines = funnel_figure.draw({"funnel": found}, {}, None).axes[0].get_lines()
    assert [list(line.get_xdata()) for line in lines] == [[0, 1, 2, 3], [4, 5]]


def test_a_figure_without_tested_rejects_says_so(untested):
    none = pd.DataFrame({"stage": [], "above_hull_dft": []})
    table = funnel.told(funnel.false_rejects(untested, none, PAPER), untested).assign(dft_atoms=14)
    figure = false_rejects_figure.draw({"rejects": table}, {}, None)
    assert [text.get_text() for text in figure.axes[0].texts] == ["DFT tested no reject"]
    assert "no reject of F1, F2, F3, F4 was tested" in figure.notes
