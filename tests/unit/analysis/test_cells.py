"""Conventional angles of strained supercells of both bases."""

import numpy as np
import pandas as pd
import pytest
from ase.cell import Cell
from crystals import lah10_prototype

from qcrystal.analysis.cells import angle_series, mean_angles
from qcrystal.analysis.equilibration import mean_shape
from qcrystal.crystal.cells import (
    conventional_cells,
    conventional_from_basis,
    rhombohedral_strain,
    supercell,
    unit_cell,
)
from qcrystal.crystal.prototype import Prototype, Site


def site(element, x):
    return Site(element=element, position=(x, x, x))


PROTOTYPE = lah10_prototype(4.95)


def test_conventional_cell_holds_four_primitive_ones():
    assert round(np.linalg.det(conventional_from_basis(PROTOTYPE, "primitive"))) == 4
    assert np.array_equal(conventional_from_basis(PROTOTYPE, "conventional"), np.eye(3))


@pytest.mark.parametrize(("basis", "repeat"), [("primitive", (2, 3, 1)), ("conventional", (2, 1, 3))])
@pytest.mark.parametrize("angle", [88.5, 90.0, 90.7])
def test_rhombohedral_angles_are_recovered(basis, repeat, angle):
    """Exact: both the angles and the edge length of the conventional cell."""
    atoms = rhombohedral_strain(supercell(unit_cell(PROTOTYPE, basis, 5.0), repeat, ["La", "H"]), angle)
    conventional = conventional_cells(np.repeat(atoms.cell.array[None], 6, axis=0), PROTOTYPE, basis, repeat)
    assert np.allclose(angle_series(conventional), angle, atol=1e-9)
    each, deviation = mean_angles(conventional)
    assert np.allclose([a.value for a in each], angle, atol=1e-9)
    assert deviation.value == pytest.approx(abs(angle - 90.0), abs=1e-9)
    length = np.linalg.norm(conventional[0], axis=1)
    assert np.allclose(length, length[0])


def test_general_angles_match_ase():
    rng = np.random.default_rng(1)
    atoms = unit_cell(PROTOTYPE, "conventional", 5.0)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(scale=0.05, size=(3, 3))))
    conventional = conventional_cells(atoms.cell.array[None], PROTOTYPE, "conventional", (1, 1, 1))
    assert np.allclose(angle_series(conventional)[0], atoms.cell.angles(), atol=1e-9)


def test_mean_metric_comes_before_the_angles():
    """Frames rotated as a whole have the same metric: their mean angle is that of each frame, with no error."""
    atoms = rhombohedral_strain(unit_cell(PROTOTYPE, "conventional", 5.0), 91.0)
    turns = [np.linalg.qr(np.random.default_rng(s).normal(size=(3, 3)))[0] for s in range(8)]
    each, _ = mean_angles(np.array([atoms.cell.array @ q for q in turns]))
    assert np.allclose([a.value for a in each], 91.0, atol=1e-9)
    assert np.allclose([a.error for a in each], 0.0, atol=1e-9)


def test_a_fixed_cell_has_the_mean_shape_of_its_run():
    """A hexagonal cell of a = 3, c = 5 Å, sheared at random: a and c come back at the wanted volume, with 90 and 120 degrees."""
    hexagonal = Prototype(
        spacegroup=194, sites=[{"element": "Li", "position": (1 / 3, 2 / 3, 0.25)}], lattice_constant=3.1, c=5.0
    )
    rng = np.random.default_rng(5)
    cell = Cell.fromcellpar([3.0, 3.0, 5.0, 90, 90, 120]).array * np.array([2, 2, 3])[:, None]
    frames = cell + 0.01 * rng.normal(size=(4000, 3, 3))
    columns = {f"c{i}{j}": frames[:, m, n] for m, i in enumerate("xyz") for n, j in enumerate("xyz")}
    thermo = pd.DataFrame(
        {"time": np.arange(4000) * 0.01, "volume": 1.0, "potential_energy": rng.normal(size=4000), **columns}
    )
    volume = 3.0 * 3.0 * np.sin(np.pi / 3) * 5.0
    found = mean_shape(thermo, hexagonal, "conventional", (2, 2, 3), 8 * volume)
    # noise of 0.01 Å/2 per frame over 1600 frames or more: 0.0003 Å with the random start of the production part
    assert found == pytest.approx((6.0, 6.0, 10.0, 90.0, 90.0, 120.0), abs=1e-2)
    assert mean_shape(thermo, PROTOTYPE, "conventional", (2, 2, 3), volume) is None
