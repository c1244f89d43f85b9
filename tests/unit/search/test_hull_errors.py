"""Errors carried to the hull, against the normal law where it is exact and against errors that were put in."""

import itertools

import numpy as np
import pandas as pd
import pytest

from qcrystal.search.energy_errors import Errors, committee_errors, measured
from qcrystal.search.funnel import Thresholds, survivors
from qcrystal.search.hull import Phase, rejected_share
from qcrystal.search.hull_errors import Search, drawn, drawn_enthalpies, funnel_range, losses

ELEMENTS = ["Ca", "H", "Y"]
PAPER = Thresholds(hull=0.05, minimum_spacegroup=75, hh_distance=0.9, hh_fraction=0.75, imaginary=3.0)
PURE = [Phase(element, {element: 1}, 0.0) for element in ELEMENTS]
HYDRIDES = [Phase("CaH6", {"Ca": 1, "H": 6}, -3.0), Phase("YH6", {"Y": 1, "H": 6}, -2.4)]


def search(phases: list[Phase], references: list[Phase], **columns: object) -> Search:
    """Candidates whose other stages are passed unless the columns say otherwise."""
    table = pd.DataFrame({"name": [phase.name for phase in phases], "above_hull": 0.0, "spacegroup_number": 225})
    table = table.assign(hh_fraction=1.0, lowest_frequency=1.0, above_hull_dft=0.0).assign(**columns)
    return Search(table, phases, references, ELEMENTS)


def ternary(height: float) -> Phase:
    """CaYH12, so far above (eV/atom) the mixture of both hydrides."""
    return Phase("CaYH12", {"Ca": 1, "Y": 1, "H": 12}, -2.7 + height)


@pytest.mark.engine
@pytest.mark.parametrize("errors", [Errors("", 0.03, 0.0), Errors("", 0.0, 0.03), Errors("", 0.02, 0.03)])
def test_a_phase_above_two_hydrides_is_lost_as_the_normal_law_says(errors):
    """Its height errs by √(1 + ½) of an error: three crystals of three systems. The hull between them keeps its form."""
    draws, height = 500, 0.03
    found = losses(search([ternary(height)], [*PURE, *HYDRIDES]), errors, 0.05, draws, seed=1)
    expected = float(rejected_share(height, errors.total * 1.5**0.5, 0.05))
    assert found["lost_within"] == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / draws))
    assert (found["stable"], found["within"]) == (2, 1)


def test_an_offset_that_a_system_shares_cancels_among_its_phases():
    """CaH4 between CaH3 and CaH6: all three move alike, so that its height is the same in each draw."""
    others = [*PURE, HYDRIDES[0], Phase("CaH3", {"Ca": 1, "H": 3}, -3.2)]
    own = search([Phase("CaH4", {"Ca": 1, "H": 4}, -3.07)], others)
    moved = drawn(own, Errors("", 0.0, 0.04), 0.05, 50, seed=2)
    assert np.ptp(moved.heights[:, 0]) < 1e-12
    assert np.ptp(drawn(own, Errors("", 0.04, 0.0), 0.05, 50, seed=2).heights[:, 0]) > 0.05


def test_without_errors_nothing_is_lost():
    phases = [ternary(0.0), ternary(0.049)._replace(name="second"), ternary(0.051)._replace(name="third")]
    found = losses(search(phases, [*PURE, *HYDRIDES]), Errors("", 0.0, 0.0), 0.05, 3, seed=0)
    assert (found["stable"], found["within"]) == (3, 2)
    assert (found["lost_stable"], found["lost_within"], found["kept_wrong"]) == (0, 0, 0)


@pytest.mark.engine
def test_a_stable_hydride_is_lost_where_its_own_elements_and_it_err():
    """CaH6 alone is 30 meV/atom below Ca and 6 H, whose errors count as well; the cut is at the hull itself."""
    known = [*PURE, Phase("CaH6", {"Ca": 1, "H": 6}, -0.03)]
    found = losses(search([], known), Errors("", 0.02, 0.0), 0.0, 1000, seed=8)
    # lost where it errs above the line between the elements: its own error, 1/7 and 6/7 of theirs
    wide = 0.02 * np.sqrt(1 + (1 / 7) ** 2 + (6 / 7) ** 2)
    expected = float(rejected_share(-0.03, wide, 0.0))
    assert found["stable"] == 1
    assert found["lost_stable"] == pytest.approx(expected, abs=4 * np.sqrt(expected / 1000))


def test_a_reference_that_was_found_again_has_the_candidates_error():
    phases, errors = [ternary(-0.01)], Errors("", 0.05, 0.0)
    known = [*PURE, *HYDRIDES]
    again = ternary(-0.0101)._replace(name="reference", counts={"Ca": 2, "Y": 2, "H": 24})
    one, both = (drawn(search(phases, each), errors, 0.05, 20, seed=3).heights for each in (known, [*known, again]))
    assert np.array_equal(one, both)


