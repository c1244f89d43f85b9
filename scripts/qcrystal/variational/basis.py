"""Phonon coordinates: R = R0 + M^(-1/2) U (ħ/ω)^(1/2) x, without the translations of the whole crystal.

In these coordinates the Hamiltonian is H = Σ_k (ħω_k/2) (-∂²/∂x_k²) + V(R(x)) [Zhang 2025, eq. 1, here for several masses].
Units are the caller's: energies, masses and lengths with ``hbar_squared`` = ħ² in energy · mass · length².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import units
from scipy import constants

from qcrystal.variational.errors import VariationalError

HBAR_SQUARED: float = constants.hbar**2 / (constants.e * constants.atomic_mass * constants.angstrom**2)
"""ħ² in eV u Å²."""
DEGENERATE = 1e-3
"""Relative difference of ħω within which phonons count as partners of one star."""
ZERO = 0.02
"""A translation whose ħω exceeds this part of the highest phonon's is none: the forces do not add up to zero."""


@dataclass(frozen=True)
class Basis:
    """Phonons of a crystal at rest, and the coordinates x that belong to them.

    Attributes
    ----------
    rest : (N, d) array
        Positions at rest R0.
    cell : (d, d) array
        Rows are the vectors of the periodic cell.
    masses : (N,) array
    vectors : (N d, D) array
        Orthonormal eigenvectors U in mass-weighted coordinates, of the D vibrations.
    energies : (D,) array
        ħω of the coordinates: positive, at least the floor, ascending.
    squares : (D,) array
        (ħω)² as the force constants say; negative for an imaginary phonon.
    stars : tuple of int
        Number of each phonon's star: partners of the same energy share it.
    hbar_squared : float
    """

    rest: np.ndarray
    cell: np.ndarray
    masses: np.ndarray
    vectors: np.ndarray
    energies: np.ndarray
    squares: np.ndarray
    stars: tuple[int, ...]
    hbar_squared: float = HBAR_SQUARED

    @property
    def displacements(self) -> np.ndarray:
        """(N d, D): displacement of the atoms per unit of each x, M^(-1/2) U (ħ/ω)^(1/2) = ħ M^(-1/2) U (ħω)^(-1/2)."""
        weights = np.repeat(self.masses, self.rest.shape[1])[:, None]
        return np.sqrt(self.hbar_squared / weights) * self.vectors / np.sqrt(self.energies)

    def positions(self, coordinates: np.ndarray) -> np.ndarray:
        """Positions (B, N, d) at coordinates (B, D)."""
        return self.rest + (coordinates @ self.displacements.T).reshape(-1, *self.rest.shape)

    def momenta(self) -> np.ndarray:
        """(N d, D) array P with p_i/√m_i = Σ_k P_ik (-i∂/∂x_k), in units of √energy: U (ħω)^(1/2)."""
        return self.vectors * np.sqrt(self.energies)

    @property
    def imaginary(self) -> int:
        """Number of phonons whose force constant is negative."""
        return int(np.sum(self.squares < 0))


def phonon_basis(
    rest: np.ndarray,
    cell: np.ndarray,
    masses: Sequence[float] | np.ndarray,
    force_constants: np.ndarray,
    floor: float,
    hbar_squared: float = HBAR_SQUARED,
) -> Basis:
    """The basis that force constants give. The motion of all atoms alike is left out, exactly.

    Parameters
    ----------
    force_constants : (N d, N d) array
        Second derivatives of the potential energy at rest.
    floor
        Least ħω of a coordinate; those of soft and imaginary phonons, of which |ω| is taken, are raised to it.

    Raises
    ------
    VariationalError
        If the crystal at rest has forces on its centre of mass, or no vibration.
    """
    rest, masses = np.asarray(rest, float), np.asarray(masses, float)
    atoms, dimensions = rest.shape
    roots = np.sqrt(np.repeat(masses, dimensions))
    matrix = 0.5 * (force_constants + force_constants.T) / np.outer(roots, roots)
    rigid = np.kron(np.sqrt(masses)[:, None], np.eye(dimensions))
    rigid /= np.linalg.norm(rigid, axis=0)
    _check_translations(matrix, rigid)
    inner = np.linalg.svd(rigid)[0][:, dimensions:]
    if inner.shape[1] == 0:
        raise VariationalError(f"{atoms} atom does not vibrate against another; take a larger cell")
    squares, vectors = np.linalg.eigh(inner.T @ matrix @ inner)
    squares = hbar_squared * squares
    energies = np.maximum(np.sqrt(np.abs(squares)), floor)
    order = np.argsort(energies, kind="stable")
    energies, stars = energies[order], stars_of(energies[order])
    for star in set(stars):  # partners get one energy, so that no result depends on how they are mixed
        members = np.array(stars) == star
        energies[members] = np.exp(np.log(energies[members]).mean())
    return Basis(
        rest,
        np.asarray(cell, float),
        masses,
        (inner @ vectors)[:, order],
        energies,
        squares[order],
        stars,
        hbar_squared,
    )


def stars_of(energies: np.ndarray) -> tuple[int, ...]:
    """Numbers of the stars of ascending energies: a new one begins where the energy rises by more than `DEGENERATE`."""
    rises = np.diff(energies) > DEGENERATE * energies[1:]
    return (0, *np.cumsum(rises).tolist())


def _check_translations(matrix: np.ndarray, rigid: np.ndarray) -> None:
    """Moving all atoms alike must cost nothing, or there are not as many zero modes as dimensions."""
    remainder = np.linalg.norm(matrix @ rigid, axis=0).max()
    if remainder > ZERO**2 * np.abs(np.linalg.eigvalsh(matrix)).max():
        raise VariationalError(
            "the crystal does not have one zero mode per dimension: forces change when all atoms move alike; "
            "the potential is not translationally invariant, or its forces are too noisy"
        )


def harmonic_free_energy(energies: np.ndarray, temperature: float) -> float:
    """F of quantum oscillators, Σ ħω/2 + kT ln(1 - e^(-ħω/kT)); ``temperature`` is kT in the unit of ``energies``."""
    return float(np.sum(0.5 * energies + temperature * np.log(-np.expm1(-energies / temperature))))


def harmonic_entropy(energies: np.ndarray, temperature: float) -> float:
    """S/k of quantum oscillators; ``temperature`` is kT in the unit of ``energies``."""
    y = energies / temperature
    return float(np.sum(y / np.expm1(y) - np.log(-np.expm1(-y))))


def thermal_energy(kelvin: float) -> float:
    """kT in eV."""
    return float(units.kB) * kelvin
