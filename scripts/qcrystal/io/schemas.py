"""Schemas of tables: columns with kind, unit, meaning and range, and the check that a table keeps to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from qcrystal.errors import QcrystalError

Kind = Literal["text", "whole", "number", "truth"]
FAMILIES = {"<pair>": r"[A-Za-z]{1,2}_[A-Za-z]{1,2}\d?", "<axes>": "[xyz]{2}"}
"""Patterns of the parts of a family's name: two elements (with a number), two axes."""
ANY = r"[\w.+-]+"


class SchemaError(QcrystalError, ValueError):
    """A table that does not keep to its schema; the message is one line without the file's name."""


@dataclass(frozen=True)
class Column:
    """One column, or a family of columns such as ``dos_<species>``.

    Attributes
    ----------
    kind
        text, whole (number), number, truth (true or false).
    unit
        Empty if it has none.
    low, high
        Range of numbers, ends included.
    values
        Texts that it may hold; empty: any.
    missing
        Cells may be empty: the value is not known or does not apply.
    optional
        The whole column may lack. A family may always have no member.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    missing: bool = False
    optional: bool = False

    @property
    def is_family(self) -> bool:
        """Whether the name stands for several columns."""
        return "<" in self.name

    def matches(self, name: str) -> bool:
        """Whether a column of a table is this one, or one of this family."""
        parts = re.split(r"(<\w+>)", self.name)
        pattern = "".join(FAMILIES.get(part, ANY) if part.startswith("<") else re.escape(part) for part in parts)
        return re.fullmatch(pattern, name) is not None

    def check(self, cells: pd.Series) -> None:
        """Make sure that the cells are of the kind and within the range.

        Raises
        ------
        SchemaError
            It names the column, the row and the value.
        """
        if not self.missing and self.kind != "text" and cells.isna().any():
            raise SchemaError(f"column {cells.name!r}, row {_first(cells.isna())}: no value")
        known = cells.dropna()
        if self.kind == "text":
            self._complain(known, known.astype(str).isin(self.values) if self.values else True, "not one of its values")
        elif self.kind == "truth":
            self._complain(known, known.isin([True, False]), "neither True nor False")
        else:
            numbers = pd.to_numeric(known, errors="coerce")
            self._complain(known, numbers.notna() & np.isfinite(numbers), "not a number")
            if self.kind == "whole":
                self._complain(known, numbers == numbers.round(), "not a whole number")
            if self.low is not None:
                self._complain(known, numbers >= self.low, f"below {self.low:g}")
            if self.high is not None:
                self._complain(known, numbers <= self.high, f"above {self.high:g}")

    def _complain(self, cells: pd.Series, right: Any, text: str) -> None:
        wrong = cells[~np.broadcast_to(np.asarray(right, dtype=bool), len(cells))]
        if len(wrong):
            raise SchemaError(f"column {cells.name!r}, row {wrong.index[0] + 1}: {str(wrong.iloc[0])!r:.40} is {text}")


def _first(wrong: pd.Series) -> int:
    """Number of the first row that is wrong, counted from 1 as in the file."""
    return int(np.argmax(wrong.to_numpy())) + 1


@dataclass(frozen=True)
class Schema:
    """A kind of table.

    Attributes
    ----------
    title
        What a row is, and where it is from.
    files
        Where such tables are, from the folder of results or of the repository; ``*`` stands for any name.
    sources
        Names by which ``figures.yaml`` and ``numbers.yaml`` know such tables (``*``: a sweep).
    may_be_empty
        A table without rows is one too.
    """

    title: str
    files: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[str, ...] = ()
    may_be_empty: bool = False

    def absent(self, names: Sequence[str]) -> list[str]:
        """Columns that a table with columns of these names lacks."""
        needed = (column.name for column in self.columns if not column.is_family and not column.optional)
        return [name for name in needed if name not in names]

    def check(self, table: pd.DataFrame, whole: bool = False) -> None:
        """Make sure that a table has all columns, of their kinds and within their ranges.

        Parameters
        ----------
        whole
            Whether columns that the schema does not know are refused, as in a table that is being written.

        Raises
        ------
        SchemaError
            One line.
        """
        table = table.reset_index(drop=True)
        named = {column.name: column for column in self.columns if not column.is_family}
        families = [column for column in self.columns if column.is_family]
        missing = self.absent([str(name) for name in table.columns])
        if missing:
            raise SchemaError(f"no column {missing[0]!r}")
        for name in map(str, table.columns):
            column = named.get(name) or next((family for family in families if family.matches(name)), None)
            if column is not None:
                column.check(table[name])
            elif whole:
                raise SchemaError(f"column {name!r} is not in the schema; describe it in qcrystal.io.table_schemas")
        if table.empty and not self.may_be_empty:
            raise SchemaError("no row")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that every such table has."""
        return tuple(column.name for column in self.columns if not column.optional and not column.is_family)


def text(name: str, meaning: str, *values: str, **flags: Any) -> Column:
    """A column of texts, of which there may be a choice."""
    return Column(name, "text", "", meaning, values=values, **flags)


def whole(name: str, meaning: str, low: float | None = 0, unit: str = "", **flags: Any) -> Column:
    """A column of whole numbers, not negative unless ``low`` says otherwise."""
    return Column(name, "whole", unit, meaning, low=low, **flags)


def number(name: str, unit: str, meaning: str, **flags: Any) -> Column:
    """A column of numbers."""
    return Column(name, "number", unit, meaning, **flags)


def truth(name: str, meaning: str, **flags: Any) -> Column:
    """A column of true or false."""
    return Column(name, "truth", "", meaning, **flags)
