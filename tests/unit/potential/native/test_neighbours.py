"""Neighbour lists against ASE's."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from qcrystal.potential.native.neighbours import find_pairs

CELLS = {
    "skewed": ([[12, 0, 0], [-5, 11, 0], [1, 2, 13]], 120),
    "left-handed": ([[12, 0, 0], [-5, 11, 0], [1, 2, -13]], 60),
    "smaller than the reach": ([[3, 0, 0], [1, 2.5, 0], [1, 2, 3]], 5),
    "one atom": ([[2, 0, 0], [0, 2, 0], [0, 0, 2]], 1),
    "flat": ([[30, 0, 0], [1, 22, 0], [1, 2, 3]], 60),
}


@pytest.mark.parametrize("name", CELLS)
def test_all_pairs_are_found(name):
    cell, count = CELLS[name]
    cell = np.array(cell, float)
    frames = np.random.default_rng(4).normal(0, 15, (2, count, 3))  # also outside of the cell
    reach = 4.6
    starts = np.array([0, count, 2 * count])
    pairs = find_pairs(frames.reshape(-1, 3), np.array([cell, 1.1 * cell]), starts, reach)
    for frame, (positions, own) in enumerate(zip(frames, (cell, 1.1 * cell), strict=True)):
        expected = neighbor_list("ijD", Atoms(f"H{count}", positions, cell=own, pbc=True), reach)
        expected = sorted(zip(expected[0], expected[1], *expected[2].round(6).T, strict=True))
        first = pairs.first[frame * count : (frame + 1) * count + 1]
        chosen = slice(first[0], first[-1])
        owner = np.repeat(np.arange(count), np.diff(first))
        other, image = pairs.other[chosen] - frame * count, pairs.image[chosen]
        assert (pairs.frames[image] == frame).all()
        vectors = positions[other] + pairs.shifts[image] @ own - positions[owner]
        found = sorted(zip(owner, other, *vectors.round(6).T, strict=True))
        np.testing.assert_allclose(found, expected, atol=2e-6)
