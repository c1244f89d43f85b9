"""Repulsion between atoms that come closer than any pair of the labels.

A network knows nothing of distances that it was never shown, and what it makes up there may attract. Two atoms that a hot or
badly started run pushes together may then fall into each other. So a pair energy is added below the distances of the labels:
ZBL, that of two nuclei with screened charges. Its source is J. F. Ziegler, J. P. Biersack and U. Littmark, The Stopping and
Range of Ions in Solids, Pergamon 1985. It is switched on between two distances per pair of species and is exactly zero beyond.
So labelled configurations are as the network has them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from ase import units
from ase.data import atomic_numbers

from qcrystal.dataset.labelled_frames import LabelledFrames, nearest_distances
from qcrystal.errors import QcrystalError

# Universal screening function and length of ZBL: amplitudes and decay constants (dimensionless), exponent of the charges.
AMPLITUDES = np.array([0.18175, 0.50986, 0.28022, 0.02817])
DECAYS = np.array([3.19980, 0.94229, 0.40290, 0.20162])
EXPONENT = 0.23
THOMAS_FERMI = (9 * np.pi**2 / 128) ** (1 / 3)
COULOMB = units.Hartree * units.Bohr  # e²/4πε₀ in eV Å
CORE = 0.1  # Å; closer than this the energy goes on linearly, so that it stays finite
SPACING = 0.005  # Å, of the table that goes into a potential


class ShortRangeError(QcrystalError, ValueError):
    """Distances that make no sense; one line that names the pair."""


def zbl(distance: np.ndarray, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Energy (eV) and its derivative (eV/Å) of two atoms at a distance (Å)."""
    distance = np.asarray(distance, float)
    charges = atomic_numbers[first], atomic_numbers[second]
    length = THOMAS_FERMI * units.Bohr / (charges[0] ** EXPONENT + charges[1] ** EXPONENT)
    terms = AMPLITUDES * np.exp(-DECAYS * distance[..., None] / length)
    screening, slope = terms.sum(-1), -(DECAYS / length * terms).sum(-1)
    coulomb = COULOMB * charges[0] * charges[1] / distance
    return coulomb * screening, coulomb * (slope - screening / distance)


def switch(distance: np.ndarray, inner: float, outer: float) -> tuple[np.ndarray, np.ndarray]:
    """1 up to ``inner``, 0 from ``outer``, twice continuously differentiable between; and its derivative (1/Å)."""
    x = np.clip((np.asarray(distance, float) - inner) / (outer - inner), 0.0, 1.0)
    return 1.0 - x**3 * (10.0 - 15.0 * x + 6.0 * x**2), -30.0 * (x * (1.0 - x)) ** 2 / (outer - inner)


def repulsion(
    distance: np.ndarray, first: str, second: str, inner: float, outer: float
) -> tuple[np.ndarray, np.ndarray]:
    """Switched ZBL energy (eV) and its derivative (eV/Å); nothing beyond ``outer`` (Å), linear below `CORE`."""
    distance = np.asarray(distance, float)
    outside = np.maximum(distance, CORE)
    energy, slope = zbl(outside, first, second)
    factor, bend = switch(outside, inner, outer)
    slope = slope * factor + energy * bend
    return energy * factor + slope * (distance - outside), slope


def pairs(ranges: Mapping[str, Sequence[float]], species: Sequence[str]) -> dict[tuple[str, str], tuple[float, float]]:
    """The switching distances (Å) by pair of species, of entries such as ``{"La-H": [1.0, 1.3]}``.

    Raises
    ------
    ShortRangeError
        An entry names another species or its distances are not ``CORE < inner < outer``.
    """
    known = {}
    for name, (inner, outer) in ranges.items():
        pair = tuple(name.split("-"))
        if len(pair) != 2 or not set(pair) <= set(species):
            raise ShortRangeError(f"repulsion {name!r}: name two of the species {', '.join(species)}, such as La-H")
        if not CORE < inner < outer:
            raise ShortRangeError(
                f"repulsion {name}: from {outer} Å to {inner} Å; give [inner, outer], {CORE} < inner < outer"
            )
        if pair in known:
            raise ShortRangeError(f"repulsion {name}: is given twice; keep one")
        known[pair] = known[pair[::-1]] = (float(inner), float(outer))
    return known


def refuse_overlap(
    ranges: Mapping[str, Sequence[float]], systems: Sequence[LabelledFrames], species: Sequence[str]
) -> None:
    """Make sure that no label is counted twice: the network learns all of it, so the repulsion must begin at less distance.

    Raises
    ------
    ShortRangeError
        If two atoms of a labelled frame are within a pair's repulsion.
    """
    known = pairs(ranges, species)
    for system in systems if known else ():
        for pair, distances in nearest_distances(system).items():
            if pair in known and distances.min() < known[pair][1]:
                raise ShortRangeError(
                    f"repulsion {'-'.join(pair)}: begins at {known[pair][1]:g} Å, but {system.source} has a frame with "
                    f"{distances.min():.3f} Å between two of them; let it begin below that"
                )


def table(ranges: Mapping[str, Sequence[float]], species: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The repulsion as DeePMD's ``pair_tab`` takes it.

    Returns
    -------
    info : (4,) array
        First distance, spacing (Å), number of intervals, number of species.
    data : (species, species, intervals, 4) array
        Cubic polynomials of (r - r_k) / spacing, highest power first, eV, that have the exact values and slopes at both
        ends of their interval.
    """
    known = pairs(ranges, species)
    count = int(np.ceil(max(outer for _, outer in known.values()) / SPACING - 1e-9))
    grid = SPACING * np.arange(count + 1)
    data = np.zeros((len(species), len(species), count, 4))
    for (i, first), (j, second) in itertools.product(enumerate(species), repeat=2):
        if (first, second) not in known:
            continue
        energy, slope = repulsion(grid, first, second, *known[first, second])
        rise, left, right = np.diff(energy), SPACING * slope[:-1], SPACING * slope[1:]
        data[i, j] = np.stack([left + right - 2 * rise, 3 * rise - 2 * left - right, left, energy[:-1]], axis=-1)
    return np.array([0.0, SPACING, count, len(species)]), data
