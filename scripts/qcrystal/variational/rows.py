"""Rows of the table of free energies: one for each level, or method, of a calculation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from ase import units

from qcrystal.units import MEV
from qcrystal.variational.basis import Basis, harmonic_entropy, harmonic_free_energy, thermal_energy
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.observables import Observables
from qcrystal.variational.spec import NctSpec

CONDITION = (
    "run", "level", "refused", "atoms", "temperature_target", "pressure_target", "seed", "volume", "static_energy", "beads",
)  # fmt: skip
"""Columns that tell what was calculated; the others are values."""


def _condition(spec: NctSpec, basis: Basis, energy: float, level: str) -> dict[str, Any]:
    atoms = len(basis.masses)
    return {
        "run": spec.run,
        "level": level,
        "refused": "",
        "atoms": atoms,
        "temperature_target": spec.temperature,
        "pressure_target": np.nan if spec.pressure is None else spec.pressure,
        "seed": spec.seed,
        "volume": abs(np.linalg.det(basis.cell)) / atoms,
        "static_energy": energy / atoms,
        "beads": np.nan,
    }


def harmonic_row(spec: NctSpec, basis: Basis, energy: float) -> dict[str, Any]:
    """F of the harmonic crystal: no bound, and nothing is averaged. ``energy``: of the crystal at rest, eV."""
    free = harmonic_free_energy(basis.energies, thermal_energy(spec.temperature))
    return {
        **_condition(spec, basis, energy, "harmonic"),
        "free_energy": free / len(basis.masses) / MEV,
        "free_energy_error": 0.0,
        "entropy": harmonic_entropy(basis.energies, thermal_energy(spec.temperature)) / len(basis.masses),
    }


def level_row(
    spec: NctSpec,
    basis: Basis,
    symbols: Sequence[str],
    energy: float,
    level: str,
    found: Observables,
    kinetic: dict[str, Estimate],
) -> dict[str, Any]:
    """A row of averages; ``energy`` of the crystal at rest and ``kinetic`` of all atoms of each species in eV."""
    atoms, row = len(basis.masses), _condition(spec, basis, energy, level)
    for name, value in (
        ("free_energy", found.free_energy),
        ("potential_energy", found.potential),
        ("kinetic_energy", found.kinetic),
    ):
        row[name], row[f"{name}_error"] = value.value / atoms / MEV, value.error / atoms / MEV
    row["entropy"] = found.entropy / atoms
    row["pressure"], row["pressure_error"] = found.pressure.value / units.GPa, found.pressure.error / units.GPa
    diagonal = [found.stress[axis, axis].value / units.GPa for axis in range(3)]
    row["stress_anisotropy"] = max(diagonal) - min(diagonal)
    row["stress_anisotropy_error"] = max(found.stress[axis, axis].error for axis in range(3)) / units.GPa * np.sqrt(2)
    for species, one in kinetic.items():
        value = kinetic_temperature(one, list(symbols).count(species))
        row[f"kinetic_temperature_{species}"], row[f"kinetic_temperature_{species}_error"] = value
    return row


def kinetic_temperature(kinetic: Estimate, atoms: int) -> Estimate:
    """2<K>/(3 N k_B) in K of a kinetic energy in eV."""
    each = 1.5 * units.kB * atoms
    return Estimate(kinetic.value / each, kinetic.error / each)


def without_refused(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the values of refused rows left out."""
    table = table.copy()
    values = [column for column in table.columns if column not in CONDITION]
    table.loc[table["refused"] != "", values] = np.nan
    return table
