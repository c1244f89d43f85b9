"""Partial pair distribution functions, with periodic images where the radius exceeds half the cell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import estimate
from qcrystal.crystal.neighbours import distances_between

# Coinciding points are an atom and itself.
SELF_DISTANCE = 1e-6


def bin_edges(r_max: float, dr: float) -> np.ndarray:
    """Edges of ``round(r_max/dr)`` bins from 0 to ``r_max`` (Å)."""
    return np.linspace(0.0, r_max, int(round(r_max / dr)) + 1)


def frame_rdf(fractional: np.ndarray, cell: np.ndarray, kind: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """g_ab(r) of one frame, normalised with that frame's volume.

    4π ρ_b ∫ g_ab r² dr is the number of b (images included) around an a, with ρ_b = N_b/V.

    Parameters
    ----------
    fractional
        (N, 3).
    cell
        (3, 3), Å.
    kind
        (N,) integers 0 ... K-1, the species.
    edges
        (B+1,) equally spaced bin edges from 0, Å.

    Returns
    -------
    (K, K, B) array
    """
    kind = np.asarray(kind)
    count, bins = kind.max() + 1, len(edges) - 1
    i, j, distance = distances_between(fractional, fractional, cell, edges[-1])
    apart = distance > SELF_DISTANCE
    i, j, distance = i[apart], j[apart], distance[apart]
    place = np.minimum((distance * (bins / edges[-1])).astype(int), bins - 1)
    histogram = np.bincount((kind[i] * count + kind[j]) * bins + place, minlength=count * count * bins)
    number = np.bincount(kind).astype(float)
    shell = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    volume = abs(np.linalg.det(cell))
    normal = number[:, None, None] * number[None, :, None] * shell / volume
    return histogram.reshape(count, count, bins) / normal


def partial_rdfs(
    fractional: np.ndarray,
    cell: np.ndarray,
    species: np.ndarray,
    order: Sequence[str],
    r_max: float = 6.0,
    dr: float = 0.05,
) -> pd.DataFrame:
    """Partial g(r) averaged over frames.

    Parameters
    ----------
    fractional
        (F, N, 3).
    cell
        (F, 3, 3), Å.
    species
        (N,) symbols.
    order
        The symbols in the order in which pairs are named: ``[La, H]`` gives La-La, La-H, H-H.

    Returns
    -------
    DataFrame
        Columns r (bin centre, Å), pair, g, error. Errors from each bin's series, with its statistical inefficiency.
    """
    order = [s for s in order if s in set(species)]
    kind = np.array([order.index(s) for s in species])
    edges = bin_edges(r_max, dr)
    frames = np.array([frame_rdf(f, c, kind, edges) for f, c in zip(fractional, cell, strict=True)])
    centre = 0.5 * (edges[1:] + edges[:-1])
    tables = []
    for a, b in itertools.combinations_with_replacement(range(len(order)), 2):
        found = [estimate(series) for series in frames[:, a, b].T]
        tables.append(
            pd.DataFrame(
                {
                    "r": centre,
                    "pair": f"{order[a]}-{order[b]}",
                    "g": [e.value for e in found],
                    "error": [e.error for e in found],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
