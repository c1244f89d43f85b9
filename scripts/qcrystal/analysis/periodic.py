"""Coordinates that move with the cell, and periodic images in cells of any shape and size."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial import cKDTree


def check_continuous(cell, largest: float = 0.25) -> None:
    """Refuse a cell that jumps between frames, as when an engine flips a tilted cell.

    Raises
    ------
    ValueError
        If a cell vector changes by more than ``largest`` of its length from one frame to the next.
    """
    cell = np.asarray(cell, float)
    if len(cell) < 2:
        return
    change = np.linalg.norm(np.diff(cell, axis=0), axis=-1) / np.linalg.norm(cell[:-1], axis=-1)
    frame, vector = np.unravel_index(np.argmax(change), change.shape)
    if change[frame, vector] > largest:
        raise ValueError(
            f"cell vector {vector} changes by {change[frame, vector]:.0%} between frames {frame} and {frame + 1}: "
            "the engine flipped or lost the cell; run the dynamics without flips (LAMMPS: flip no)"
        )


def lattice_coordinates(positions, cell, masses) -> np.ndarray:
    """Fractional coordinates without the drift of the centre of mass.

    The homogeneous motion of the cell drops out, so that what is left is motion relative to the lattice.

    Parameters
    ----------
    positions
        (F, N, 3) unwrapped, Å.
    cell
        (F, 3, 3), Å, rows are vectors.
    masses
        (N,), u.

    Returns
    -------
    (F, N, 3) array
        Unwrapped; the mass-weighted centre stays where it is in the first frame.
    """
    masses = np.asarray(masses, float)
    fractional = np.einsum("fni,fij->fnj", positions, np.linalg.inv(cell))
    centre = np.einsum("n,fnj->fj", masses / masses.sum(), fractional)
    return fractional - (centre - centre[0])[:, None, :]


def heights(cell) -> np.ndarray:
    """Distances between opposite faces of a cell (Å)."""
    return 1.0 / np.linalg.norm(np.linalg.inv(np.asarray(cell, float)), axis=0)


def images(fractional, cell, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Every periodic image within ``radius`` (Å) of the cell.

    Returns
    -------
    positions : (M, 3) array, Å
    index : (M,) array
        The atom that each image belongs to.
    """
    wrapped = np.asarray(fractional, float) % 1.0
    reach = radius / heights(cell) + 1e-9
    positions, index = [], []
    for shift in itertools.product(*(range(-int(np.ceil(r)), int(np.ceil(r)) + 1) for r in reach)):
        moved = wrapped + shift
        near = np.flatnonzero(((moved >= -reach) & (moved <= 1.0 + reach)).all(axis=1))
        positions.append(moved[near])
        index.append(near)
    return np.concatenate(positions) @ cell, np.concatenate(index)


def pairs_within(points, others, cell, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of a point and a periodic image of another point at most ``radius`` apart.

    Parameters
    ----------
    points, others
        (n, 3) and (m, 3) fractional coordinates.
    cell
        (3, 3), Å.
    radius
        Å; may exceed the cell.

    Returns
    -------
    i, j : integer arrays
        Index in ``points`` and in ``others``; a pair appears once per image.
    distance : array, Å
    """
    image_positions, index = images(others, cell, radius)
    tree = cKDTree((np.asarray(points, float) % 1.0) @ cell)
    found = tree.sparse_distance_matrix(cKDTree(image_positions), radius, output_type="ndarray")
    return found["i"], index[found["j"]], found["v"]
