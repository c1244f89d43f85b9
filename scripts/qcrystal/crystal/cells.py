"""Prototypes, supercells, isotopes, vacancies and displaced frames.

Lengths are in Å, angles in degrees, masses in u, temperatures in K.
"""

from __future__ import annotations

import numpy as np
import spglib
from ase import Atoms, units
from ase.spacegroup import crystal
from scipy import constants

# A frequency in THz times HBAR_THZ is an energy in eV.
PLANCK_EV_THZ = constants.h / constants.e * 1e12


def conventional_cell(spec, lattice_constant: float) -> Atoms:
    """Conventional cell of a prototype.

    Parameters
    ----------
    spec
        Prototype with ``spacegroup`` (number) and ``sites``, each with ``element`` and ``position``
        (fractional), as in ``config/crystals/*/crystal.yaml``.
    lattice_constant
        Cubic lattice constant in Å.

    Returns
    -------
    ase.Atoms
        44 atoms for Fm-3m LaH10, periodic, species in the order of the sites.
    """
    return crystal(
        [s.element for s in spec.sites],
        basis=[tuple(s.position) for s in spec.sites],
        spacegroup=spec.spacegroup,
        cellpar=[lattice_constant] * 3 + [90.0] * 3,
    )


def primitive_cell(spec, lattice_constant: float) -> Atoms:
    """Primitive cell of a prototype (11 atoms for LaH10); see `conventional_cell`."""
    return crystal(
        [s.element for s in spec.sites],
        basis=[tuple(s.position) for s in spec.sites],
        spacegroup=spec.spacegroup,
        cellpar=[lattice_constant] * 3 + [90.0] * 3,
        primitive_cell=True,
    )


def supercell(atoms: Atoms, repeat, species: list[str]) -> Atoms:
    """Repeat a cell and sort its atoms by the order of ``species`` (stable within each).

    Parameters
    ----------
    atoms
        Unit cell.
    repeat
        Three positive integers.
    species
        Chemical symbols in the order of the potential's type map.
    """
    repeated = atoms.repeat(tuple(int(n) for n in repeat))
    symbols = np.array(repeated.get_chemical_symbols())
    order = np.concatenate([np.flatnonzero(symbols == s) for s in species])
    if len(order) != len(symbols):
        unknown = sorted(set(symbols) - set(species))
        raise ValueError(f"the cell holds {', '.join(unknown)}, which the type map {species} does not name")
    sorted_atoms = repeated[order]
    return Atoms(
        symbols=sorted_atoms.get_chemical_symbols(),
        positions=sorted_atoms.positions,
        cell=sorted_atoms.cell,
        pbc=True,
    )


def site_members(spec, basis: str, repeat, species: list[str], site: int) -> np.ndarray:
    """Indices, in the `supercell` of a prototype's `unit_cell`, of the atoms on the site of that number (from 0)."""
    cell = unit_cell(spec, basis, 1.0)
    if site >= len(spec.sites):
        raise ValueError(f"site {site} of a prototype with {len(spec.sites)}; they are numbered from 0")
    # as supercell sorts: by species, stable
    symbols = np.array(cell.repeat(tuple(repeat)).get_chemical_symbols())
    kinds = np.tile(cell.arrays["spacegroup_kinds"], int(np.prod(repeat)))
    order = np.concatenate([np.flatnonzero(symbols == s) for s in species])
    return np.flatnonzero(kinds[order] == site)


def rhombohedral_strain(atoms: Atoms, angle: float) -> Atoms:
    """Strain a cubic cell along [111] at constant volume until its three angles are ``angle`` degrees.

    [Ly & Ceperley 2022, fig. 2]: the low-pressure distortion has |α-90| = |β-90| = |γ-90|.
    """
    cosine = np.cos(np.radians(angle))
    metric = np.full((3, 3), cosine) + np.eye(3) * (1.0 - cosine)
    values, vectors = np.linalg.eigh(metric)
    deformation = (vectors * np.sqrt(values)) @ vectors.T
    deformation /= np.cbrt(np.linalg.det(deformation))
    strained = atoms.copy()
    strained.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    return strained


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
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    operations = spglib.get_symmetry(cell, symprec=1e-4)
    for fractional, shift in zip(operations["rotations"], operations["translations"], strict=True):  # noqa: B007
        rotation = atoms.cell.array.T @ fractional @ np.linalg.inv(atoms.cell.array.T)
        kind = {"C2": -1.0, "P-1": -3.0}[symmetry]
        if np.allclose(rotation @ rotation, np.eye(3)) and abs(np.trace(rotation) - kind) < 1e-6:
            break
    else:
        raise ValueError(f"the crystal has no symmetry {symmetry} that could survive a distortion")
    image = cell[1] @ fractional.T + shift
    gaps = image[:, None] - cell[1][None]
    partner = np.linalg.norm((gaps - np.rint(gaps)) @ cell[0], axis=2).argmin(axis=1)
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
    quantum_energy = PLANCK_EV_THZ * frequency
    kt = units.kB * temperature
    if not quantum:
        energy = kt
    elif kt == 0:
        energy = 0.5 * quantum_energy
    else:
        energy = 0.5 * quantum_energy / np.tanh(0.5 * quantum_energy / kt)
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


def unit_cell(spec, basis: str, lattice_constant: float) -> Atoms:
    """The ``primitive`` or ``conventional`` cell of a prototype."""
    return {"primitive": primitive_cell, "conventional": conventional_cell}[basis](spec, lattice_constant)


def start_structure(prototype, spec, lattice_constant: float) -> Atoms:
    """Start structure of a run.

    Parameters
    ----------
    prototype
        See `conventional_cell`.
    spec : qcrystal.dynamics.spec.RunSpec
        Its ``basis``, ``repeat``, ``start`` (``rhombohedral`` opens the angles to 91°), ``vacancies``, ``seed`` are used.
    lattice_constant
        Cubic lattice constant in Å.

    Returns
    -------
    ase.Atoms
        Species in the order of the type map, masses of the run's isotopes; vacancies are hydrogens drawn by the seed.
    """
    cell = unit_cell(prototype, spec.basis, lattice_constant)
    if spec.start == "rhombohedral":
        cube = conventional_cell(prototype, lattice_constant)
        deformation = np.linalg.inv(cube.cell.array) @ rhombohedral_strain(cube, 91.0).cell.array
        cell.set_cell(cell.cell.array @ deformation, scale_atoms=True)
    atoms = supercell(cell, spec.repeat, list(spec.species))
    if spec.vacancies:
        hydrogens = np.flatnonzero(atoms.symbols == spec.species[-1])
        rng = np.random.default_rng(spec.seed)
        del atoms[sorted(rng.choice(hydrogens, spec.vacancies, replace=False))]
    atoms.set_masses([spec.masses[symbol] for symbol in atoms.get_chemical_symbols()])
    return atoms
