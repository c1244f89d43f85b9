"""Holes of a crystal: where an interstitial atom has most room. Lengths are in Å."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from ase import Atoms
from ase.data import covalent_radii

SAME_HOLE = 1e-3
"""Corners closer than this (Å) are one; rooms that differ by less are equal."""


def holes(atoms: Atoms) -> np.ndarray:
    """Centres of the largest holes of a crystal, all that its symmetry makes equal.

    A place has as much room as the nearest atom is away: a sphere of the covalent radius of B. Cordero et al.,
    Dalton Trans. 2832 (2008). Tried are the corners of Voronoi cells, which are farthest from the atoms about them.

    Parameters
    ----------
    atoms
        Periodic unit cell.

    Returns
    -------
    (n, 3) array
        Fractional coordinates in [0, 1), sorted.
    """
    shifts = np.array(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij")).reshape(3, -1).T
    every = (atoms.get_scaled_positions()[None] + shifts[:, None]).reshape(-1, 3) @ atoms.cell.array
    radii = np.tile(covalent_radii[atoms.numbers], len(shifts))
    corners = scipy.spatial.Voronoi(every).vertices
    fractional = atoms.cell.scaled_positions(corners)
    inside = ((fractional > -1e-6) & (fractional < 1.0 - 1e-6)).all(axis=1)
    corners = corners[inside]
    room = (np.linalg.norm(corners[:, None] - every[None], axis=2) - radii).min(axis=1)
    best = np.round(atoms.cell.scaled_positions(corners[room > room.max() - SAME_HOLE]), 6) % 1.0
    return _apart(best[np.lexsort(best.T[::-1])], atoms.cell.array)


def _apart(fractional: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """The first of each group of places that coincide but for rounding, periodic images included."""
    kept: list[np.ndarray] = []
    for place in fractional:
        difference = np.array(kept).reshape(-1, 3) - place
        difference -= np.rint(difference)
        if not (np.linalg.norm(difference @ cell, axis=1) < SAME_HOLE).any():
            kept.append(place)
    return np.array(kept)


def holes_of_supercell(unit: Atoms, repeat: Sequence[int]) -> np.ndarray:
    """Fractional coordinates (n, 3), in a supercell, of the largest holes of its unit cell."""
    multiples = np.asarray(repeat, int)
    shifts = np.array(np.meshgrid(*[np.arange(n) for n in multiples], indexing="ij")).reshape(3, -1).T
    return ((holes(unit)[None] + shifts[:, None]) / multiples).reshape(-1, 3)
