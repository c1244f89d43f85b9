"""Cells of a prototype, their supercells, and the start structures of runs. Lengths are in Å, angles in degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from ase import Atoms
from ase.cell import Cell

from qcrystal.crystal.holes import holes_of_supercell
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import EXACT, symmetry_dataset

ANGLES = ("alpha", "beta", "gamma")


class RunLike(Protocol):
    """Fields of a run that its start structure depends on; see `qcrystal.dynamics.spec.RunSpec`."""

    @property
    def basis(self) -> str: ...
    @property
    def repeat(self) -> Sequence[int]: ...
    @property
    def start(self) -> str: ...
    @property
    def species(self) -> Sequence[str]: ...
    @property
    def mobile(self) -> str | None: ...
    @property
    def vacancies(self) -> int: ...
    @property
    def interstitials(self) -> int: ...
    @property
    def masses(self) -> Mapping[str, float]: ...
    @property
    def seed(self) -> int: ...


def conventional_cell(prototype: Prototype, lattice_constant: float) -> Atoms:
    """Conventional cell of a prototype, scaled until its a is ``lattice_constant`` (Å).

    Returns
    -------
    ase.Atoms
        Periodic, species in the order of the sites; ``arrays["spacegroup_kinds"]`` is the number of each atom's site. 44 atoms
        for Fm-3m LaH10.
    """
    return _built(prototype, lattice_constant, primitive=False)


def primitive_cell(prototype: Prototype, lattice_constant: float) -> Atoms:
    """Primitive cell of a prototype (11 atoms for LaH10); see `conventional_cell`."""
    return _built(prototype, lattice_constant, primitive=True)


def unit_cell(prototype: Prototype, basis: str, lattice_constant: float) -> Atoms:
    """The ``primitive`` or ``conventional`` cell of a prototype."""
    return {"primitive": primitive_cell, "conventional": conventional_cell}[basis](prototype, lattice_constant)


def _built(prototype: Prototype, lattice_constant: float, primitive: bool) -> Atoms:
    from ase.spacegroup import crystal  # here: it takes a quarter of a second, and most jobs build no cell

    return crystal(
        [site.element for site in prototype.sites],
        basis=[tuple(site.position) for site in prototype.sites],
        spacegroup=prototype.spacegroup,
        cellpar=list(prototype.cell_parameters(lattice_constant)),
        primitive_cell=primitive,
    )


def conventional_vectors(prototype: Prototype, primitive: Atoms) -> Cell:
    """The conventional cell to which a primitive cell of a prototype belongs, however it is strained."""
    conventional, own = (unit_cell(prototype, basis, 1.0).cell.array for basis in ("conventional", "primitive"))
    return Cell(conventional @ np.linalg.inv(own) @ primitive.cell.array)


def conventional_from_basis(prototype: Prototype, basis: str) -> np.ndarray:
    """Integer matrix M with (conventional vectors) = M @ (vectors of the ``primitive`` or ``conventional`` cell).

    Raises
    ------
    ValueError
        If the two ideal cells are not related by integers.
    """
    conventional = unit_cell(prototype, "conventional", 1.0).cell.array
    matrix = conventional @ np.linalg.inv(unit_cell(prototype, basis, 1.0).cell.array)
    rounded = np.rint(matrix)
    if np.abs(matrix - rounded).max() > 1e-6:
        raise ValueError(f"basis {basis!r}: its vectors are no integer combination of the conventional cell: {matrix}")
    return rounded.astype(int)


def conventional_cells(cell: np.ndarray, prototype: Prototype, basis: str, repeat: Sequence[int]) -> np.ndarray:
    """Conventional cell vectors (F, 3, 3) of supercells (F, 3, 3) that hold ``repeat`` multiples of ``basis``, in Å."""
    unit = np.asarray(cell, float) / np.asarray(repeat, float)[:, None]
    return conventional_from_basis(prototype, basis) @ unit


def angles(metric: np.ndarray) -> np.ndarray:
    """α, β, γ (degrees, last axis) of metric tensors (..., 3, 3), G_ij = a_i · a_j."""
    metric = np.asarray(metric, float)
    length = np.sqrt(np.diagonal(metric, axis1=-2, axis2=-1))
    cosine = metric / (length[..., :, None] * length[..., None, :])
    return np.degrees(np.arccos(np.stack([cosine[..., 1, 2], cosine[..., 0, 2], cosine[..., 0, 1]], axis=-1)))


def check_space_group(prototype: Prototype) -> None:
    """Make sure that the sites make a crystal of the prototype's space group, by spglib.

    Raises
    ------
    ValueError
        If the crystal that was built has another space group.
    """
    dataset = symmetry_dataset(primitive_cell(prototype, prototype.lattice_constant), EXACT)
    if dataset is None or dataset.number != prototype.spacegroup:
        found = "no space group" if dataset is None else f"space group {dataset.number} ({dataset.international})"
        raise ValueError(
            f"cell and sites make a crystal of {found}, not {prototype.spacegroup}; correct them, or name that group"
        )


def supercell(atoms: Atoms, repeat: Sequence[int], species: Sequence[str]) -> Atoms:
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


def site_members(
    prototype: Prototype, basis: str, repeat: Sequence[int], species: Sequence[str], site: int
) -> np.ndarray:
    """Indices, in the `supercell` of a prototype's `unit_cell`, of the atoms on the site of that number (from 0)."""
    cell = unit_cell(prototype, basis, 1.0)
    if site >= len(prototype.sites):
        raise ValueError(f"site {site} of a prototype with {len(prototype.sites)}; they are numbered from 0")
    # as supercell sorts: by species, stable
    symbols = np.array(cell.repeat(tuple(repeat)).get_chemical_symbols())
    kinds = np.tile(cell.arrays["spacegroup_kinds"], int(np.prod(repeat)))
    order = np.concatenate([np.flatnonzero(symbols == s) for s in species])
    return np.flatnonzero(kinds[order] == site)


