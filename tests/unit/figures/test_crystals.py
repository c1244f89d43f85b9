"""Figures of crystals at rest show what their tables hold: enthalpies, lattices, cages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_drawing import draw, drawn
from synthetic_tables import (
    PROTOTYPE,
    lattice_table,
)

from qcrystal.crystal.cells import conventional_cell, rhombohedral_strain
from qcrystal.figures import crystal_cells, style
from qcrystal.figures import draw as figure_files


def test_enthalpies_are_relative_to_C2_or_to_the_cubic_phase(figures):
    rich = figures["qin_fig1a_enthalpy", "rich"].axes[0]
    assert "C2" in rich.get_ylabel()
    np.testing.assert_allclose(drawn(rich, style.phase_name("Fm-3m"))[0], [100.0, 9.0])
    assert r"Fm\bar{3}m" in figures["qin_fig1a_enthalpy", "minimal"].axes[0].get_ylabel()


def test_lattice_table_reproduces_the_published_geometry(figures, inputs, tmp_path):
    """The synthetic lattice has the paper's x, so its distances are the published DP ones scaled to a = 4.749 Å."""
    frame = figures["qin_table1_lattice", "rich"].set_index("quantity")
    scale = 4.749 / 4.751
    for quantity in ("La-H(1)", "La-H(2)", "H-H(1)", "H-H(2)", "La-La"):
        # 5e-4 Å: x = 0.1205 is known to its four digits
        assert frame.loc[quantity, "dp"] == pytest.approx(frame.loc[quantity, "published_dp"] * scale, abs=5e-4)
    # 1e-3 GPa: the spline through 41 points of a smooth curve
    assert frame.loc["pressure", "dp"] == pytest.approx(300.0, abs=1e-3)
    assert frame.loc["pressure", "dft"] == pytest.approx(299.8)
    assert frame.loc["pressure", "dp_at_dft_pressure"] == pytest.approx(299.8, abs=1e-3)
    without = figures["qin_table1_lattice", "minimal"].set_index("quantity")
    assert without["dft"].isna().all()
    comma, tex, _ = figure_files.write(
        "lattice_comparison", figures["qin_table1_lattice", "minimal"], tmp_path / "lattice", "caption"
    )
    assert pd.read_csv(comma).shape == without.reset_index().shape
    assert r"\begin{tabular}{llrr" in tex.read_text()


def test_lattice_table_where_the_potential_ends_before_the_published_volume(literature):
    tables = {
        "statics:eos": lattice_table(np.linspace(4.85, 5.5, 15)),
        "dft:lattice": lattice_table([4.749, 4.85, 5.35]),
    }
    frame = draw("qin_table1_lattice", tables, literature).set_index("quantity")
    assert frame.loc["a", ["dft", "dp"]].tolist() == [4.85, 4.85]
    assert frame["dp_minus_published_dp"].dropna().index.tolist() == ["x"]
    # the published x follows from distances given to 1e-4 Å
    assert frame.loc["x", "published_dp"] == pytest.approx(0.1205, abs=5e-5)


@pytest.mark.parametrize("primitive", [True, False])
def test_cage_has_six_squares_and_the_cell_is_found_again(primitive):
    atoms = conventional_cell(PROTOTYPE, 5.0)
    if primitive:
        vectors = 2.5 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
        atoms = crystal_cells.fill(atoms, vectors, "La")
        assert len(atoms) == 11
    cell = crystal_cells.nearly_cubic_cell(atoms, "La", 4)
    assert len(cell) == 44
    np.testing.assert_allclose(cell.cell.array, 5.0 * np.eye(3), atol=1e-9)
    _, hydrogens = crystal_cells.cage(cell, "La", 32)
    rings = crystal_cells.quadrilaterals(hydrogens, crystal_cells.longest_bond(hydrogens))
    assert len(rings) == 6
    np.testing.assert_allclose(crystal_cells.interior_angles(hydrogens[rings]), 90.0, atol=1e-6)


@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, -1)])
def test_a_rhombohedral_cell_is_drawn_with_three_equal_angles(signs):
    """Whichever of its vectors point backwards: 91.5 degrees each, and not two of 88.5."""
    cell = rhombohedral_strain(conventional_cell(PROTOTYPE, 5.0), 91.5)
    cell.set_cell(cell.cell.array * np.array(signs)[:, None], scale_atoms=False)
    drawn = crystal_cells.nearly_cubic_cell(cell, "La", 4)
    np.testing.assert_allclose(drawn.cell.angles(), 91.5, atol=1e-6)
    assert np.linalg.det(drawn.cell.array) > 0 and len(drawn) == 44
