"""Lattices at rest by DFT: the cells that GPAW relaxes, and the table of what it finds. Å, eV, GPa."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dft.gpaw_process import DftError
from qcrystal.io.tables import read_json
from qcrystal.statics.equation_of_state import lattice_row


def cells_to_relax(prototype: Prototype, lattice_constants: Sequence[float]) -> list[Atoms]:
    """Primitive cells of a prototype at lattice constants in Å; ``info`` says whether their shape is relaxed too."""
    cells = [primitive_cell(prototype, a) for a in lattice_constants]
    for cell in cells:
        cell.info = {"relax_shape": not prototype.cubic}
    return cells


def lattice_table(
    prototype: Prototype, lattice_constants: Sequence[float], result: Path, cage: Cage | None
) -> pd.DataFrame:
    """Rows of `qcrystal.statics.equation_of_state.lattice_row`, from the file that ``scripts/dft/lattice.py`` wrote.

    Raises
    ------
    DftError
        If a cell did not relax.
    """
    rows = []
    for a, cell in zip(lattice_constants, read_json(result)["cells"], strict=True):
        if not cell["converged"]:
            raise DftError(
                f"{result}: the cell at {a} Å did not relax to 5 meV/Å in 30 steps; choose other lattice constants"
            )
        atoms = primitive_cell(prototype, a)
        if not prototype.cubic:
            atoms.set_cell(cell["cell"])
        atoms.set_scaled_positions(np.array(cell["positions"]))
        rows.append(lattice_row(prototype, atoms, a, cell["energy"], cell["pressure"], cage))
    return pd.DataFrame(rows)