def rhombohedral_deformation(prototype: Prototype, lattice_constant: float, angle: float) -> np.ndarray:
    """Matrix (3, 3) that opens the angles of a cubic prototype to ``angle`` (degrees), to be multiplied to row vectors.

    Raises
    ------
    ValueError
        If the prototype is not cubic: its angles cannot be opened so.
    """
    if not prototype.cubic:
        raise ValueError(
            f"space group {prototype.spacegroup} is {prototype.lattice_system.name}: only a cubic crystal can be made "
            "rhombohedral by opening its angles"
        )
    cube = conventional_cell(prototype, lattice_constant)
    return np.linalg.inv(cube.cell.array) @ rhombohedral_strain(cube, angle).cell.array


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


def put_in(atoms: Atoms, element: str | None, count: int, places: np.ndarray, rng: np.random.Generator) -> None:
    """Put atoms of an element into a crystal, in place, behind the last atom of that element.

    Parameters
    ----------
    places
        (n, 3) fractional coordinates, of which ``count`` are drawn at random.

    Raises
    ------
    ValueError
        If the element is not named or not in the crystal, or there are not as many places.
    """
    if element is None:
        raise ValueError(f"{count} interstitials of no species; name the mobile one")
    own = np.flatnonzero(atoms.symbols == element)
    if not len(own):
        raise ValueError(f"interstitials of {element}, of which the crystal has no atom; name another mobile species")
    if count > len(places):
        raise ValueError(f"{count} interstitials in {len(places)} holes; take fewer")
    drawn = places[np.sort(rng.choice(len(places), count, replace=False))]
    behind = atoms[own[-1] + 1 :]
    del atoms[own[-1] + 1 :]
    atoms.extend(Atoms([element] * count, positions=drawn @ atoms.cell.array))
    atoms.extend(behind)


def start_structure(prototype: Prototype, spec: RunLike, lattice_constant: float) -> Atoms:
    """Start structure of a run.

    Parameters
    ----------
    spec
        The run; ``start`` rhombohedral opens the angles of a cubic prototype to 91°.
    lattice_constant
        a of the prototype's cell, Å.

    Returns
    -------
    ase.Atoms
        Species in the order of the type map, masses of the run's isotopes. Vacancies are atoms of the mobile species, drawn by
        the run's seed. Interstitials are in the largest holes of the prototype, see `qcrystal.crystal.holes`.

    Raises
    ------
    ValueError
        If the prototype is not cubic and the start is rhombohedral, or defects are asked for without a mobile species.
    """
    cell = unit_cell(prototype, spec.basis, lattice_constant)
    if spec.start == "rhombohedral":
        cell.set_cell(cell.cell.array @ rhombohedral_deformation(prototype, lattice_constant, 91.0), scale_atoms=True)
    atoms = supercell(cell, spec.repeat, list(spec.species))
    if spec.vacancies:
        take_out(atoms, spec.mobile, spec.vacancies, np.random.default_rng(spec.seed))
    if spec.interstitials:
        places = holes_of_supercell(unit_cell(prototype, spec.basis, lattice_constant), spec.repeat)
        put_in(atoms, spec.mobile, spec.interstitials, places, np.random.default_rng([spec.seed, 1]))
    atoms.set_masses([spec.masses[symbol] for symbol in atoms.get_chemical_symbols()])
    return atoms
