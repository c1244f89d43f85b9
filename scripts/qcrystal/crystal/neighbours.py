"""Neighbours under periodic boundaries, in cells of any shape and size.

A small cell meets several images of the same atom within the radius: each is a neighbour of its own. Lengths are in Å.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

# Å: an atom and itself are this near at most; rounding is far below.
ITSELF = 1e-8
# Of a cell vector: images at the very edge of the radius are looked at too.
ROUNDING = 1e-9


class Pairs(NamedTuple):
    """Pairs of a point and a periodic image of another, ordered by the point.

    Attributes
    ----------
    first, second : (P,) arrays of int
        Numbers of the point and of the atom that the image belongs to.
    vectors : (P, 3) array
        From the point to the image, Å.
    distances : (P,) array
        Å.
    """

    first: np.ndarray
    second: np.ndarray
    vectors: np.ndarray
    distances: np.ndarray

    def take(self, chosen: np.ndarray) -> Pairs:
        """Some of the pairs."""
        return Pairs(*(values[chosen] for values in self))


def heights(cell: ArrayLike) -> np.ndarray:
    """Distances (3,) between opposite faces of a cell (Å)."""
    return np.asarray(1.0 / np.linalg.norm(np.linalg.inv(np.asarray(cell, float)), axis=0))


def images_within(fractional: ArrayLike, cell: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Every periodic image within ``radius`` (Å) of the cell.

    Returns
    -------
    positions : (M, 3) array
        Å.
    owner : (M,) array of int
        The atom that each image belongs to.
    """
    wrapped = _wrapped(fractional)
    reach = radius / heights(cell) + ROUNDING
    shifts = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in np.ceil(reach).astype(int)]), -1).reshape(-1, 3)
    moved = wrapped[None] + shifts[:, None]
    near = np.all((moved >= -reach) & (moved <= 1.0 + reach), axis=-1)
    return moved[near] @ cell, np.nonzero(near)[1]


def distances_between(
    points: ArrayLike, others: ArrayLike, cell: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of the points, numbers of the others, and distances (Å) of `pairs_between`, in no particular order: faster."""
    first, image, distances, _, _, owner = _found(points, others, cell, radius)
    return first, owner[image], distances


def pairs_between(points: ArrayLike, others: ArrayLike, cell: np.ndarray, radius: float) -> Pairs:
    """All pairs of a point and a periodic image of another point at most ``radius`` (Å) apart.

    Parameters
    ----------
    points, others
        (n, 3) and (m, 3) fractional coordinates. A point that is among the others is a neighbour of itself.
    cell
        (3, 3), rows are vectors, Å.
    radius
        Å; it may exceed the cell.
    """
    first, image, distances, centres, images, owner = _found(points, others, cell, radius)
    order = np.argsort(first.astype(np.int64) * len(images) + image, kind="stable")
    first, image = first[order], image[order]
    return Pairs(first, owner[image], images[image] - centres[first], distances[order])


def neighbours(positions: ArrayLike, cell: np.ndarray, cutoff: float) -> Pairs:
    """All pairs of atoms at most ``cutoff`` (Å) apart, both directions; an atom is a neighbour of its images, not of itself.

    Parameters
    ----------
    positions
        (N, 3), Å.
    cell
        (3, 3), rows are vectors, Å.
    """
    fractional = np.asarray(positions, float) @ np.linalg.inv(cell)
    pairs = pairs_between(fractional, fractional, cell, cutoff)
    return pairs.take((pairs.first != pairs.second) | (pairs.distances > ITSELF))


def nearest_distance(points: ArrayLike, others: ArrayLike | None, cell: np.ndarray) -> float:
    """Shortest distance (Å) between points and others, periodic images included.

    Parameters
    ----------
    points, others
        (n, 3) and (m, 3) fractional coordinates; None: between different ones, or images, of ``points``.
    """
    centres = _wrapped(points) @ cell
    targets = points if others is None else others
    radius = np.cbrt(abs(np.linalg.det(cell)) / len(centres))
    while True:
        tree = scipy.spatial.cKDTree(images_within(targets, cell, radius)[0])
        nearest = tree.query(centres, k=[2 if others is None else 1])[
            0
        ].min()  # the first of a point is the point itself
        if nearest <= radius:
            return float(nearest)
        radius *= 1.5


def _found(points: ArrayLike, others: ArrayLike, cell: np.ndarray, radius: float) -> tuple[np.ndarray, ...]:
    """Numbers of points and of images of the pairs within a radius, distances; positions of both, owners of the images."""
    centres = _wrapped(points) @ cell
    images, owner = images_within(others, cell, radius)
    found = scipy.spatial.cKDTree(centres).sparse_distance_matrix(
        scipy.spatial.cKDTree(images), radius, output_type="ndarray"
    )
    return found["i"], found["j"], found["v"], centres, images, owner


def _wrapped(fractional: ArrayLike) -> np.ndarray:
    fractional = np.asarray(fractional, float)
    return fractional - np.floor(fractional)
