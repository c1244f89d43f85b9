"""Displaced and strained copies of a crystal, drawn at random.

Lengths are in Å, masses in u, frequencies in THz, temperatures in K.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms, units

from qcrystal.crystal.symmetry import symmetry_operations
from qcrystal.units import oscillator_energy


def random_strain(atoms: Atoms, amplitude: float, rng: np.random.Generator) -> Atoms:
    """Apply a symmetric random strain whose six components are normal with deviation ``amplitude``."""
    strain = rng.normal(scale=amplitude, size=(3, 3))
    strain = 0.5 * (strain + strain.T)
    strained = atoms.copy()
    strained.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return strained


def symmetric_distortion(
    atoms: Atoms, symmetry: str, displacement: float, strain: float, rng: np.random.Generator
) -> Atoms:
    """Distort a crystal at random, but so that one of its symmetries survives.

    Random displacements and a random strain are averaged over the group of two elements, which leaves the part of them
    that is invariant under it.

    Parameters
    ----------
    atoms
        A unit cell, undistorted.
    symmetry
        ``C2`` keeps a twofold axis through lattice points, ``P-1`` the inversion.
    displacement
        Standard deviation of a displacement's Cartesian component before the averaging, Å.
    strain
        Standard deviation of the strain's components before the averaging.

    Raises
    ------
    ValueError
        If the crystal has no such symmetry.
    """
    cell, positions = atoms.cell.array, atoms.get_scaled_positions()
    for fractional, shift in zip(*symmetry_operations(atoms, 1e-4), strict=True):  # noqa: B007
        rotation = atoms.cell.array.T @ fractional @ np.linalg.inv(atoms.cell.array.T)
        kind = {"C2": -1.0, "P-1": -3.0}[symmetry]
        if np.allclose(rotation @ rotation, np.eye(3)) and abs(np.trace(rotation) - kind) < 1e-6:
            break
    else:
        raise ValueError(f"the crystal has no symmetry {symmetry} that could survive a distortion")
    image = positions @ fractional.T + shift
    gaps = image[:, None] - positions[None]
    partner = np.linalg.norm((gaps - np.rint(gaps)) @ cell, axis=2).argmin(axis=1)
    shifts = rng.normal(scale=displacement, size=(len(atoms), 3))
    averaged = 0.5 * shifts
    averaged[partner] += 0.5 * shifts @ rotation.T
    tensor = rng.normal(scale=strain, size=(3, 3))
    tensor = 0.5 * (tensor + tensor.T)
    tensor = 0.5 * (tensor + rotation @ tensor @ rotation.T)
    distorted = atoms.copy()
    distorted.positions += averaged
    distorted.set_cell(distorted.cell.array @ (np.eye(3) + tensor), scale_atoms=True)
    return distorted


def oscillator_displacement(mass: float, frequency: float, temperature: float, quantum: bool) -> float:
    """Root-mean-square displacement (Å, one Cartesian component) of a harmonic oscillator.

    Parameters
    ----------
    mass
        Mass in u.
    frequency
        Frequency in THz.
    temperature
        Temperature in K; 0 is allowed.
    quantum
        True: m ω² <u²> = (ħω/2) coth(ħω/2kT); False: m ω² <u²> = kT.
    """
    energy = oscillator_energy(frequency, temperature, beads=None if quantum else 1)
    omega = 2.0 * np.pi * frequency * 1e12 / (units.s)
    return float(np.sqrt(energy / (mass * omega**2)))


def displace(
    atoms: Atoms, frequencies: dict[str, float], temperature: float, quantum: bool, rng: np.random.Generator
) -> Atoms:
    """Displace each atom as an independent oscillator of its species' frequency (THz), centre of mass at rest."""
    masses = atoms.get_masses()
    sigma = np.array(
        [
            oscillator_displacement(m, frequencies[s], temperature, quantum)
            for s, m in zip(atoms.get_chemical_symbols(), masses, strict=True)
        ]
    )
    shift = rng.normal(size=(len(atoms), 3)) * sigma[:, None]
    shift -= (masses[:, None] * shift).sum(0) / masses.sum()
    displaced = atoms.copy()
    displaced.positions += shift
    return displaced
