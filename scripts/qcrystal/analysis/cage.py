"""Order parameter of [Qin]: interior angles of the cage's quadrilaterals on time-averaged positions.

Each centre atom (La) sits in a cage of members (32 H) with six quadrilaterals, which are squares in the cubic phase.
The parameter loses its meaning where atoms have exchanged sites, because an average over two sites is no site.
Quadrilaterals with such atoms, and those at a vacancy, are left out. Their number is reported.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from qcrystal.analysis.reordered import assign
from qcrystal.analysis.statistics import MINIMUM_SAMPLES, Estimate, blocks, estimate, jackknife_error
from qcrystal.crystal.neighbours import heights

BOND_RATIO = 1.25
SIGN_PATTERNS = 200
QUANTILE = 0.95  # of the noise of a cubic crystal
NOISE_SEED = 20230801
Image = tuple[int, int, int]
"""A periodic image: multiples of the cell's vectors."""
Place = tuple[int, Image]
"""A site in one of its images."""


class Quadrilaterals(NamedTuple):
    """Quadrilaterals of C cages, Q in each, found on the ideal crystal.

    Attributes
    ----------
    centre : (C,) array of int
        Site at the middle of each cage.
    site : (C, Q, 4) array of int
        Corners in order around each quadrilateral; corner k of quadrilateral q points the same way in every cage.
    image : (C, Q, 4, 3) array of int
        Periodic image of each corner next to its centre.
    """

    centre: np.ndarray
    site: np.ndarray
    image: np.ndarray


class CageOrder(NamedTuple):
    """Angles in degrees.

    Attributes
    ----------
    deviation, large, small : Estimate
        max|θ - 90|, mean of the angles above and of those below 90.
    noise : float
        The max|θ - 90| that thermal noise alone exceeds in one of twenty runs of this length. A deviation that is not well
        above it is compatible with squares.
    angles : (..., 4) array
        Interior angles, (Q, 4) when folded, (C, Q, 4) otherwise.
    left_out : int
        Number of quadrilaterals left out for exchanged or missing atoms; the estimates are NaN if that is all of them.
    """

    deviation: Estimate
    large: Estimate
    small: Estimate
    noise: float
    angles: np.ndarray
    left_out: int


def find_quadrilaterals(ideal: Atoms, centre: str, member: str, members: int, quadrilaterals: int) -> Quadrilaterals:
    """Find the quadrilaterals as the four-membered rings of the members' neighbour graph.

    Two members are neighbours up to 1.25 times the shortest distance between members. In Fm-3m LaH10 a 32f atom has three
    neighbours 32f and one 8c. The rings are the faces of the cubes that eight 32f atoms form.

    Parameters
    ----------
    ideal
        Ideal supercell, small ones included.
    centre, member
        Symbols.
    members, quadrilaterals
        How many of each a cage has.

    Raises
    ------
    ValueError
        If a cage has another number of members or quadrilaterals.
    """
    symbols = np.array(ideal.get_chemical_symbols())
    bonded = _bonds(ideal, symbols == member)
    fractional = ideal.get_scaled_positions(wrap=False)
    cages = _cage_members(ideal, symbols, centre, member, members)
    sites, offsets = [], []
    for middle, cage in cages.items():
        rings = _rings(cage, bonded)
        if len(rings) != quadrilaterals:
            raise ValueError(
                f"the cage of {centre} atom {middle} has {len(rings)} quadrilaterals, not {quadrilaterals}; "
                "check the prototype's sites and the system's `cage`"
            )
        site, offset = _in_order(rings, fractional, fractional[middle], ideal.cell.array)
        sites.append(site)
        offsets.append(offset)
    return Quadrilaterals(np.array(list(cages)), np.array(sites), np.array(offsets))


def _bonds(ideal: Atoms, is_member: np.ndarray) -> set[tuple[int, int, Image]]:
    """Set of (i, j, image) of bonded members."""
    members = ideal[is_member]
    number = np.flatnonzero(is_member)
    spacing = np.cbrt(ideal.get_volume() / len(members))
    shortest = neighbor_list("d", members, 1.5 * spacing).min()
    i, j, image = neighbor_list("ijS", members, BOND_RATIO * shortest)
    return set(zip(number[i].tolist(), number[j].tolist(), map(tuple, image.tolist()), strict=True))


