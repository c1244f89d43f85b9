"""Tidy tables: CSV files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qcrystal.provenance import write_whole


class TableError(ValueError):
    """A table that cannot be used; its message names the file."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, ten significant digits, beside its place and then rename it."""
    write_whole(path, table.to_csv(index=False, float_format="%.10g"))


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; `TableError` names the file if it is missing, empty or not CSV."""
    try:
        return pd.read_csv(path)
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a readable table ({error}); remove it and run its job again") from error
