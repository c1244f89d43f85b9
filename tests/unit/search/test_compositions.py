"""The space of compositions against the counts of the published search."""

from collections import Counter

import pytest

from qcrystal.crystal.formulas import CompositionError, Space, formula_unit, parsed
from qcrystal.search.compositions import compositions

PAIR = ("Ca", "Y")
SPACE = Space(4, 4, (3, 10))  # of the published search
# 1 hydrogen, 19 metals and 9 non-metals: which ones does not count here
OTHERS = [f"X{number}" for number in range(28)]
PUBLISHED = (
    "Ca3YH24 Ca4LuH30 Lu2ThH24 LaZr2H24 YThH18 Ca2Sr2H23 LiLa2H17 Y3Th3H55 Sr3Y4H42 KLu3H24 Y3ThH40 SrSc2H17 La2Mg4H33 "
    "Sr2Sc4H33 Y2Sc4H49 SrYH12 Li2NaH17 Y2ThH24 Y2ThH28"
).split()


def test_a_pair_has_the_published_number_of_compositions():
    found = list(compositions(PAIR, SPACE))
    assert len(found) == 576 == len(set(found))
    assert len({one.reduced for one in found}) == 473
    assert sum(one.atoms for one in found) / len(found) == pytest.approx(41.1, abs=0.05)
    assert max(one.atoms for one in found) == 88


@pytest.mark.parametrize(("max_atoms", "number"), [(16, 22), (20, 50), (24, 91), (30, 169), (40, 304)])
def test_smaller_cells_leave_fewer(max_atoms, number):
    found = list(compositions(PAIR, SPACE, max_atoms))
    assert len(found) == number and max(one.atoms for one in found) <= max_atoms


def test_all_pairs_of_28_elements():
    found = Counter((one.first, one.second) for one in compositions(OTHERS, SPACE))
    assert len(found) == 378 and set(found.values()) == {576}
    assert found.total() == 217_728
    assert 36_292_030 / found.total() == pytest.approx(166.7, abs=0.05)


def test_every_published_formula_belongs_to_the_space():
    sizes = []
    for formula in PUBLISHED:
        counts = parsed(formula)
        (found,) = (
            one for one in compositions([each for each in counts if each != "H"], SPACE) if one.counts == counts
        )
        sizes.append(found.atoms)
    assert len(PUBLISHED) == 19 and max(sizes) == 61


def test_other_bounds():
    """m, n ≤ 2 and x = 6(m+n) alone: one hydrogen number for each of four pairs (m, n)."""
    found = [one.formula for one in compositions(("La", "Y"), Space(2, 2, (6, 6)))]
    assert found == ["LaYH12", "LaY2H18", "La2YH18", "La2Y2H24"]
    half = [one.x for one in compositions(("La", "Y"), Space(1, 2, (2.5, 3)))]
    assert half == [5, 6, 8, 9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (PAIR, SPACE, 7),
            "max_atoms: 7 leaves no composition: the smallest has 8 atoms (2 of metals); take 8 or more",
        ),
        ((PAIR, Space(4, 4, (12, 10))), "formula.ratio: from 12 to 10; put the smaller first"),
        ((PAIR, Space(1, 1, (3.1, 3.4))), "formula.ratio: from 3.1 to 3.4 leaves no whole number of hydrogen atoms"),
        ((("Ca",), SPACE), "elements: ['Ca'] has no pair; name two or more"),
    ],
)
def test_a_space_without_compositions_is_refused_in_one_line(arguments, message):
    with pytest.raises(CompositionError) as error:
        list(compositions(*arguments))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("formula", ["", "ca3", "Ca3Y-H24", "24H"])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(CompositionError, match="is no formula"):
        parsed(formula)


def test_formulas_of_one_unit_have_one_text():
    assert formula_unit("Ca2Y2H24") == formula_unit("YCaH12") != formula_unit("CaYH13")
