"""Cells of a prototype, their supercells, and the start structures of runs. Lengths are in Å, angles in degrees."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal


def conventional_cell(prototype, lattice_constant: float) -> Atoms:
    """Conventional cell of a prototype.

    Parameters
    ----------
    prototype
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
        [s.element for s in prototype.sites],
        basis=[tuple(s.position) for s in prototype.sites],
        spacegroup=prototype.spacegroup,
        cellpar=[lattice_constant] * 3 + [90.0] * 3,
    )


def primitive_cell(prototype, lattice_constant: float) -> Atoms:
    """Primitive cell of a prototype (11 atoms for LaH10); see `conventional_cell`."""
    return crystal(
        [s.element for s in prototype.sites],
        basis=[tuple(s.position) for s in prototype.sites],
        spacegroup=prototype.spacegroup,
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


def site_members(prototype, basis: str, repeat, species: list[str], site: int) -> np.ndarray:
    """Indices, in the `supercell` of a prototype's `unit_cell`, of the atoms on the site of that number (from 0)."""
    cell = unit_cell(prototype, basis, 1.0)
    if site >= len(prototype.sites):
        raise ValueError(f"site {site} of a prototype with {len(prototype.sites)}; they are numbered from 0")
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


def unit_cell(prototype, basis: str, lattice_constant: float) -> Atoms:
    """The ``primitive`` or ``conventional`` cell of a prototype."""
    return {"primitive": primitive_cell, "conventional": conventional_cell}[basis](prototype, lattice_constant)


def take_out(
    atoms: Atoms, element: str | None, count: int, rng: np.random.Generator, among: np.ndarray | None = None
) -> None:
    """Take atoms of an element out of a crystal, in place, drawn at random.

    Parameters
    ----------
    among
        Numbers of the atoms that are drawn from; None: all of the element.

    Raises
    ------
    ValueError
        If the element is not named, or there are not as many atoms.
    """
    if element is None:
        raise ValueError(f"{count} vacancies of no species; name the mobile one")
    candidates = np.flatnonzero(atoms.symbols == element) if among is None else among
    if count > len(candidates):
        raise ValueError(f"{count} vacancies among {len(candidates)} atoms of {element}; take fewer")
    del atoms[sorted(rng.choice(candidates, count, replace=False))]


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
        Species in the order of the type map, masses of the run's isotopes; vacancies are atoms of the mobile
        species, drawn by the seed.
    """
    cell = unit_cell(prototype, spec.basis, lattice_constant)
    if spec.start == "rhombohedral":
        cube = conventional_cell(prototype, lattice_constant)
        deformation = np.linalg.inv(cube.cell.array) @ rhombohedral_strain(cube, 91.0).cell.array
        cell.set_cell(cell.cell.array @ deformation, scale_atoms=True)
    atoms = supercell(cell, spec.repeat, list(spec.species))
    if spec.vacancies:
        take_out(atoms, spec.mobile, spec.vacancies, np.random.default_rng(spec.seed))
    atoms.set_masses([spec.masses[symbol] for symbol in atoms.get_chemical_symbols()])
    return atoms