def _cage_members(ideal: Atoms, symbols: np.ndarray, centre: str, member: str, members: int) -> dict[int, list[Place]]:
    """For each centre, its nearest members as (site, image)."""
    radius = 1.2 * np.cbrt(members * ideal.get_volume() / (symbols == member).sum() * 3.0 / (4.0 * np.pi))
    pair = ideal[(symbols == centre) | (symbols == member)]
    number = np.flatnonzero((symbols == centre) | (symbols == member))
    i, j, distance, image = neighbor_list("ijdS", pair, {(centre, member): radius})
    order = np.lexsort((distance, i))
    i, j, distance, image = (array[order] for array in (i, j, distance, image))
    cages = {}
    for middle in np.flatnonzero(np.array(pair.get_chemical_symbols()) == centre):
        start, end = np.searchsorted(i, [middle, middle + 1])
        found = distance[start:end]
        if len(found) < members or (len(found) > members and found[members] - found[members - 1] < 1e-3):
            raise ValueError(f"the {members} {member} nearest to {centre} atom {number[middle]} form no closed shell")
        near = slice(start, start + members)
        cages[int(number[middle])] = list(zip(number[j[near]].tolist(), map(tuple, image[near].tolist()), strict=True))
    return cages


def _rings(cage: Sequence[Place], bonded: set[tuple[int, int, Image]]) -> list[tuple[Place, Place, Place, Place]]:
    """Four-membered rings among (site, image) nodes, each as nodes in order around it."""
    neighbours = {a: {b for b in cage if (a[0], b[0], _minus(b[1], a[1])) in bonded} for a in cage}
    rings = {}
    for a in cage:
        for b, d in itertools.combinations(sorted(neighbours[a]), 2):
            for c in (neighbours[b] & neighbours[d]) - {a}:
                rings[frozenset((a, b, c, d))] = (a, b, c, d)
    return list(rings.values())


def _minus(a: Image, b: Image) -> Image:
    """Difference of two images."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _in_order(
    rings: Sequence[tuple[Place, Place, Place, Place]], fractional: np.ndarray, middle: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sort rings and corners by their direction from the centre, so that cages can be laid over each other."""
    site = np.array([[node[0] for node in ring] for ring in rings])
    image = np.array([[node[1] for node in ring] for ring in rings])
    corner = np.round((fractional[site] + image - middle) @ cell, 4)
    for q in range(len(rings)):
        first = min(range(4), key=lambda k: tuple(corner[q, k]))
        step = min((1, -1), key=lambda s: tuple(corner[q, (first + s) % 4]))
        turn = [(first + step * k) % 4 for k in range(4)]
        site[q], image[q], corner[q] = site[q][turn], image[q][turn], corner[q][turn]
    order = sorted(range(len(rings)), key=lambda q: tuple(corner[q].mean(axis=0).round(3)))
    return site[order], image[order]


