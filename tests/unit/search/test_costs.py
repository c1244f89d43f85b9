"""Costs of a search: the published search by hand, and the counts of the enumeration."""

import pytest

from qcrystal.crystal.formulas import Space
from qcrystal.search.costs import relaxation_hours, search_costs


def test_the_published_search_costs_fifty_thousand_hours():
    """36 292 030 structures of 41 atoms, 100 steps of 9 + 1.1 * 41 = 54.1 ms: 5.5e4 hours."""
    assert relaxation_hours(41, 36_292_030) == pytest.approx(36_292_030 * 100 * 0.0541 / 3600)


def test_a_search_is_counted_composition_by_composition():
    """22 compositions of at most 16 atoms; a relaxation that ends after 10 steps costs a tenth."""
    space = Space(4, 4, (3, 10))
    (row,) = search_costs(["Ca", "Y"], space, 16, 20, 300).to_dict("records")
    assert (row["compositions"], row["structures"], row["largest"]) == (22, 440, 16)
    mean = 440 * 100 * (9 + 1.1 * row["mean atoms"]) / 3.6e6  # the cost is linear in the atoms
    assert row["hours"] == pytest.approx(mean)
    (short,) = search_costs(["Ca", "Y"], space, 16, 20, 10).to_dict("records")
    assert short["hours"] == pytest.approx(row["hours"] / 10)
