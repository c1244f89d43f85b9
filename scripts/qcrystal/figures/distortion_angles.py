"""Angles of relaxed crystals by several definitions, beside what DFT says about the same geometries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.figures.crystal_cells import cage, interior_angles, longest_bond, nearly_cubic_cell, quadrilaterals
from qcrystal.figures.kinds import DistortionAngles, Inputs
from qcrystal.manuscript.published import Cited

RIGHT = 90.0


def quadrilateral_angles(atoms: Atoms, options: DistortionAngles, longest: float) -> tuple[np.ndarray, float]:
    """Interior angles (q, 4) of a cage's quadrilaterals, and the largest deviation of the angles between them (degrees).

    An angle between two quadrilaterals is that of the directions from the centre to their middles, of neighbouring ones.
    """
    centre, members = cage(atoms, options.centre, options.cage_atoms)
    rings = quadrilaterals(members, longest)
    if len(rings) != options.quadrilaterals:
        return np.full((options.quadrilaterals, 4), np.nan), np.nan
    middle = members[rings].mean(axis=1) - centre
    middle /= np.linalg.norm(middle, axis=1)[:, None]
    between = np.degrees(np.arccos(np.clip(middle @ middle.T, -1.0, 1.0)))
    neighbours = np.abs(between - RIGHT) < RIGHT / 2
    return interior_angles(members[rings]), float(np.abs(between[neighbours] - RIGHT).max())


def largest_force(dft: pd.DataFrame | None, phase: str, pressure: float) -> float:
    """Largest force (eV/Å) that DFT finds at the geometry of a phase; NaN if it was not checked."""
    if dft is None:
        return np.nan
    also = dft["also"].fillna("").str.split("; ")
    same = (dft["phase"] == phase) | np.array([phase in names for names in also])
    found = dft[same & (dft["pressure"] == pressure)]
    return float(found["max_force"].iloc[0]) if len(found) else np.nan


def draw(inputs: Inputs, published: Mapping[str, Cited], options: DistortionAngles) -> pd.DataFrame:
    """One row per phase and pressure, by pressure."""
    frames = [nearly_cubic_cell(atoms, options.centre, options.cell_centres) for atoms in inputs["structures"]]
    undistorted = min(frames, key=lambda atoms: np.abs(atoms.cell.angles() - RIGHT).max())
    longest = longest_bond(cage(undistorted, options.centre, options.cage_atoms)[1])
    groups = inputs["enthalpies"].set_index(["phase", "pressure"])["spacegroup"]
    rows = []
    for atoms, cell in zip(inputs["structures"], frames, strict=True):
        phase, pressure = str(atoms.info["phase"]), float(atoms.info["pressure"])
        angles, between = quadrilateral_angles(atoms, options, longest)
        known = angles[np.isfinite(angles)]
        of_cell = cell.cell.angles()
        rows.append(
            {
                "phase": phase,
                "pressure_GPa": pressure,
                "space_group": str(groups.get((phase, pressure), "")),
                "quadrilateral_small_deg": known[known <= RIGHT].mean() if len(known) else np.nan,
                "quadrilateral_large_deg": known[known >= RIGHT].mean() if len(known) else np.nan,
                "quadrilateral_deviation_deg": np.abs(known - RIGHT).max() if len(known) else np.nan,
                "between_quadrilaterals_deg": between,
                "cell_smallest_deg": of_cell.min(),
                "cell_largest_deg": of_cell.max(),
                "dft_largest_force_eV_per_A": largest_force(inputs.get("dft"), phase, pressure),
            }
        )
    return pd.DataFrame(rows).sort_values(["pressure_GPa", "phase"]).reset_index(drop=True)
