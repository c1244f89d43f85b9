"""Energies and forces of many positions in one cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms

from qcrystal.potential.engines import Evaluator
from qcrystal.potential.evaluate import types_of


def in_cell_of(
    potential: Evaluator, crystal: Atoms, where: str
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A function of positions (F, N, 3) in Å, in the cell of a crystal.

    It returns energies (F,) in eV and forces (F, N, 3) in eV/Å.

    Raises
    ------
    PotentialError
        It names ``where``, the potential's file, and a species that it lacks.
    """
    types = types_of(potential, crystal.get_chemical_symbols(), where)
    cell = crystal.cell.array[None]

    def forces(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, found, _ = potential.evaluate(places, np.repeat(cell, len(places), axis=0), types)
        return energies, found

    return forces