def match_sites(fractional: np.ndarray, species: np.ndarray, ideal: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Find which ideal site each atom of a frame sits on, and in which periodic image.

    Parameters
    ----------
    fractional
        (N, 3), the first frame.
    species
        (N,) symbols.
    ideal
        Ideal supercell with at least as many atoms of each species.

    Returns
    -------
    site : (N,) array of int
    image : (N, 3) array of int

    Raises
    ------
    ValueError
        If some atom is further from its site than a third of the shortest cell height or 1 Å: another structure.
    """
    sites, symbols = ideal.get_scaled_positions(wrap=False), np.array(ideal.get_chemical_symbols())
    species = np.asarray(species)
    site = np.empty(len(species), int)
    for symbol in np.unique(species):
        own, places = np.flatnonzero(species == symbol), np.flatnonzero(symbols == symbol)
        found = assign(fractional[own], sites[places], ideal.cell.array)
        limit = min(1.0, heights(ideal.cell.array).min() / 3.0)
        worst = np.sqrt(found.squared_distance.max())
        if worst > limit:
            raise ValueError(
                f"the first frame has {symbol} {worst:.2f} Å away from every free site of the prototype "
                f"(limit {limit:.2f} Å); does the run start from that prototype, with the basis and repeat of its spec?"
            )
        site[own] = places[found.site]
    return site, np.rint(fractional - sites[site]).astype(int)


def by_site(fractional: np.ndarray, site: np.ndarray, image: np.ndarray, sites: int) -> np.ndarray:
    """Coordinates sorted by site, (F, sites, 3), in the site's own image; NaN at vacant sites."""
    sorted_by_site = np.full((len(fractional), sites, 3), np.nan)
    sorted_by_site[:, site] = fractional - image
    return sorted_by_site


def interior_angles(corners: np.ndarray) -> np.ndarray:
    """Interior angles (..., 4) in degrees of quadrilaterals with corners (..., 4, 3) in order."""
    corners = np.asarray(corners, float)
    back = np.roll(corners, 1, axis=-2) - corners
    forth = np.roll(corners, -1, axis=-2) - corners
    cosine = (back * forth).sum(-1) / (np.linalg.norm(back, axis=-1) * np.linalg.norm(forth, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def corners(
    coordinates: np.ndarray, quads: Quadrilaterals, cell: np.ndarray, kept: np.ndarray, fold: bool
) -> np.ndarray:
    """Corners relative to their cage's centre in Å, (..., C, Q, 4, 3), or averaged over kept cages, (..., Q, 4, 3).

    ``coordinates`` (..., sites, 3) fractional by site; ``cell`` (3, 3); ``kept`` (C, Q).
    """
    middle = coordinates[..., quads.centre, None, None, :]
    relative = (coordinates[..., quads.site, :] + quads.image - middle) @ cell
    relative[..., ~kept, :, :] = np.nan
    if not fold:
        return relative
    number = np.maximum(kept.sum(axis=0), 1)[:, None, None]
    folded = np.where(kept[:, :, None, None], relative, 0.0).sum(axis=-4) / number
    folded[..., ~kept.any(axis=0), :, :] = np.nan
    return folded


def cage_order(
    coordinates: np.ndarray,
    quads: Quadrilaterals,
    cell: np.ndarray,
    exchanged: np.ndarray,
    n_blocks: int = 10,
    fold: bool = True,
) -> CageOrder:
    """[Qin]'s order parameter with errors.

    Parameters
    ----------
    coordinates
        (F, sites, 3) fractional coordinates by site, drift removed, NaN where vacant (`by_site`).
    quads
        From `find_quadrilaterals`.
    cell
        (3, 3) mean cell, Å.
    exchanged
        (sites,) bool: the atom that belongs to the site has left it at some time.
    n_blocks
        Blocks of time for the errors (leave-one-out); fewer when fewer samples are independent.
    fold
        Average the cages over all centres before taking angles. That keeps any distortion with the period of
        the primitive cell and lowers the noise. The maximum over unfolded angles grows with noise and cell size.
    """
    vacant = np.isnan(coordinates[0]).any(axis=-1)
    bad = np.asarray(exchanged, bool) | vacant
    kept = ~(bad[quads.site].any(axis=-1) | bad[quads.centre][:, None])
    left_out = int((~kept).sum())
    mean = interior_angles(corners(coordinates.mean(axis=0), quads, cell, kept, fold))
    if not kept.any():
        nothing = Estimate(np.nan, np.nan, 0.0)
        return CageOrder(nothing, nothing, nothing, np.nan, mean, left_out)
    samples = _effective_samples(coordinates, quads, cell, kept, fold, mean)
    values = _summary(mean)
    count = min(n_blocks, int(samples), len(coordinates))
    if count < MINIMUM_SAMPLES:
        deviation, large, small = (Estimate(v, np.nan, samples) for v in values)
        return CageOrder(deviation, large, small, np.nan, mean, left_out)
    parts = blocks(len(coordinates), count)
    sums = np.array([coordinates[part].sum(axis=0) for part in parts])
    lengths = np.array([part.stop - part.start for part in parts], float)
    without = (sums.sum(axis=0) - sums) / (lengths.sum() - lengths)[:, None, None]
    angles = np.array([interior_angles(corners(c, quads, cell, kept, fold)) for c in without])
    errors = [jackknife_error(column) for column in zip(*map(_summary, angles), strict=True)]
    deviation, large, small = (Estimate(v, e, samples, count - 1.0) for v, e in zip(values, errors, strict=True))
    return CageOrder(deviation, large, small, _noise(angles), mean, left_out)


def _summary(angles: np.ndarray) -> tuple[float, float, float]:
    """max|θ - 90|, mean of the angles at or above 90, mean of those at or below (90 if there is none)."""
    known = angles[~np.isnan(angles)]
    above, below = known[known >= 90.0], known[known <= 90.0]
    return (
        float(np.abs(known - 90.0).max()),
        float(above.mean()) if len(above) else 90.0,
        float(below.mean()) if len(below) else 90.0,
    )


def _effective_samples(
    coordinates: np.ndarray, quads: Quadrilaterals, cell: np.ndarray, kept: np.ndarray, fold: bool, mean: np.ndarray
) -> float:
    """Effective number of samples of the instantaneous angles, projected on the mean distortion."""
    sign = np.sign(mean - 90.0)
    projected = [
        np.nanmean(sign * (interior_angles(corners(frame, quads, cell, kept, fold)) - 90.0)) for frame in coordinates
    ]
    return estimate(projected).n_effective


def _noise(leave_one_out: np.ndarray) -> float:
    """max|θ - 90| that noise alone stays below with the probability `QUANTILE`: deviations of the blocks, averaged with random
    signs in place of the signal."""
    count = len(leave_one_out)
    pseudo = (count - 1) * (leave_one_out.mean(axis=0) - leave_one_out)
    rng = np.random.default_rng(NOISE_SEED)
    signs = rng.choice([-1.0, 1.0], size=(SIGN_PATTERNS, count))
    noise = np.tensordot(signs, pseudo, axes=1) / np.sqrt(count * (count - 1))
    return float(np.quantile(np.nanmax(np.abs(noise.reshape(SIGN_PATTERNS, -1)), axis=1), QUANTILE))
