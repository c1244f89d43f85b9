"""Pressures that a potential was trained on, in a small table of their own.

A job that needs no more of a potential's card reads this table. So a card that gains a speed or a test makes no run anew.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qcrystal.io.tables import TableError, read_table, write_table

SCHEMA = "trained_pressures"


def write_trained_pressures(pressures: tuple[float, float], path: Path) -> None:
    """Write the lowest and the highest pressure (GPa) of the frames that a potential was trained on."""
    write_table(pd.DataFrame([pressures], columns=["lowest", "highest"]), path, SCHEMA)


def read_trained_pressures(path: Path) -> tuple[float, float]:
    """Lowest and highest pressure (GPa) of the frames that a potential was trained on.

    Raises
    ------
    TableError
        If the table has another number of rows than one, or keeps not to its schema.
    """
    table = read_table(path, SCHEMA)
    if len(table) != 1:
        raise TableError(f"{path}: {len(table)} rows, not one; remove it, and its job writes it again")
    return float(table["lowest"].iloc[0]), float(table["highest"].iloc[0])
