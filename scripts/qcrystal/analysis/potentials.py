"""Uncertainty from the choice of the potential: properties at rest by every committee member of several potentials."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator

from qcrystal.analysis.cage import corners, find_quadrilaterals, interior_angles
from qcrystal.crystal.cells import conventional_cell, rhombohedral_strain
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.statics.equation_of_state import equation_of_state, lattice_at_pressure
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.phonons import PhononSettings, phonons
from qcrystal.statics.relax import Effort, relax

log = logging.getLogger(__name__)

RIGHT = 90.0
START = 91.5  # degrees, angle of the rhombohedral start
SMALLEST, LARGEST, POINTS = 0.95, 1.1, 16  # lattice constants of the equation of state, in units of the first guess


def rhombohedral(
    potential: Calculator,
    prototype: Prototype,
    cage: Cage | None,
    lattice_constant: float,
    pressure: float,
    effort: Effort,
) -> dict[str, float]:
    """Angles (degrees) of the crystal that relaxes from a rhombohedral start at a static pressure, and its energy.

    ``cell_deviation`` and ``cage_deviation``: largest deviations from 90 degrees of the angles of the cell and of
    the quadrilaterals of the mean cage. ``gain``: enthalpy of the cubic crystal above it, meV/atom. NaN if it collapses.
    """
    ideal = conventional_cell(prototype, lattice_constant)
    cubic = relax(potential, ideal, pressure, effort, keep_symmetry=True)
    found = relax(potential, rhombohedral_strain(ideal, START), pressure, effort)
    if cubic is None or found is None:
        return dict.fromkeys(("cell_deviation", "cage_deviation", "gain"), np.nan)
    of_cage = np.nan if cage is None else cage_deviation(ideal, found.atoms, cage)
    return {
        "cell_deviation": float(np.abs(found.atoms.cell.angles() - RIGHT).max()),
        "cage_deviation": of_cage,
        "gain": 1e3 * (cubic.enthalpy - found.enthalpy),
    }


def cage_deviation(ideal: Atoms, crystal: Atoms, cage: Cage) -> float:
    """max|θ - 90| (degrees) of a distorted crystal whose atoms are in the order of the ideal one."""
    quads = find_quadrilaterals(ideal, cage.centre, cage.member, cage.members, cage.quadrilaterals)
    start = ideal.get_scaled_positions(wrap=False)
    moved = crystal.get_scaled_positions(wrap=False) - start
    coordinates = start + moved - np.round(moved)
    kept = np.ones(quads.site.shape[:2], bool)
    angles = interior_angles(corners(coordinates, quads, crystal.cell.array, kept, fold=True))
    return float(np.abs(angles - RIGHT).max())


def properties(
    potential: Calculator,
    prototype: Prototype,
    cage: Cage | None,
    pressures: Sequence[float],
    settings: PhononSettings,
    effort: Effort,
) -> pd.DataFrame:
    """Properties of one potential: quantity, pressure (GPa, static), value and unit.

    Raises
    ------
    StaticsError
        The potential does not hold at any of the pressures.
    """
    first = prototype.lattice_constant
    eos = equation_of_state(potential, prototype, np.linspace(SMALLEST * first, LARGEST * first, POINTS))
    rows = []
    for pressure in pressures:
        try:
            a = lattice_at_pressure(eos, pressure)
            summary = phonons(potential, prototype, a, settings, pressure).summary.iloc[0]
        except StaticsError as error:
            log.warning("%g GPa: %s", pressure, error)
            continue
        rows += [
            ("lattice constant", pressure, a, "Å"),
            ("zero-point temperature", pressure, summary["zero_point_temperature"], "K"),
            ("imaginary modes", pressure, 100.0 * summary["imaginary_fraction"], "%"),
        ]
        if prototype.cubic:
            angles = rhombohedral(potential, prototype, cage, a, pressure, effort)
            units = {"cell_deviation": "deg", "cage_deviation": "deg", "gain": "meV/atom"}
            names = {"cell_deviation": "cell angles", "cage_deviation": "cage angles", "gain": "energy gain"}
            rows += [(names[key], pressure, value, units[key]) for key, value in angles.items()]
    if not rows:
        raise StaticsError(f"this potential holds at none of the pressures {list(pressures)} GPa; choose others")
    return pd.DataFrame(rows, columns=["quantity", "pressure", "value", "unit"])


def potentials_table(tables: Mapping[tuple[str, int], pd.DataFrame]) -> pd.DataFrame:
    """One table of the properties of all potentials and members."""
    parts = [table.assign(potential=name, member=member) for (name, member), table in tables.items()]
    return pd.concat(parts, ignore_index=True)[["potential", "member", "quantity", "pressure", "value", "unit"]]
