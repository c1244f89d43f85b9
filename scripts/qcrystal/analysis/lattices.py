"""Tables of lattices, one row per lattice constant, between their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.interpolate import make_interp_spline

SPLINE_POINTS = 4  # a cubic spline needs so many


def at_lattice_constant(lattice: pd.DataFrame, value: float, columns: Sequence[str]) -> pd.Series:
    """Columns of a table of lattices at a lattice constant (Å): the row itself or a cubic spline through all.

    NaN outside the table, and between the rows of one with fewer than four.
    """
    ordered = lattice.sort_values("lattice_constant").drop_duplicates("lattice_constant")
    known = ordered["lattice_constant"].to_numpy(dtype=float)
    exact = np.isclose(known, value, atol=1e-6)
    wanted = list(columns)
    if exact.any():
        return ordered[wanted].iloc[int(np.argmax(exact))].astype(float)
    if len(known) < SPLINE_POINTS or not known[0] <= value <= known[-1]:
        return pd.Series(np.nan, index=wanted)
    return pd.Series(make_interp_spline(known, ordered[wanted].to_numpy(dtype=float))(value), index=wanted)


def at_pressure(lattice: pd.DataFrame, pressure: float, columns: Sequence[str]) -> pd.Series:
    """Columns of a table of lattices at a pressure (GPa); NaN outside the table."""
    ordered = lattice.sort_values("pressure").drop_duplicates("pressure")
    known = ordered["pressure"].to_numpy(dtype=float)
    if len(known) < SPLINE_POINTS or not known[0] <= pressure <= known[-1]:
        return pd.Series(np.nan, index=list(columns))
    constants = ordered["lattice_constant"].to_numpy(dtype=float)
    return at_lattice_constant(lattice, float(make_interp_spline(known, constants)(pressure)), columns)
