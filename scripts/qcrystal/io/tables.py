"""Files between the stages: tidy tables (CSV), which appear whole or not at all, and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from qcrystal.files import file_digest, identifier, write_whole

MARK = "# prov_id "
AGAIN = "restore it, or remove it and run its job again"
SUMS = "SHA256SUMS"
SOURCE = "file"


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
        raise TableError(f"{path}: not a readable table ({_reason(error)}); {AGAIN}") from error
    for name in columns:
        if name not in table:
            raise TableError(f"{path}: no column {name!r}; {AGAIN}")
    table.attrs[SOURCE] = str(path)
    return table


def source_of(table: pd.DataFrame) -> str:
    """The file that a table was read from, for messages."""
    return str(table.attrs.get(SOURCE, "table"))


def check_table(
    path: Path, shown: str, columns: Sequence[str], rows: int | None = None, may_be_empty: bool = False
) -> None:
    """Make sure that a table that no job makes anew is whole.

    Parameters
    ----------
    path
        If a file ``SHA256SUMS`` beside it lists it, it must be that file.
    shown
        How messages name it.
    columns
        Those that are read; a table may have others.
    rows
        Their number; None: any.
    may_be_empty
        Whether it may have no row.

    Raises
    ------
    TableError
        One line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith(MARK):
            text = text.partition("\n")[2]
        head, *body = csv.reader(io.StringIO(text)) if text else [[]]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or _reason(error)
        raise TableError(f"{shown}: not a readable table ({reason}); restore it") from error
    missing = [name for name in columns if name not in head]
    if missing:
        raise TableError(f"{shown}: no column {missing[0]!r}; restore it")
    wrong = next((number for number, row in enumerate(body, 1) if len(row) != len(head)), None)
    if wrong or not text.endswith("\n"):
        raise TableError(f"{shown}: row {wrong or len(body)} is not complete; restore it")
    if not body and not may_be_empty:
        raise TableError(f"{shown}: holds no row; restore it")
    if rows is not None and len(body) != rows:
        raise TableError(f"{shown}: {len(body)} rows, not {rows}; restore it")
    if _listed(path) not in (None, file_digest(path)):
        raise TableError(f"{shown}: not the file that {SUMS} beside it lists; restore it, or correct its sum")


def _listed(path: Path) -> str | None:
    """Digest of a file by the list beside it."""
    sums = path.with_name(SUMS)
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines() if sums.is_file() else []
    return next((digest for digest, _, name in (line.partition("  ") for line in lines) if name == path.name), None)


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
        raise TableError(f"{path}: not readable JSON ({_reason(error)}); {AGAIN}") from error
    if not isinstance(document, dict):
        raise TableError(f"{path}: holds {type(document).__name__}, not keys with values; {AGAIN}")
    return document


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())
