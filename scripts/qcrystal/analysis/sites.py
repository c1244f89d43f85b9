"""Sites that the atoms of a run hold, their hops between sites, and their diffusion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qcrystal.analysis import reordered
from qcrystal.analysis.diffusion import Diffusion, diffusion
from qcrystal.analysis.production import Production
from qcrystal.analysis.rdf import SELF_DISTANCE
from qcrystal.crystal.neighbours import distances_between


class Sites(NamedTuple):
    """Sites that the n atoms of one species hold in W windows of time.

    Attributes
    ----------
    places : (m,) array of int
        Numbers of the sites among those of the crystal, and of the holes where the run has interstitials.
    site, image : (W, n) and (W, n, 3) arrays of int
        See `reordered.site_history`.
    window : int
        Frames in a window.
    """

    places: np.ndarray
    site: np.ndarray
    image: np.ndarray
    window: int


def held_sites(run: Production, symbol: str, window: float) -> Sites:
    """Sites of one species; positions are averaged over ``window`` (ps) first."""
    places = np.flatnonzero(np.array(run.places.get_chemical_symbols()) == symbol)
    frames = max(1, round(window / run.interval)) if run.interval else 1
    sites = run.places.get_scaled_positions(wrap=False)[places]
    history = reordered.site_history(run.fractional[:, run.species == symbol], sites, run.mean_cell, frames)
    return Sites(places, *history, frames)


def hops(run: Production, symbol: str, held: Sites) -> tuple[np.ndarray, np.ndarray]:
    """Changes of site per atom, and whether it was ever away from the site of its first frame; both (N,).

    Only atoms of the species ``symbol`` are looked at; the first counts hops in the production part.
    """
    of_kind = run.species == symbol
    number, away = np.zeros(len(run.species), int), np.zeros(len(run.species), bool)
    number[of_kind] = reordered.hops(held.site, held.image)
    home = np.searchsorted(held.places, run.site[of_kind])
    from_home = reordered.hops(
        np.concatenate([[home, home], held.site]), np.concatenate([[run.image[of_kind]] * 2, held.image])
    )
    away[of_kind] = from_home > 0
    return number, away


def diffusion_of(run: Production, held: Sites) -> Diffusion:
    """Diffusion of the atoms of one species over their sites, or its upper limit.

    A hop is as long as the shortest distance between sites of the species. Without a free site an event moves two atoms.
    """
    fractional = run.places.get_scaled_positions(wrap=False)[held.places]
    places = reordered.held_places(held.site, held.image)
    reach = 2.0 * np.cbrt(abs(np.linalg.det(run.mean_cell)) / len(fractional))
    distance = distances_between(fractional, fractional, run.mean_cell, reach)[2]
    return diffusion(
        (fractional[places[..., 0]] + places[..., 1:]) @ run.mean_cell,
        held.window * run.interval,
        float(distance[distance > SELF_DISTANCE].min()),
        1 if places.shape[1] < len(fractional) else 2,
    )
