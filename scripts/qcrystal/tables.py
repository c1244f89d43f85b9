"""Files between the stages: tidy tables (CSV), which appear whole or not at all, JSON, and structures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from ase import Atoms

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


def read_table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table; `TableError` names the file if it is missing, empty, not CSV, or lacks one of the columns."""
    try:
        with open(path, encoding="utf-8") as file:
            if not file.readline().startswith(MARK):
                file.seek(0)
            table = pd.read_csv(file)
    except (OSError, ValueError) as error:  # pandas' own are ValueErrors
        raise TableError(f"{path}: not a readable table ({_reason(error)}); remove it and run its job again") from error
    for name in columns:
        if name not in table:
            raise TableError(f"{path}: no column {name!r}; remove it and run its job again")
    return table


def prov_id(path: Path) -> str | None:
    """Identifier of the record of the job that wrote a table; None of a file that no job wrote."""
    with open(path, encoding="utf-8") as file:
        first = file.readline()
    return first.removeprefix(MARK).strip() if first.startswith(MARK) else None


def read_json(path: Path) -> dict:
    """Read a JSON object; `TableError` names the file if it is missing or is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: not readable JSON ({_reason(error)}); remove it and run its job again") from error
    if not isinstance(document, dict):
        raise TableError(
            f"{path}: holds {type(document).__name__}, not keys with values; remove it and run its job again"
        )
    return document


def read_structures(path: Path) -> list[Atoms]:
    """Read extended XYZ, of which an empty file holds no structure; `TableError` names a file that is missing or is none."""
    from ase.io import read  # half a second at the start of every process that only reads tables

    try:
        return read(path, ":", format="extxyz") if Path(path).stat().st_size else []
    except Exception as error:  # ASE lets through whatever a damaged line leads to
        reason = _reason(error) or type(error).__name__
        raise TableError(f"{path}: not readable as structures ({reason}); remove it and run its job again") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())
