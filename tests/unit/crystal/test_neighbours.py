"""Periodic neighbours against brute force over many images, in small and skewed cells that meet an atom several times."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from qcrystal.crystal.neighbours import heights, images_within, nearest_distance, neighbours, pairs_between

CUBE = 2.5 * np.eye(3)
TRICLINIC = np.array([[2.2, 0.0, 0.0], [0.9, 2.5, 0.0], [-0.7, 1.1, 2.9]])
FLAT = np.array([[6.0, 0.0, 0.0], [3.0, 5.2, 0.0], [2.0, 2.0, 1.3]])
CELLS = pytest.mark.parametrize(
    "cell", [CUBE, TRICLINIC, FLAT, -TRICLINIC], ids=["cube", "triclinic", "flat", "left-handed"]
)
CUTOFF = 4.3  # Å: more than any of the heights, so that all of them see images of themselves


def brute_force(points, others, cell, cutoff):
    """(first, second, vector) of all pairs within the cutoff, over images up to nine cells away."""
    shifts = np.array(list(itertools.product(range(-9, 10), repeat=3)))
    vectors = (others[None, :, None] + shifts - points[:, None, None]) @ cell
    first, second, image = np.nonzero(np.linalg.norm(vectors, axis=-1) <= cutoff)
    return first, second, vectors[first, second, image]


def as_set(first, second, vectors):
    return sorted(zip(first.tolist(), second.tolist(), *np.round(vectors, 6).T.tolist(), strict=True))


@CELLS
@pytest.mark.parametrize("atoms", [1, 5])
def test_neighbours_are_those_of_brute_force(cell, atoms):
    rng = np.random.default_rng(atoms)
    fractional = rng.uniform(-2, 3, size=(atoms, 3))  # outside of the cell too
    pairs = neighbours(fractional @ cell, cell, CUTOFF)
    # brute force between wrapped coordinates, where nine cells reach the cutoff in each of these cells
    wrapped = fractional - np.floor(fractional)
    first, second, vectors = brute_force(wrapped, wrapped, cell, CUTOFF)
    other = np.linalg.norm(vectors, axis=1) > 1e-6
    assert as_set(pairs.first, pairs.second, pairs.vectors) == as_set(first[other], second[other], vectors[other])
    assert np.array_equal(pairs.first, np.sort(pairs.first))
    np.testing.assert_allclose(pairs.distances, np.linalg.norm(pairs.vectors, axis=1), rtol=1e-12)
    assert max(np.bincount(pairs.first * atoms + pairs.second)) > 1, "several images of one atom were meant to be met"


@CELLS
def test_neighbours_are_those_of_ase(cell):
    positions = np.random.default_rng(7).uniform(0, 5, size=(4, 3))
    pairs = neighbours(positions, cell, CUTOFF)
    i, j, vectors = neighbor_list("ijD", Atoms("H4", positions=positions, cell=cell, pbc=True), CUTOFF)
    assert as_set(pairs.first, pairs.second, pairs.vectors) == as_set(i, j, vectors)


@CELLS
def test_pairs_between_two_sets_are_those_of_brute_force(cell):
    rng = np.random.default_rng(3)
    points, others = rng.uniform(size=(3, 3)), rng.uniform(size=(4, 3))
    points[0] = others[2]  # a point that is among the others is a pair of distance 0
    pairs = pairs_between(points, others, cell, CUTOFF)
    assert as_set(pairs.first, pairs.second, pairs.vectors) == as_set(*brute_force(points, others, cell, CUTOFF))
    assert pairs.distances[(pairs.first == 0) & (pairs.second == 2)].min() == 0.0


@CELLS
def test_nearest_distance_is_the_smallest_of_brute_force(cell):
    rng = np.random.default_rng(11)
    points, others = rng.uniform(size=(3, 3)), rng.uniform(size=(2, 3))
    every = np.linalg.norm(brute_force(points, others, cell, 9.0)[2], axis=1)
    assert nearest_distance(points, others, cell) == pytest.approx(every.min(), abs=1e-9)
    among = np.linalg.norm(brute_force(points, points, cell, 9.0)[2], axis=1)
    assert nearest_distance(points, None, cell) == pytest.approx(among[among > 1e-6].min(), abs=1e-9)
    # a single atom is nearest to its own image, a lattice vector away
    shifts = np.array([s for s in itertools.product(range(-3, 4), repeat=3) if any(s)])
    assert nearest_distance(points[:1], None, cell) == pytest.approx(np.linalg.norm(shifts @ cell, axis=1).min())


def test_two_atoms_at_one_place_are_at_distance_zero():
    assert nearest_distance([[0.1, 0.2, 0.3]] * 2, None, CUBE) == 0.0
    assert len(neighbours([[0.0, 0.0, 0.0]] * 2, CUBE, 1.0).first) == 2


def test_images_cover_the_surroundings_of_the_cell():
    positions, owner = images_within([[0.0, 0.0, 0.0]], TRICLINIC, 3.0)
    assert set(owner) == {0}
    # every lattice point within 3 Å of a corner is there
    lattice = np.array(list(itertools.product(range(-4, 5), repeat=3))) @ TRICLINIC
    near = lattice[np.linalg.norm(lattice, axis=1) <= 3.0]
    assert all(np.linalg.norm(positions - point, axis=1).min() < 1e-9 for point in near)


def test_heights_are_the_distances_of_faces():
    volume = abs(np.linalg.det(TRICLINIC))
    areas = [np.linalg.norm(np.cross(TRICLINIC[i - 2], TRICLINIC[i - 1])) for i in range(3)]
    np.testing.assert_allclose(heights(TRICLINIC), volume / np.array(areas))
