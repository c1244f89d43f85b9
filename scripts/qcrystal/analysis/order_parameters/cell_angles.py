"""Angles of the conventional cell as an order parameter."""

from __future__ import annotations

import numpy as np

from qcrystal.analysis import cells
from qcrystal.analysis.production import ObserveSettings, Production
from qcrystal.analysis.rows import Rows
from qcrystal.crystal.cells import ANGLES


def measure(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Add angle_alpha, angle_beta, angle_gamma (deg), and angle_deviation where the lattice system fixes an angle.

    The deviation is the mean distance of the fixed angles from their values: 90 degrees, or 120 of a hexagonal cell.
    """
    system = settings.prototype.lattice_system
    fixed = np.array([system.angles.get(name, np.nan) for name in ANGLES])
    each, deviation = cells.mean_angles(run.conventional, fixed)
    for name, found in zip(ANGLES, each, strict=True):
        rows.add(f"angle_{name}", "all", found, "deg")
    if deviation is not None:
        rows.add("angle_deviation", "all", deviation, "deg")