def crystals() -> list[dict[str, int]]:
    """Eight crystals of each of 45 binary systems."""
    pairs = itertools.combinations(["H", "Li", "Mg", "Ca", "Sr", "Sc", "Y", "La", "Ba", "Na"], 2)
    return [{first: m, second: n} for first, second in pairs for m, n in itertools.product((1, 3), (1, 2, 4, 5))]


@pytest.mark.parametrize(("scatter", "offset"), [(0.01, 0.02), (0.02, 0.0), (0.015, 0.01)])
def test_errors_that_were_put_in_are_found(scatter, offset):
    """Relative errors: 1/√(2·315) of the scatter, 1/√(2·35) of the offset's variance over that of a system's mean."""
    counts = crystals()
    phases = [Phase(str(number), each, 0.0) for number, each in enumerate(counts)]
    differences = drawn_enthalpies(phases, Errors("", scatter, offset), 1, seed=4)[0]
    linear = np.array([0.7 * each.get("H", 0) - 0.2 * each.get("Y", 0) for each in counts])
    linear /= [sum(each.values()) for each in counts]
    for values in (differences, differences + linear):
        found = measured(values, counts, "test")
        assert found.scatter == pytest.approx(scatter, rel=4 / np.sqrt(2 * 315))
        assert found.offset**2 == pytest.approx(offset**2, abs=4 * (offset**2 + scatter**2 / 8) / np.sqrt(0.5 * 35))
        assert found.crystals == len(counts)


def test_what_is_linear_in_composition_is_no_error():
    counts = crystals()
    shares = [(0.3 * each.get("H", 0) - 0.1 * each.get("La", 0)) / sum(each.values()) for each in counts]
    found = measured(shares, counts, "test")
    assert found.total == pytest.approx(0, abs=1e-9)


def test_too_few_crystals_tell_nothing():
    counts = [{"Ca": 1}, {"H": 2}, {"Y": 1}, {"Ca": 1, "H": 6}, {"Y": 1, "H": 6}]
    assert measured([0.0, 0.1, 0.2, 0.1, 0.0], counts, "test") is None
    assert committee_errors(np.zeros((1, 400)), crystals()[:1] * 400, "test") is None


def test_a_committee_has_the_errors_of_its_members():
    """Three members of 360 crystals and 45 systems; half of that information is lost to their mean."""
    counts = crystals()
    phases = [Phase(str(number), each, 0.0) for number, each in enumerate(counts)]
    members = drawn_enthalpies(phases, Errors("", 0.01, 0.03), 3, seed=5)
    found = committee_errors(members, counts, "committee")
    assert found.scatter == pytest.approx(0.01, rel=4 / np.sqrt(4 * 315))
    assert found.offset == pytest.approx(0.03, rel=4 / np.sqrt(4 * 35))


def mixed() -> Search:
    """Forty phases at rising heights; of those within the cut half are of low symmetry, and few were tested further."""
    phases = [ternary(0.004 * number)._replace(name=str(number)) for number in range(40)]
    groups = [225 if number % 2 else 2 for number in range(40)]
    modes = [np.nan if number > 8 else -5.0 if number == 3 else 1.0 for number in range(40)]
    dft = [0.02 if number in (1, 5) else np.nan for number in range(40)]
    own = search(phases, [*PURE, *HYDRIDES], spacegroup_number=groups, lowest_frequency=modes, above_hull_dft=dft)
    return own._replace(table=own.table.assign(above_hull=0.004 * np.arange(40)))


def test_without_errors_every_count_is_the_funnels():
    own = mixed()
    found = funnel_range(own, Errors("none", 0.0, 0.0), PAPER, 40, seed=6).set_index("stage")
    assert found["kept"].to_dict() == survivors(own.table, PAPER).set_index("stage")["kept"].to_dict()
    first = found.loc[["F0", "F1", "F2", "F3"]]
    for column in ("low", "median", "high"):
        assert (first[column] == first["kept"]).all()


@pytest.mark.engine
def test_errors_widen_the_counts_and_untested_candidates_pass_as_often_as_tested_ones():
    """Of four tested for phonons three pass: a draw's share is that of Beta(3.5, 1.5), 0.7 in the mean."""
    found = funnel_range(mixed(), Errors("some", 0.02, 0.01), PAPER, 200, seed=7).set_index("stage")
    assert (found["low"] <= found["median"]).all() and (found["median"] <= found["high"]).all()
    assert found.loc["F1", "low"] < found.loc["F1", "high"]
    assert found.loc["F4", "untested"] > 0
    tested = found.loc["F3", "median"] - found.loc["F4", "untested"]
    expected = 0.75 * tested + 0.7 * found.loc["F4", "untested"]
    assert found.loc["F4", "median"] == pytest.approx(expected, abs=1.5)
