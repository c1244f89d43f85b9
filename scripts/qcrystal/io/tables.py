"""Files between the stages: tidy tables (CSV), which appear whole or not at all, and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from qcrystal.errors import QcrystalError
from qcrystal.files import file_digest, identifier, write_whole
from qcrystal.io.schemas import SchemaError
from qcrystal.io.table_schemas.registry import TABLES

MARK = "# prov_id "
AGAIN = "restore it, or remove it and run its job again"
SUMS = "SHA256SUMS"
SOURCE = "file"


class TableError(QcrystalError, ValueError):
    """A table that cannot be used; its message names the file."""


def write_table(table: pd.DataFrame, path: Path, schema: str) -> None:
    """Write a table as CSV, ten significant digits, beside its place and then rename it.

    Within a job its first line names the job's record: ``# prov_id <identifier>``.

    Parameters
    ----------
    schema
        Name in `qcrystal.io.table_schemas.registry.TABLES`.

    Raises
    ------
    TableError
        The table does not keep to its schema. Nothing is written.
    """
    try:
        TABLES[schema].check(table, whole=True)
    except SchemaError as error:
        raise TableError(f"{path}: cannot be written as a table of {schema}: {error}") from error
    header = f"{MARK}{identifier()}\n" if identifier() else ""
    write_whole(path, header + table.to_csv(index=False, float_format="%.10g"))


def read_table(path: Path, schema: str) -> pd.DataFrame:
    """Read a table of a schema.

    Parameters
    ----------
    schema
        Name in `qcrystal.io.table_schemas.registry.TABLES`.

    Raises
    ------
    TableError
        It names the file, which is missing, not CSV, or does not keep to its schema.
    """
    try:
        with open(path, encoding="utf-8") as file:
            if not file.readline().startswith(MARK):
                file.seek(0)
            table = pd.read_csv(file)
        TABLES[schema].check(table)
    except SchemaError as error:
        raise TableError(f"{path}: {error}; {AGAIN}") from error
    except (OSError, ValueError) as error:  # pandas' own are ValueErrors
        raise TableError(f"{path}: not a readable table ({_reason(error)}); {AGAIN}") from error
    table.attrs[SOURCE] = str(path)
    return table


def records(table: pd.DataFrame) -> Iterator[Any]:
    """Rows of a table, with its columns as attributes."""
    yield from table.itertuples()


def source_of(table: pd.DataFrame) -> str:
    """The file that a table was read from, for messages."""
    return str(table.attrs.get(SOURCE, "table"))


def check_table(path: Path, shown: str, schema: str, rows: int | None = None) -> None:
    """Make sure that a table that no job makes anew is whole, and keeps to its schema.

    Parameters
    ----------
    path
        If a file ``SHA256SUMS`` beside it lists it, it must be that file.
    shown
        How messages name it.
    schema
        Name in `qcrystal.io.table_schemas.registry.TABLES`.
    rows
        Their number; None: any.

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
    absent = TABLES[schema].absent(head)
    if absent:
        raise TableError(f"{shown}: no column {absent[0]!r}; restore it")
    wrong = next((number for number, row in enumerate(body, 1) if len(row) != len(head)), None)
    if wrong or not text.endswith("\n"):
        raise TableError(f"{shown}: row {wrong or len(body)} is not complete; restore it")
    try:
        TABLES[schema].check(pd.read_csv(io.StringIO(text)))
    except ValueError as error:
        raise TableError(f"{shown}: {_reason(error)}; restore it") from error
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
