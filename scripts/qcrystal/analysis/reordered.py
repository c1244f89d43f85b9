"""Reordered displacements and site exchanges: the assignment of atoms to sites under periodic boundaries.

MSD'(t) = (1/N) min over permutations P of Σ |r_P(i)(t) - r_i(0)|² ([Qin] eq. 3): what is left of the displacement when
identical protons may be renamed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from qcrystal.analysis.msd import Displacement
from qcrystal.crystal.neighbours import distances_between
from qcrystal.fields import spread

# Candidate sites are sought within this multiple of the mean distance between sites; enlarged until certified.
FIRST_RADIUS = 1.25
GROWTH = 1.35
CATEGORIES = ("no exchange", "one exchange", "multiple exchanges")


class Assignment(NamedTuple):
    """Site of each point (n,), its squared distance (n,) in Å², and the search radius (Å) that certified it."""

    site: np.ndarray
    squared_distance: np.ndarray
    radius: float


def assign(points: np.ndarray, sites: np.ndarray, cell: np.ndarray) -> Assignment:
    """Assign points to different sites with the least sum of squared distances; a proven optimum.

    The problem is solved on lists of near sites. A dual solution then proves that no site outside the lists could do
    better; otherwise the lists grow.

    Parameters
    ----------
    points
        (n, 3) fractional coordinates.
    sites
        (m, 3) fractional coordinates, m >= n (more: vacancies).
    cell
        (3, 3), Å.

    Raises
    ------
    ValueError
        If there are more points than sites.
    """
    points, sites = np.asarray(points, float), np.asarray(sites, float)
    if len(points) > len(sites):
        raise ValueError(f"{len(points)} atoms cannot be assigned to {len(sites)} sites, one each")
    radius = FIRST_RADIUS * np.cbrt(abs(np.linalg.det(cell)) / len(sites))
    while True:
        cost = _near_costs(points, sites, cell, radius)
        everything = cost.nnz == len(points) * len(sites)
        try:
            row, column = min_weight_full_bipartite_matching(cost)
        except ValueError:  # no full matching within this radius
            radius *= GROWTH
            continue
        site = np.empty(len(points), int)
        site[row] = column
        squared = _costs_of(cost, site)
        if everything or _proven(points, sites, cell, radius, *_duals(cost, site, squared)):
            return Assignment(site, squared - 1.0, radius)
        radius *= GROWTH


def _near_costs(points: np.ndarray, sites: np.ndarray, cell: np.ndarray, radius: float) -> csr_array:
    """Squared distances to the nearest image of near sites, plus 1: a stored zero would count as no edge.

    The same constant on every edge changes no optimum, because every full matching has the same number of edges.
    """
    i, j, distance = distances_between(points, sites, cell, radius)
    order = np.lexsort((distance, j, i))
    i, j, distance = i[order], j[order], distance[order]
    first = np.ones(len(i), bool)
    first[1:] = (i[1:] != i[:-1]) | (j[1:] != j[:-1])
    return csr_array((distance[first] ** 2 + 1.0, (i[first], j[first])), shape=(len(points), len(sites)))


def _costs_of(cost: csr_array, site: np.ndarray) -> np.ndarray:
    """Costs of the matched pairs."""
    matched = np.repeat(site, np.diff(cost.indptr)) == cost.indices
    return cost.data[matched]


def _duals(cost: csr_array, site: np.ndarray, matched_cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dual solution of the problem on the list: u_i + v_j <= c_ij (without the 1), v <= 0, equal on matched pairs.

    v is the shortest-path potential of the exchange graph (Bellman-Ford); u = inf if it does not settle.
    """
    by_column = cost.tocsc()
    filled = np.flatnonzero(np.diff(by_column.indptr))
    starts = by_column.indptr[filled]
    rise = by_column.data - matched_cost[by_column.indices]
    v = np.zeros(cost.shape[1])
    for _ in range(cost.shape[1]):
        lower = np.minimum(v[filled], np.minimum.reduceat(v[site[by_column.indices]] + rise, starts))
        if np.allclose(lower, v[filled], rtol=0.0, atol=1e-12):
            return matched_cost - 1.0 - v[site], v
        v[filled] = lower
    return np.full(len(site), np.inf), v


