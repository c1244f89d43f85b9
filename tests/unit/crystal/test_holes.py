"""Largest holes of crystals, against those that every textbook names."""

import numpy as np
import pytest
from ase.build import bulk

from qcrystal.crystal.holes import holes, holes_of_supercell


def same(found, expected, cell):
    """Each expected place is found, and no other; 1e-4 Å are the rounding of Voronoi corners."""
    difference = np.asarray(found)[:, None] - np.asarray(expected)[None]
    difference -= np.rint(difference)
    distance = np.linalg.norm(difference @ cell, axis=2)
    return len(found) == len(expected) and (distance.min(axis=0) < 1e-4).all()


def test_octahedra_of_the_face_centred_cube():
    cube = bulk("Cu", "fcc", a=3.6, cubic=True)
    assert same(holes(cube), [[0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]], cube.cell.array)
    assert len(holes(bulk("Cu", "fcc", a=3.6))) == 1


def test_tetrahedra_of_the_body_centred_cube():
    """Twelve at (1/2, 1/4, 0) and its permutations, 0.559 a from the atoms; octahedra are only 0.5 a away."""
    cube = bulk("Li", "bcc", a=3.5, cubic=True)
    expected = [
        np.roll([half, quarter, 0.0], turn) for half in (0.5,) for quarter in (0.25, 0.75) for turn in range(3)
    ] + [np.roll([quarter, half, 0.0], turn) for half in (0.5,) for quarter in (0.25, 0.75) for turn in range(3)]
    assert same(holes(cube), expected, cube.cell.array)


def test_octahedra_of_close_packed_hexagons():
    hexagonal = bulk("Mg", "hcp", a=3.2, c=3.2 * np.sqrt(8.0 / 3.0))
    found = holes(hexagonal)
    distance = np.linalg.norm(
        hexagonal.repeat(3).positions - (found[0] + 1) / 3 @ hexagonal.repeat(3).cell.array, axis=1
    )
    assert len(found) == 2
    assert np.sort(distance)[:6] == pytest.approx([3.2 / np.sqrt(2.0)] * 6, abs=1e-4)


def test_small_atoms_leave_more_room():
    """Rock salt: of the eight equal cubes the hole is nearer to none; with one kind taken out it is where that was."""
    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    sodium = salt[salt.symbols == "Na"]
    assert same(holes(sodium), salt[salt.symbols == "Cl"].get_scaled_positions(), salt.cell.array)


def test_holes_of_a_supercell_are_those_of_its_cells():
    cell = bulk("Cu", "fcc", a=3.6)
    found = holes_of_supercell(cell, (3, 2, 1))
    assert len(found) == 6
    assert same(found, holes(cell.repeat((3, 2, 1))), cell.repeat((3, 2, 1)).cell.array)
