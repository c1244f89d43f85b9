"""The hull at a pressure against values by hand, and the funnel's losses against the paper's and exact intervals."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.search import funnel
from qcrystal.search.funnel import FunnelError, Thresholds, clopper_pearson
from qcrystal.search.hull import (
    HullError,
    Phase,
    above_hull,
    committee_above_hull,
    decomposition,
    diagram,
    propagated,
    rejected_share,
)

ELEMENTS = ("Ca", "Y", "H")
PAPER = Thresholds(hull=0.05, minimum_spacegroup=75, hh_distance=0.9, hh_fraction=0.75, imaginary=3.0)
REFERENCES = [
    *(Phase(element, {element: 1}, 0.0) for element in ELEMENTS),
    Phase("CaH6", {"Ca": 1, "H": 6}, -0.30),
    Phase("YH6", {"Y": 1, "H": 6}, -0.24),
]
TERNARY = Phase("CaYH12", {"Ca": 1, "Y": 1, "H": 12}, -0.25)


def test_a_ternary_between_two_hydrides_is_above_their_mean():
    """Half CaH6 and half YH6 have −0.27 eV/atom: −0.25 is 20 meV/atom above."""
    assert above_hull([TERNARY], REFERENCES, ELEMENTS) == pytest.approx([0.020], abs=1e-9)
    assert above_hull([TERNARY._replace(enthalpy=-0.28)], REFERENCES, ELEMENTS) == [0.0]


def test_other_cells_and_other_zeros_change_nothing():
    shift = {"Ca": -3.0, "Y": 1.5, "H": -2.2}
    moved = [
        phase._replace(
            counts={element: 3 * number for element, number in phase.counts.items()},
            enthalpy=phase.enthalpy
            + sum(number * shift[element] for element, number in phase.counts.items()) / sum(phase.counts.values()),
        )
        for phase in [TERNARY, *REFERENCES]
    ]
    assert above_hull(moved[:1], moved[1:], ELEMENTS) == pytest.approx([0.020], abs=1e-9)


def test_it_falls_apart_into_both_hydrides():
    assert decomposition(TERNARY, diagram(REFERENCES, ELEMENTS)) == pytest.approx({"CaH6": 0.5, "YH6": 0.5})


def test_a_missing_reference_is_named():
    with pytest.raises(HullError, match=r"^refs.csv: references: no reference for Y: .*; add a crystal of Y$"):
        above_hull([TERNARY], [phase for phase in REFERENCES if phase.name != "Y"], ELEMENTS, "refs.csv")
    with pytest.raises(HullError, match="CaYH12: its enthalpy is nan, not a number; relax it again"):
        above_hull([TERNARY._replace(enthalpy=np.nan)], REFERENCES, ELEMENTS)


def test_errors_that_all_phases_share_cancel_in_a_hull():
    enthalpies = np.array([phase.enthalpy for phase in [TERNARY, *REFERENCES]])
    members = [enthalpies, enthalpies + 0.1, enthalpies - 0.03]
    assert committee_above_hull([TERNARY], REFERENCES, members, ELEMENTS) == pytest.approx(np.full((3, 1), 0.020))


def test_independent_errors_spread_the_energy_above_the_hull():
    """Far above: E − (E_CaH6 + E_YH6)/2 has the error σ√(1 + ½) of its three enthalpies, as long as the hull keeps its form."""
    phase, error = TERNARY._replace(enthalpy=-0.15), 0.01
    drawn = propagated([phase], REFERENCES, error, ELEMENTS, draws=400, seed=1)[:, 0]
    assert drawn.mean() == pytest.approx(0.12, abs=4 * 0.0122 / 20)
    assert drawn.std() == pytest.approx(error * 1.5**0.5, rel=4 / np.sqrt(2 * 400))


def test_a_cut_at_the_papers_error_loses_what_the_normal_law_says():
    """Errors of 37.5 against a cut of 50 meV/atom: 9 % of what is on the hull, 25 % of what is 25 meV/atom above."""
    assert rejected_share([0, 25, 50], 37.5, 50) == pytest.approx([0.0912, 0.2525, 0.5], abs=1e-4)
    assert list(rejected_share([0, 60], 0, 50)) == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "drawn", "low", "high"),
    [(0, 12, 0.0, 0.265), (0, 30, 0.0, 0.116), (30, 30, 0.884, 1.0), (3, 12, 0.0549, 0.5719), (0, 0, 0.0, 1.0)],
)
def test_intervals_of_a_sample_are_clopper_pearsons(wrong, drawn, low, high):
    assert clopper_pearson(wrong, drawn) == pytest.approx((low, high), abs=5e-4)


def test_more_than_were_drawn_cannot_be_wrong():
    with pytest.raises(FunnelError, match="4 wrong ones among 3 cannot be"):
        clopper_pearson(4, 3)


def candidates():
    """Each of the first five is rejected by one stage, the sixth passes, the seventh waits for DFT."""
    rows = [
        (0.051, 225, 1.0, 0.0, np.nan),
        (0.050, 75, 1.0, 0.0, np.nan),
        (0.0, 76, 0.75, 0.0, np.nan),
        (0.0, 76, 0.76, -3.1, np.nan),
        (0.0, 76, 0.76, -3.0, 0.051),
        (0.0, 76, 0.76, -3.0, 0.050),
        (0.0, 76, 0.76, -3.0, np.nan),
    ]
    names = ["above_hull", "spacegroup_number", "hh_fraction", "lowest_frequency", "above_hull_dft"]
    return pd.DataFrame(rows, columns=names, index=list("abcdefg"))


def test_each_stage_rejects_what_its_threshold_says():
    found = funnel.survivors(candidates(), PAPER).set_index("stage")
    assert found["kept"].to_dict() == {"F0": 7, "F1": 6, "F2": 5, "F3": 4, "F4": 3, "F5": 1}
    assert found["tested"].to_dict() == {"F0": 7, "F1": 7, "F2": 6, "F3": 5, "F4": 4, "F5": 2}
    assert found["untested"].to_dict() == {"F0": 0, "F1": 0, "F2": 0, "F3": 0, "F4": 0, "F5": 1}
    assert list(candidates().index[funnel.passed(candidates(), PAPER)]) == ["f"]
    wider = PAPER._replace(hull=0.06, minimum_spacegroup=70, hh_fraction=0.5, imaginary=4)
    assert funnel.survivors(candidates(), wider)["kept"].tolist() == [7, 7, 7, 7, 7, 2]


def test_published_survivors_have_the_published_shares():
    published = np.array([36_292_030, 262_985, 9_984, 5_903, 4_674, 2_429])
    assert 100 * published[1:] / published[:-1] == pytest.approx([0.725, 3.80, 59.1, 79.2, 52.0], abs=0.05)


def test_rejects_are_drawn_over_all_distances():
    table = pd.DataFrame({"above_hull": np.linspace(0.06, 1.0, 100)})
    for column in ("spacegroup_number", "hh_fraction", "lowest_frequency", "above_hull_dft"):
        table[column] = np.nan
    drawn = funnel.drawn_rejects(table, PAPER, 10, seed=3)
    assert list(np.searchsorted(np.linspace(0.06, 1.0, 101)[::10][1:-1], drawn["above_hull"])) == list(range(10))
    assert set(drawn["stage"]) == {"F1"}
    assert funnel.drawn_rejects(table, PAPER, 10, seed=3).equals(drawn)
    assert len(funnel.drawn_rejects(table, PAPER, 1000, seed=3)) == 100


def test_losses_are_the_wrong_share_of_all_rejects():
    table = pd.DataFrame({"above_hull": np.linspace(0.06, 1.0, 200)})
    for column in ("spacegroup_number", "hh_fraction", "lowest_frequency", "above_hull_dft"):
        table[column] = np.nan
    tested = pd.DataFrame({"stage": ["F1"] * 12, "above_hull_dft": [0.03] * 3 + [0.2] * 9})
    first = funnel.false_rejects(table, tested, PAPER).set_index("stage").loc["F1"]
    assert (first["rejected"], first["drawn"], first["wrong"], first["lost"]) == (200, 12, 3, 50)
    assert (first["lost_low"], first["lost_high"]) == pytest.approx((200 * 0.0549, 200 * 0.5719), abs=0.1)
