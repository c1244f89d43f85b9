"""Bragg reflections of each heavy species from a trajectory: the static structure factor that a powder pattern is made of.

S(q) = <|Σ_j exp(i q·r_j)|²>/N at the reciprocal lattice vectors of the unit cell that the supercell repeats [Ly, fig. 5]. The
coordinates move with the cell, so that the cell's fluctuations broaden no reflection: q is that of the mean cell.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import MINIMUM_SAMPLES, blocks, jackknife_error

LARGEST_Q = 6.5
"""1/Å: reflections up to 2θ = 20 degrees at a wavelength of 0.33 Å."""
BLOCKS = 10


def reflections(unit: np.ndarray, largest_q: float = LARGEST_Q) -> tuple[np.ndarray, np.ndarray]:
    """Reciprocal lattice vectors of a cell, one of each pair q and -q, without q = 0.

    Parameters
    ----------
    unit
        (3, 3) cell, Å, rows are vectors.
    largest_q
        1/Å.

    Returns
    -------
    hkl : (n, 3) array of int
        Multiples of the reciprocal vectors, shortest first.
    q : (n,) array
        Lengths, 1/Å.
    """
    reciprocal = 2.0 * np.pi * np.linalg.inv(unit).T
    # |h| = |q · a|/2π is at most q |a|/2π
    bounds = np.floor(largest_q * np.linalg.norm(unit, axis=1) / (2.0 * np.pi)).astype(int)
    every = np.array(list(itertools.product(*(range(-b, b + 1) for b in bounds))))
    half = [tuple(hkl) > (0, 0, 0) for hkl in every]
    every = every[half]
    q = np.linalg.norm(every @ reciprocal, axis=1)
    order = np.argsort(q, kind="stable")
    order = order[q[order] <= largest_q]
    return every[order], q[order]


def diffraction_table(
    configurations: np.ndarray, species: np.ndarray, cell: np.ndarray, repeat: tuple[int, int, int], mobile: str | None
) -> pd.DataFrame:
    """`structure_factors` of each species but the mobile one, which scatters X-rays least; of all if there is no other.

    Parameters
    ----------
    configurations
        (F, N, 3) fractional coordinates.
    species
        (N,) symbols.
    cell, repeat
        See `structure_factors`.
    mobile
        Symbol of the light, mobile species, if there is one.
    """
    heavy = [symbol for symbol in dict.fromkeys(species.tolist()) if symbol != mobile] or sorted(set(species.tolist()))
    tables = [structure_factors(configurations[:, species == symbol], cell, repeat) for symbol in heavy]
    for table, symbol in zip(tables, heavy, strict=True):
        table.insert(0, "species", symbol)
    return pd.concat(tables, ignore_index=True)


def structure_factors(
    fractional: np.ndarray, cell: np.ndarray, repeat: tuple[int, int, int], largest_q: float = LARGEST_Q
) -> pd.DataFrame:
    """Structure factor of atoms at the Bragg reflections of the unit cell.

    Parameters
    ----------
    fractional
        (F, N, 3) coordinates in the supercell.
    cell
        (3, 3) mean supercell, Å.
    repeat
        Multiples of the unit cell in it.
    largest_q
        1/Å.

    Returns
    -------
    pandas.DataFrame
        h, k, l (of the unit cell that is repeated), q (1/Å), structure_factor (N for a perfect crystal at rest), and its error.
        The error is from blocks of time, NaN below four frames. One row stands for q and -q.
    """
    fractional = np.asarray(fractional, float)
    count = np.asarray(repeat)
    hkl, q = reflections(np.asarray(cell, float) / count[:, None], largest_q)
    squares = np.array([_squared_density(frame, hkl * count) for frame in fractional])
    parts = blocks(len(squares), BLOCKS)
    error = np.full(len(hkl), np.nan)
    if len(parts) >= MINIMUM_SAMPLES:
        means = np.array([np.delete(squares, np.arange(len(squares))[part], axis=0).mean(axis=0) for part in parts])
        error = np.array([jackknife_error(column) for column in means.T])
    table = pd.DataFrame(hkl, columns=["h", "k", "l"])
    return table.assign(q=q, structure_factor=squares.mean(axis=0), error=error)


def _squared_density(frame: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """|Σ exp(2πi h·s)|²/N of one frame (N, 3) at integer vectors (n, 3), atom by atom so that no large array is needed."""
    density = np.zeros(len(vectors), complex)
    for atoms in np.array_split(frame, max(1, len(frame) // 256)):
        density += np.exp(2j * np.pi * (atoms @ vectors.T)).sum(axis=0)
    return np.abs(density) ** 2 / len(frame)
