"""Properties at rest by several potentials: what a model crystal must give, and angles by hand."""

import numpy as np
import pytest
from ase.calculators.emt import EMT

from qcrystal.analysis.potentials import cage_deviation, potentials_table, properties, rhombohedral
from qcrystal.crystal.cells import conventional_cell
from qcrystal.crystal.prototype import Cage, Prototype, Site
from qcrystal.statics.phonons import PhononSettings
from qcrystal.statics.relax import Effort

COPPER = Prototype(spacegroup=225, sites=[Site(element="Cu", position=(0.0, 0.0, 0.0))], lattice_constant=3.6)
HYDRIDE = Prototype(
    spacegroup=225,
    sites=[Site(element=element, position=(x, x, x)) for element, x in (("La", 0.5), ("H", 0.25), ("H", 0.1205))],
    lattice_constant=4.95,
)
CAGE = Cage(centre="La", member="H", members=32, quadrilaterals=6, hexagons=12)


def test_a_stable_metal_relaxes_back_to_its_cubic_lattice():
    found = rhombohedral(EMT(), COPPER, None, 3.6, 0.0, Effort(fmax=1e-3, shortest=1.5))
    assert found["cell_deviation"] < 0.05  # degrees, what forces of 1 meV/Å leave of 1.5
    assert abs(found["gain"]) < 0.01  # meV/atom
    assert np.isnan(found["cage_deviation"])


def test_the_angle_of_a_cage_is_that_of_its_displaced_corner():
    """One corner of a square of side s moved along a side by d: angles 90 + atan(d/s) and 90 - atan(d/s) at its sides."""
    ideal = conventional_cell(HYDRIDE, 4.95)
    moved = ideal.copy()
    assert cage_deviation(ideal, moved, CAGE) == pytest.approx(0.0, abs=1e-6)
    moved.set_cell(ideal.cell.array @ (np.eye(3) + [[0, 0.01, 0], [0, 0, 0], [0, 0, 0]]), scale_atoms=True)
    assert cage_deviation(ideal, moved, CAGE) == pytest.approx(np.degrees(np.arctan(0.01)), rel=1e-6)  # a simple shear


@pytest.mark.engine
def test_every_quantity_of_a_metal_is_tabulated():
    """Copper by EMT: 3.59 Å at rest; Debye temperature near 300 K, so a zero-point temperature of some 3/8 of it."""
    table = properties(EMT(), COPPER, None, [0.0], PhononSettings((2, 2, 2), None, 6), Effort(fmax=5e-3, shortest=1.5))
    values = table.set_index("quantity")["value"]
    assert values["lattice constant"] == pytest.approx(3.59, abs=0.02)
    assert 90 < values["zero-point temperature"] < 130
    assert values["imaginary modes"] == 0.0
    whole = potentials_table({("emt", 1): table, ("emt", 2): table})
    assert list(whole["member"].unique()) == [1, 2] and len(whole) == 2 * len(table)
