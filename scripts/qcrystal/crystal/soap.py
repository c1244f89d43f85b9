"""Structures compared by their atoms' surroundings: structure-averaged SOAP vectors and the distance between them.

SOAP is the power spectrum of each atom's neighbour density (Bartók, Kondor, Csányi, Phys. Rev. B 87, 184115 (2013)). A
structure is the mean p of its atoms' spectra. Two structures have the average kernel of De, Bartók, Csányi and Ceriotti,
Phys. Chem. Chem. Phys. 18, 13754 (2016), and a distance. [Ly] (eq. 2) uses this distance to choose frames:

    K(A, B) = p·p' / (|p||p'|),   d = sqrt(K(A,A) + K(B,B) - 2 K(A,B)) = sqrt(2 - 2 K(A,B))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from qcrystal.fields import Count, Positive, Strict, Whole


class SoapSettings(Strict):
    """SOAP descriptor by which structures are compared."""

    cutoff: Positive = 4.0
    """Distance (Å) up to which neighbours count."""
    radial: Count = 6
    """Number of radial functions."""
    angular: Whole = 4
    """Largest angular momentum."""
    width: Positive = 0.3
    """Width (Å) of the Gaussian that stands for an atom."""


def averaged_soap(frames: Sequence[Atoms], species: Sequence[str], settings: SoapSettings) -> np.ndarray:
    """Structure-averaged SOAP vectors of unit length.

    Parameters
    ----------
    frames
        F periodic structures, of any sizes.
    species
        Chemical symbols that may occur.

    Returns
    -------
    (F, D) array
    """
    from dscribe.descriptors import SOAP  # takes seconds: only those who compare pay for it

    descriptor = SOAP(
        species=list(species),
        periodic=True,
        r_cut=settings.cutoff,
        n_max=settings.radial,
        l_max=settings.angular,
        sigma=settings.width,
        average="outer",
    )
    vectors = np.array([descriptor.create(atoms) for atoms in frames], dtype=float)
    vectors = vectors.reshape(len(frames), descriptor.get_number_of_features())
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def soap_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distances sqrt(2 - 2 p·p') between unit vectors (A, D) and (B, D); (A, B) array between 0 and sqrt(2)."""
    return np.sqrt(np.maximum(0.0, 2.0 - 2.0 * np.asarray(first) @ np.asarray(second).T))


def farthest_points(candidates: np.ndarray, reference: np.ndarray, count: int) -> np.ndarray:
    """Candidates chosen one after the other, each the farthest from the reference and from those chosen before.

    Parameters
    ----------
    candidates : (C, D) array
        Unit vectors.
    reference : (R, D) array
        What is there already; with R = 0 the first candidate is the first choice.
    count
        How many are chosen; all of them if there are no more.

    Returns
    -------
    (min(count, C),) array of int
        Indices of the candidates in the order of choice; of equally far ones the first.
    """
    candidates, reference = np.asarray(candidates, float), np.asarray(reference, float)
    nearest = np.full(len(candidates), np.inf)
    if len(reference):
        nearest = soap_distances(candidates, reference).min(axis=1)
    chosen = []
    for _ in range(min(count, len(candidates))):
        best = int(np.argmax(nearest))
        chosen.append(best)
        nearest = np.minimum(nearest, soap_distances(candidates, candidates[best : best + 1])[:, 0])
        nearest[chosen] = -np.inf
    return np.array(chosen, dtype=int)


def principal_components(vectors: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (F, count) along the directions of largest variance, and each direction's share of the variance (count,).

    The sign of a direction is such that its largest component is positive.
    """
    centred = np.asarray(vectors, float) - np.mean(vectors, axis=0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:count]
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
    variance = values**2
    return centred @ directions.T, variance[:count] / max(variance.sum(), 1e-300)