def _proven(
    points: np.ndarray, sites: np.ndarray, cell: np.ndarray, radius: float, u: np.ndarray, v: np.ndarray
) -> bool:
    """Whether the dual solution holds for pairs outside the list too, which proves the matching optimal.

    Those pairs cost more than radius², so only rows with u_i > radius² need a look, at sites up to √u_i away.
    """
    rows = np.flatnonzero(u > radius**2)
    if len(rows) == 0:
        return True
    if np.isinf(u).any():
        return False
    i, j, distance = distances_between(points[rows], sites, cell, np.sqrt(u[rows].max()))
    return bool(np.all(u[rows][i] + v[j] <= distance**2 + 1e-9))


def reordered_displacement(fractional: np.ndarray, cell: np.ndarray, lag: np.ndarray, origins: int = 4) -> Displacement:
    """Reordered squared displacements at chosen lags, averaged over time origins.

    Parameters
    ----------
    fractional
        (F, n, 3), of one species, drift removed (`qcrystal.analysis.periodic.lattice_coordinates`).
    cell
        (3, 3), Å, the cell in which distances are measured (the mean one).
    lag
        (L,) in frames.
    origins
        Number of time origins, spread over the part of the trajectory that every lag fits into.
    """
    fractional, lag = np.asarray(fractional, float), np.asarray(lag)
    starts = np.array(spread(range(len(fractional) - lag[-1]), origins))
    squared = np.empty((len(starts), len(lag), fractional.shape[1]))
    for a, start in enumerate(starts):
        for b, step in enumerate(lag):
            found = assign(fractional[start + step], fractional[start], cell)
            squared[a, b, found.site] = found.squared_distance
    halves = np.full((2, len(lag)), np.nan)
    if len(starts) > 1:
        halves[0] = squared[: len(starts) // 2].mean(axis=(0, 2))
        halves[1] = squared[-(len(starts) // 2) :].mean(axis=(0, 2))
    return Displacement(lag, squared.mean(axis=0), halves)


def site_history(
    fractional: np.ndarray, sites: np.ndarray, cell: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Site of each atom in successive windows of time.

    Positions are averaged over ``window`` frames first, because a proton's zero-point motion reaches half way to
    the next site.

    Parameters
    ----------
    fractional
        (F, n, 3), of one species, drift removed.
    sites
        (m, 3) fractional.
    cell
        (3, 3), Å.
    window
        Frames per window; frames that do not fill the last window are left out.

    Returns
    -------
    site : (W, n) array of int
    image : (W, n, 3) array of int
        The periodic image of the site: in a small cell a hop may lead to the image of a site of the same number.
    """
    fractional = np.asarray(fractional, float)
    window = max(1, min(window, len(fractional)))
    count = len(fractional) // window
    averaged = fractional[: count * window].reshape(count, window, *fractional.shape[1:]).mean(axis=1)
    site = np.array([assign(points, sites, cell).site for points in averaged])
    return site, np.rint(averaged - np.asarray(sites, float)[site]).astype(int)


def held_places(site: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Site and image that each atom holds in each window, (W, n, 4).

    A site counts, the first as well, when it is held for two successive windows: a single window is a fluctuation. Until then
    the atom stays where it was. Windows before an atom's first such site have that site.
    """
    places = np.concatenate([np.asarray(site)[..., None], np.asarray(image)], axis=-1)
    held = np.zeros(places.shape[:2], bool)
    held[:-1] = (places[:-1] == places[1:]).all(axis=-1)
    first = np.where(held.any(axis=0), held.argmax(axis=0), 0)
    since = np.where(held, np.arange(len(places))[:, None], first)
    return np.take_along_axis(places, np.maximum.accumulate(since, axis=0)[..., None], axis=0)


def hops(site: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Number of changes of the held site per atom, (n,); see `held_places`."""
    places = held_places(site, image)
    return (places[1:] != places[:-1]).any(axis=-1).sum(axis=0)


def categories(number_of_hops: np.ndarray) -> np.ndarray:
    """[Qin] fig. 4's three kinds of protons: no exchange, one exchange, multiple exchanges."""
    return np.array(CATEGORIES)[np.minimum(number_of_hops, 2)]
