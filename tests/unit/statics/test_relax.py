"""Close atoms are found as another code finds them."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from qcrystal.statics.relax import nearer_than

PAIRS = {("La", "H"): 1.6, ("H", "H"): 0.7, ("La", "La"): 2.5}  # Å; pairs with Y have no limit


def test_close_atoms_are_those_of_ase_in_cells_of_any_shape():
    """1 to 12 atoms of three species, some outside of their cell, at limits that about half of the crystals keep."""
    rng = np.random.default_rng(1)
    found = []
    while len(found) < 40:
        count, cell = int(rng.integers(1, 13)), np.diag(rng.uniform(2.0, 6.0, 3)) + rng.normal(0.0, 1.0, (3, 3))
        if abs(np.linalg.det(cell)) < 4.0:
            continue
        places = rng.uniform(-1.5, 2.5, (count, 3)) @ cell
        atoms = Atoms(rng.choice(["La", "H", "Y"], count).tolist(), positions=places, cell=cell, pbc=True)
        scale = rng.uniform(0.1, 1.0)
        for limit in (scale, {pair: scale * distance for pair, distance in PAIRS.items()}):
            found.append(nearer_than(atoms, limit))
            assert found[-1] == (len(neighbor_list("i", atoms, limit)) > 0)
    assert 5 < sum(found) < len(found) - 5


def test_an_atom_is_near_its_own_image_and_two_at_one_place_are_near():
    cubic = Atoms("H", cell=[1.0, 5.0, 5.0], pbc=True)
    assert nearer_than(cubic, 1.01) and not nearer_than(cubic, 0.99)
    assert nearer_than(cubic, {("H", "H"): 1.01}) and not nearer_than(cubic, {("La", "H"): 1.01})
    assert nearer_than(Atoms("H2", positions=[[0.0] * 3] * 2, cell=[5.0] * 3, pbc=True), 0.1)
