"""Order parameters by name: each is a module of this package with a function `measure`.

A new one is a module here, a line of `MEASURES`, and a field of `qcrystal.crystal.order_parameters.OrderParameters`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qcrystal.analysis.order_parameters import bond_centring, cage_angles, cell_angles, coordination
from qcrystal.analysis.production import ObserveSettings, Production
from qcrystal.analysis.rows import Rows

Measure = Callable[[Rows, Production, np.ndarray, ObserveSettings], None]
"""Adds an order parameter's rows. The array (N,) tells which atoms were ever away from the site of their first frame."""

MEASURES: dict[str, Measure] = {
    "cell_angles": cell_angles.measure,
    "cage_angles": cage_angles.measure,
    "bond_centring": bond_centring.measure,
    "coordination": coordination.measure,
}


def measure(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Add the rows of every order parameter that the settings name."""
    for name, add_rows in MEASURES.items():
        if getattr(settings.order_parameters, name) is not None:
            add_rows(rows, run, away, settings)
