"""Symmetry of a crystal as spglib finds it: space group, primitive cell, wave vectors. Lengths are in Å."""

from __future__ import annotations

from typing import Any

import numpy as np
import spglib
from ase import Atoms

# Å: tolerance for a crystal that was built or displaced on purpose, far below any displacement and far above rounding.
EXACT = 1e-3

# What spglib takes as a crystal. Its types ask for lists; it takes arrays as well.
SpglibCell = Any


def spglib_cell(atoms: Atoms) -> SpglibCell:
    """Cell vectors (3, 3) in Å, fractional positions (N, 3) and atomic numbers (N,), as spglib takes a crystal."""
    return atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers


def symmetry_operations(atoms: Atoms, symprec: float) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and translations (n, 3) of a crystal in fractional coordinates, at tolerance ``symprec`` (Å).

    Raises
    ------
    ValueError
        If spglib finds none.
    """
    operations = spglib.get_symmetry(spglib_cell(atoms), symprec=symprec)
    if operations is None:
        raise ValueError(f"spglib finds no symmetry of {atoms.get_chemical_formula()}; look for atoms that overlap")
    return operations["rotations"], operations["translations"]


def symmetry_dataset(atoms: Atoms, symprec: float) -> Any | None:
    """All that spglib finds out about a crystal at tolerance ``symprec`` (Å); None where it gives up."""
    return spglib.get_symmetry_dataset(spglib_cell(atoms), symprec=symprec)


def space_group(atoms: Atoms, symprec: float) -> str:
    """International symbol at tolerance ``symprec`` (Å); P1 where spglib gives up."""
    dataset = symmetry_dataset(atoms, symprec)
    return "P1" if dataset is None else str(dataset.international)


def reduced_primitive_cell(atoms: Atoms, symprec: float) -> Atoms:
    """Niggli-reduced primitive cell at tolerance ``symprec`` (Å); a cell that is primitive already is only reduced."""
    found = spglib.find_primitive(spglib_cell(atoms), symprec=symprec)
    if found is None or len(found[2]) == len(atoms):
        smaller = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    else:
        smaller = Atoms(numbers=found[2], scaled_positions=found[1], cell=found[0], pbc=True)
        smaller = sorted_by_element(smaller, list(dict.fromkeys(atoms.get_chemical_symbols())))
    from ase.build import niggli_reduce  # takes half a second, which most jobs need not spend

    niggli_reduce(smaller)
    return smaller


def sorted_by_element(atoms: Atoms, elements: list[str]) -> Atoms:
    """The atoms in the order of their elements; within an element the order stays."""
    return atoms[np.argsort([elements.index(symbol) for symbol in atoms.get_chemical_symbols()], kind="stable")]


def half_wavevectors(atoms: Atoms) -> np.ndarray:
    """Γ and the points half-way to a reciprocal lattice vector, one of each symmetry-equivalent set.

    Returns
    -------
    (n, 3) array
        Reciprocal coordinates, each 0 or 1/2.
    """
    mapping, grid = spglib.get_ir_reciprocal_mesh([2, 2, 2], spglib_cell(atoms), is_shift=[0, 0, 0], symprec=EXACT)
    return grid[np.unique(mapping)] / 2
