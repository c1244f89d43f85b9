"""Position of a bridging atom between the two ends of its bond: the order parameter of a symmetric hydrogen bond.

In Im-3m H3S every H is in the middle between two S [I. Errea et al., Nature 532, 81 (2016)]. In R3m it is nearer to one of them.
The offset of each bond of the primitive cell is averaged over the lattice and over time, with its sign. So it is zero where
atoms hop from side to side, and where both sides are taken at random. Then the crystal is symmetric on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from qcrystal.analysis.cage import by_site
from qcrystal.analysis.production import ObserveSettings, Production
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import Estimate, estimate
from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Prototype

FARTHER = 1.05
"""Distance of the third end, in units of that of the second, at least."""
QUANTILE, DRAWS, NOISE_SEED = 0.95, 4000, 20160330


class Bonds(NamedTuple):
    """Bonds of a crystal, B of them.

    Attributes
    ----------
    bridge : (B,) array of int
        Site in the middle.
    ends : (B, 2) array of int
        Sites at both ends; translated copies of a bond have theirs in the same order.
    step : (B, 2, 3) array
        Fractional vectors from the bridge to its ends in the ideal crystal.
    kind : (B,) array of int
        Number of the primitive cell's bond of which it is a copy, from 0.
    """

    bridge: np.ndarray
    ends: np.ndarray
    step: np.ndarray
    kind: np.ndarray


def find_bonds(ideal: Atoms, prototype: Prototype, bridge: str, ends: str) -> Bonds:
    """The bond of each bridging atom to its two nearest ends.

    Parameters
    ----------
    ideal
        Ideal supercell of the prototype, small ones included.
    bridge, ends
        Elements.

    Raises
    ------
    ValueError
        If there is no such atom, or the third end is as near as the second, so that there is no bond of two ends.
    """
    symbols = np.array(ideal.get_chemical_symbols())
    bridges, number_of_ends = np.flatnonzero(symbols == bridge), int((symbols == ends).sum())
    if not len(bridges) or not number_of_ends:
        raise ValueError(f"bond_centring: the prototype has no {bridge}-{ends} bond; correct bridge and ends")
    radius = 2.0 * np.cbrt(ideal.get_volume() / number_of_ends)
    i, j, distance, vector = neighbor_list("ijdD", ideal, radius)
    pairs, steps = [], []
    for middle in bridges:
        near = np.flatnonzero((i == middle) & (symbols[j] == ends) & (distance > 1e-3))
        near = near[np.argsort(distance[near], kind="stable")][:3]
        if len(near) < 2 or (len(near) == 3 and distance[near[2]] < FARTHER * distance[near[1]]):
            raise ValueError(
                f"bond_centring: {bridge} atom {middle} of the prototype has not two nearest {ends}; "
                "correct bridge and ends, or take bond_centring out"
            )
        # One direction for parallel bonds: the first coordinate that is not zero rises from end to end.
        along = vector[near[1]] - vector[near[0]]
        ordered = near[:2] if along[np.flatnonzero(np.abs(along) > 1e-3)[0]] > 0 else near[1::-1]
        pairs.append(j[ordered])
        steps.append(ideal.cell.scaled_positions(vector[ordered]))
    places = primitive_cell(prototype, prototype.lattice_constant).cell.scaled_positions(ideal.positions[bridges])
    _, kind = np.unique(np.round(places, 3) % 1.0, axis=0, return_inverse=True)
    return Bonds(bridges, np.array(pairs), np.array(steps), kind.ravel())


def offsets(coordinates: np.ndarray, bonds: Bonds, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offset of the bridge from the middle of its ends along the bond (..., B) and the ends' distance (..., B), Å.

    ``coordinates`` (..., sites, 3) fractional by site; ``cell`` (..., 3, 3).
    """
    step = coordinates[..., bonds.ends, :] - coordinates[..., bonds.bridge, None, :]
    step = (step - np.rint(step - bonds.step)) @ cell[..., None, :, :]
    along = step[..., 1, :] - step[..., 0, :]
    length = np.linalg.norm(along, axis=-1)
    return -0.5 * ((step[..., 0, :] + step[..., 1, :]) * along).sum(axis=-1) / length, length


def noise(errors: np.ndarray) -> float:
    """The mean absolute offset that noise alone exceeds in one of twenty runs, of K bonds with these standard errors (K,), Å."""
    draws = np.random.default_rng(NOISE_SEED).normal(size=(DRAWS, len(errors)))
    return float(np.quantile(np.abs(draws * errors).mean(axis=1), QUANTILE))


def measure(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Add bond_offset, bond_offset_noise, bond_offset_rms, bond_length (Å) and bonds_left_out.

    - bond_offset: mean over the primitive cell's bonds of the absolute mean offset; 0 in a symmetric bond
    - bond_offset_noise: what noise alone seldom exceeds
    - bond_offset_rms: root mean square of the instantaneous offset, of a bead in path integrals
    - bond_length: mean distance of the two ends

    Bonds whose atoms are missing or were ever away from their site are left out.
    """
    options = settings.order_parameters.bond_centring
    if options is None:
        return
    bonds = find_bonds(run.ideal, settings.prototype, options.bridge, options.ends)
    sites = len(run.places)
    gone = np.ones(sites, bool)
    gone[run.site] = away
    kept = ~(gone[bonds.bridge] | gone[bonds.ends].any(axis=1))
    rows.add("bonds_left_out", options.bridge, Estimate(float((~kept).sum()), 0.0, 1.0), "count")
    bonds = Bonds(*(part[kept] for part in bonds))
    if not kept.any():
        return
    mean, length = offsets(by_site(run.fractional, run.site, run.image, sites), bonds, run.mean_cell)
    kinds = np.unique(bonds.kind)
    series = np.stack([mean[:, bonds.kind == kind].mean(axis=1) for kind in kinds], axis=1)
    signed = series * np.sign(series.mean(axis=0))
    found = estimate(signed.mean(axis=1))
    errors = np.array([estimate(one).error for one in series.T])
    rows.add("bond_offset", options.bridge, found, "Å")
    rows.add("bond_offset_noise", options.bridge, Estimate(noise(errors), np.nan, found.n_effective), "Å")
    instantaneous, _ = offsets(by_site(run.configurations, run.site, run.image, sites), bonds, run.cell)
    square = estimate((instantaneous**2).mean(axis=1))
    root = float(np.sqrt(square.value))
    rows.add("bond_offset_rms", options.bridge, Estimate(root, square.error / (2 * root), square.n_effective), "Å")
    rows.add("bond_length", options.bridge, estimate(length.mean(axis=1)), "Å")
