"""Tidy tables: CSV files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from qcrystal.provenance import identifier, write_whole

MARK = "# prov_id "


class TableError(ValueError):
    """A table that cannot be used; its message names the file."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, ten significant digits, beside its place and then rename it.

    Within a job its first line names the job's record: ``# prov_id <identifier>``.
    """
    header = f"{MARK}{identifier()}\n" if identifier() else ""
    write_whole(path, header + table.to_csv(index=False, float_format="%.10g"))


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; `TableError` names the file if it is missing, empty or not CSV."""
    try:
        with open(path, encoding="utf-8") as file:
            if not file.readline().startswith(MARK):
                file.seek(0)
            return pd.read_csv(file)
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a readable table ({error}); remove it and run its job again") from error


def prov_id(path: Path) -> str | None:
    """Identifier of the record of the job that wrote a table; None of a file that no job wrote."""
    with open(path, encoding="utf-8") as file:
        first = file.readline()
    return first.removeprefix(MARK).strip() if first.startswith(MARK) else None
