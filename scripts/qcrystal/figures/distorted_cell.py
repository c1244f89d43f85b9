"""The cell of high symmetry, and the cell of the heavy atoms when it is distorted, the distortion exaggerated."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms

from qcrystal.crystal.cells import rhombohedral_strain
from qcrystal.figures.crystal_cells import (
    Drawing,
    angles_text,
    cage,
    longest_bond,
    nearly_cubic_cell,
)
from qcrystal.figures.kinds import CrystalCells, DistortedCell, Inputs
from qcrystal.figures.style import Picture, new_figure, phase_name, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited

LEAST_DISTORTION = 0.1  # deg: below it a relaxed cell counts as cubic
CAGE = 32


def frames_of(structures: list[Atoms], phase: str) -> dict[float, Atoms]:
    """Structures of a phase by pressure (GPa)."""
    return {float(atoms.info["pressure"]): atoms for atoms in structures if atoms.info.get("phase") == phase}


def exaggerated(atoms: Atoms, factor: float) -> Atoms:
    """A cell whose shape is farther from a cube of the same volume by a factor: its strain is multiplied."""
    cell = atoms.cell.array
    edge = np.cbrt(abs(np.linalg.det(cell)))
    values, vectors = np.linalg.eigh(cell @ cell.T / edge**2)
    root = (vectors * np.sqrt(np.clip(1.0 + factor * (values - 1.0), 0.05, None))) @ vectors.T
    drawn = atoms.copy()
    drawn.set_cell(edge * root, scale_atoms=True)
    return drawn


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: DistortedCell) -> Picture:
    """(a) the conventional cell with all atoms, (b) the heavy atoms of the distorted one."""
    high = frames_of(inputs["structures"], options.high_symmetry)
    if not high:
        table = source_of(inputs["enthalpies"])
        raise TableError(f"{table}: the structures beside it have none of {options.high_symmetry}; correct the options")
    found = frames_of(inputs["structures"], options.distorted)
    pressure = min(set(high) & set(found), default=min(high))
    cubic = nearly_cubic_cell(high[pressure], options.centre, options.cell_centres)
    cell = nearly_cubic_cell(found[pressure], options.centre, options.cell_centres) if pressure in found else cubic
    figure, axes = new_figure(1, 2.3, 1, 2)
    relaxed = np.abs(cell.cell.angles() - 90.0).max() > LEAST_DISTORTION
    if not relaxed:
        cell = rhombohedral_strain(cubic, options.angle)
        figure.note(
            f"at {pressure:g} GPa no found structure is distorted so; (b) is the cubic cell strained to {options.angle:g} degrees"
        )
    looks = CrystalCells(
        high_symmetry=options.high_symmetry,
        space_group=1,
        centre=options.centre,
        cell_centres=options.cell_centres,
        cage_atoms=CAGE,
        quadrilaterals=1,
        species=options.species,
    )
    drawing = Drawing(looks, longest_bond(cage(cubic, options.centre, CAGE)[1]))
    drawing.cell(axes[0, 0], cubic, f"(a) {phase_name(options.high_symmetry)}, {pressure:g} GPa\n{angles_text(cubic)}")
    heavy = cell[[atom.index for atom in cell if atom.symbol == options.centre]]
    angles = ", ".join(f"{angle:.2f}" for angle in cell.cell.angles())
    text = rf"$\alpha, \beta, \gamma$ = {angles}$^\circ$"
    drawing.cell(axes[0, 1], exaggerated(heavy, options.exaggeration), f"(b) {phase_name(options.distorted)}\n{text}")
    figure.note(f"(b): {options.centre} atoms alone; the distortion is drawn {options.exaggeration:g} times as large")
    return figure
