"""Figures and tables of couplings: what they take from the tables, and what they say where there is nothing."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.figures import broadening, compound_couplings, hydrogen_cages, tc_hull, ternary_hull
from qcrystal.figures.options import CompoundCouplings, HydrogenCages, TernaryHull
from qcrystal.io.tables import TableError
from qcrystal.manuscript.published import Cited


@pytest.fixture
def tc():
    """Two sets of meshes at three broadenings; T_c tells which row it is of."""
    rows = [
        {"k": k, "dense_k": 2 * k, "q": q, "sigma": sigma, "mu_star": 0.1, "eliashberg": 100 * q + k + sigma}
        for k, q in ((8, 1), (4, 2))
        for sigma in (0.01, 0.03, 0.05)
    ]
    told = {"compound": "H3S", "prototype": "Im-3m", "formula": "H3S", "omega_log": 1000.0, "allen_dynes": 100.0}
    return pd.DataFrame(rows).assign(**told, **{"lambda": 1.0}, status="not converged: one mesh of k-points")


def candidates(formulas):
    table = pd.DataFrame({"formula": formulas, "above_hull": 0.01, "cages": "Ca: H24; Y: H24, H28"})
    return table.assign(above_hull_dft=np.nan, potential="trained")


def test_the_finest_mesh_of_wave_vectors_stands_beside_published_values(tc):
    published = {"H3S experiment": Cited({"tc_low": 203, "tc_high": 203}, "Drozdov et al. 2015", "")}
    ours, theirs = compound_couplings.draw({"tc": tc}, published, CompoundCouplings(sigma=0.028)).to_dict("records")
    assert (ours["q"], ours["k"], ours["sigma"], ours["eliashberg"]) == (2, 4, 0.03, 204.03)
    assert (theirs["compound"], theirs["source"], theirs["tc_low"]) == ("H3S", "Drozdov et al. 2015", 203)
    assert ours["note"].startswith("not converged")


def test_a_line_is_drawn_for_each_set_of_meshes(tc):
    figure = broadening.draw({"tc": tc}, {}, None)
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["H3S, k 8³, 16³, q 1³", "H3S, k 4³, 8³, q 2³"]
    np.testing.assert_allclose(lines[0].get_xdata(), [10, 30, 50])


def test_cages_are_counted_by_element_and_size():
    assert hydrogen_cages.sizes_of("Ca: H24; Y: H24, H28") == [("Ca", 24), ("Y", 24), ("Y", 28)]
    figure = hydrogen_cages.draw({"candidates": candidates(["CaYH12", "CaYH13"])}, {}, HydrogenCages())
    tops = [segment[1][1] for lines in figure.axes[0].collections for segment in lines.get_segments()]
    assert sorted(tops) == [2, 2, 2]


def test_a_hull_is_of_the_elements_that_were_searched_and_of_no_others():
    found = candidates(["MgScH12", "Mg2YH9", "Mg2ScH9"]).assign(above_hull=[0.0, 0.1, 0.2])
    known = pd.DataFrame({"formula": ["Mg", "Y", "H2", "ScH3"]})
    figure = ternary_hull.draw({"candidates": found, "references": known}, {}, TernaryHull())
    points = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(points, [(2 / 24 + 9 / 24, 9 / 12 * 0.75**0.5), (1 / 14 + 6 / 14, 12 / 14 * 0.75**0.5)])
    assert {text.get_text() for text in figure.axes[0].texts} == {"Mg", "Sc", "H"}
    assert "1 candidates of other elements" in figure.notes[1]
    with pytest.raises(
        TableError, match="no candidate of Ca and Y with H; there are Mg-Sc, Mg-Y; correct figures.yaml"
    ):
        ternary_hull.draw({"candidates": found, "references": known}, {}, TernaryHull(elements=("Ca", "Y")))


def test_a_compound_has_the_height_of_its_formula_unit(tc):
    figure = tc_hull.draw({"candidates": candidates(["S2H6"]), "tc": tc}, {}, None)
    assert figure.axes[0].get_lines()[0].get_xdata()[0] == pytest.approx(10)
    figure = tc_hull.draw({"candidates": candidates(["CaYH12"]), "tc": tc}, {}, None)
    assert not figure.axes[0].get_lines()
