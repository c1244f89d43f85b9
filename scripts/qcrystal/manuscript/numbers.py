"""The numbers of the text: each is looked up in a table, printed with its error, and becomes a LaTeX macro."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import units
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from qcrystal.analysis.sweeps import CONDITION, combine_replicas, corrected
from qcrystal.errors import QcrystalError
from qcrystal.fields import Positive, Whole
from qcrystal.fields import Text as FieldText
from qcrystal.files import identifier, write_whole
from qcrystal.io.table_schemas.registry import source_schema
from qcrystal.io.tables import prov_id, read_table
from qcrystal.manuscript.latex import escape, escape_prose
from qcrystal.manuscript.uncertainty import NO_VALUE, value_text
from qcrystal.potential.card import read_card
from qcrystal.statics.equation_of_state import lattice_at_pressure
from qcrystal.units import mode_energy

MACRO = re.compile("[A-Za-z]+")
WAYS = ("key", "column", "at_pressure", "zero_point_of", "observable")
"""Keys of a number that say what of its file is wanted."""


class NumberError(QcrystalError, ValueError):
    """A number that cannot be derived; it is not printed."""


@dataclass(frozen=True)
class Number:
    """A value with its unit and the table behind it.

    ``error`` is that of the 68 % interval. None: the value has no statistical error. Not a number: the error is not known.
    ``limit``: the value is an upper limit.
    """

    name: str
    value: float
    error: float | None
    unit: str
    digits: int
    source: str
    limit: bool = False

    def text(self) -> str:
        """Value as printed; see `qcrystal.manuscript.uncertainty`. ``digits`` decimals where no error tells how many."""
        if not math.isfinite(self.value):
            raise NumberError(f"{self.source}: number {self.name} is {self.value}; it cannot be printed")
        printed = value_text(self.value, self.error, self.digits)
        return f"<{printed}" if self.limit else printed

    def as_dict(self) -> dict:
        """Plain data for ``numbers.json``; not-a-number errors become null."""
        document = asdict(self)
        if self.error is not None and not math.isfinite(self.error):
            document["error"] = None
        return {**document, "format": f".{self.digits}f", "text": self.text()}


@dataclass(frozen=True)
class Text:
    """A name or a sentence that the text prints as it stands, but for mathematics in it, and the file that it is from."""

    name: str
    value: str
    source: str

    def text(self) -> str:
        """The value, LaTeX's special characters escaped outside of mathematics."""
        return escape_prose(self.value)

    def as_dict(self) -> dict:
        """Plain data for ``numbers.json``."""
        return {**asdict(self), "text": self.text()}


class NumberEntry(BaseModel):
    """Source of one number of the text, as a crystal's ``numbers.yaml`` gives it.

    Attributes
    ----------
    meaning
        What the number is.
    source
        The table, or ``potential:card``; sources are named as in ``figures.yaml``.
    key
        Of a card: the place of a text or number in it, ``data.pressure_GPa.0``.
    column, where
        Of a table: the column, and the values of other columns that leave one value of it, a number or a text.
    count
        The number of rows of ``where`` is wanted, and not the value of ``column``.
    at_pressure
        Of an equation of state: the pressure (GPa) at which the lattice constant is wanted.
    zero_point_of
        Of a density of states: the element whose kinetic temperature by zero-point motion (K) is wanted.
    observable
        Of a sweep's summary: what is averaged over replicas at the conditions of ``where``, with its error.
    exact
        The value is chosen or counted, so that it has no error.
    may_lack
        Runs may be unable to tell the value; the text then prints "not determined".
    factor
        By which the table's value is multiplied to have the unit.
    unit, decimals
        The unit that is printed; decimals of a number without an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    meaning: FieldText
    source: str
    key: str | None = None
    column: str | None = None
    where: dict[str, str | float] = Field(default_factory=dict)
    count: bool = False
    at_pressure: Positive | None = None
    zero_point_of: str | None = None
    observable: str | None = None
    exact: bool = False
    may_lack: bool = False
    factor: float = 1.0
    unit: str = ""
    decimals: Whole = 0

    @model_validator(mode="after")
    def _one_way(self) -> NumberEntry:
        ways = [name for name in WAYS if getattr(self, name) is not None]
        if len(ways) != 1:
            raise ValueError(f"needs one of {', '.join(WAYS)}; it has {' and '.join(ways) or 'none'}")
        if source_schema(self.source) is None:
            raise ValueError(f"no table {self.source!r}; sources are named as in figures.yaml")
        return self


class NumberSet(BaseModel):
    """A crystal's ``numbers.yaml``: its numbers by the name of their macro."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: dict[str, NumberEntry]

    @field_validator("numbers")
    @classmethod
    def _macro_names(cls, numbers: dict[str, NumberEntry]) -> dict[str, NumberEntry]:
        for name in numbers:
            if not MACRO.fullmatch(name):
                raise ValueError(f"{name!r}: a macro name is made of letters")
        return numbers


def derive(name: str, entry: NumberEntry, path: str, partial: bool = False) -> Number | Text:
    """A number of the text from its file.

    Parameters
    ----------
    path
        The table, or the potential's card.
    partial
        Not all runs of the table's sweep have ended: the number is "not determined" if none of them is at its condition.

    Raises
    ------
    NumberError
        If the file does not hold exactly one such number.
    """
    if entry.key is not None:
        value = _in_document(read_card(Path(path)).model_dump(), entry.key, path)
        if isinstance(value, str):
            return Text(name, value, path)
        return Number(name, entry.factor * float(value), None, entry.unit, entry.decimals, path)
    table = read_table(Path(path), str(source_schema(entry.source)))
    if entry.observable is not None:
        if partial and _rows(table, path, {"observable": entry.observable, **entry.where}).empty:
            return Text(name, NO_VALUE, path)
        found = observed(name, table, path, entry.observable, entry.unit, entry.decimals, **entry.where)
        if entry.may_lack and not math.isfinite(found.value):
            return Text(name, NO_VALUE, path)
        error = None if entry.exact else entry.factor * found.error if found.error is not None else None
        return replace(found, value=entry.factor * found.value, error=error)
    if entry.at_pressure is not None:
        value = lattice_at_pressure(table, entry.at_pressure)
    elif entry.zero_point_of is not None:
        column = f"dos_{entry.zero_point_of}"
        rows = _rows(table, path, {column: None, **entry.where})
        value = np.average(mode_energy(rows["frequency"], 0.0), weights=rows[column]) / units.kB
    elif entry.count:
        value = len(_rows(table, path, {str(entry.column): None, **entry.where}))
    else:
        value = look_up(table, path, str(entry.column), **entry.where)
    if isinstance(value, str):
        return Text(name, value, path)
    return Number(name, entry.factor * float(value), None, entry.unit, entry.decimals, path)


def _in_document(document: Any, key: str, path: str) -> Any:
    """Value of a document of nested mappings and lists at a key such as ``data.pressure_GPa.0``."""
    for part in key.split("."):
        try:
            document = document[int(part)] if part.isdecimal() else document[part]
        except (KeyError, IndexError, TypeError) as error:
            raise NumberError(f"{path}: holds no {key}; correct numbers.yaml") from error
    return document


def look_up(table: pd.DataFrame, source: str, column: str, **conditions: Any) -> Any:
    """The one value that a column has in the rows that fulfil the conditions.

    Raises
    ------
    NumberError
        If there is none, or more than one.
    """
    values = _rows(table, source, {column: None, **conditions})[column].unique()
    if len(values) != 1:
        wanted = ", ".join(f"{k} = {v}" for k, v in conditions.items()) or "any condition"
        raise NumberError(f"{source}: {len(values)} values of {column} with {wanted}; a number needs one")
    return values[0]


def _rows(table: pd.DataFrame, source: str, conditions: Mapping[str, Any]) -> pd.DataFrame:
    """Rows that fulfil the conditions; None asks for the column alone."""
    rows = table
    for column, value in conditions.items():
        if column not in rows:
            raise NumberError(f"{source}: has no column {column!r}")
        rows = rows if value is None else rows[rows[column] == value]
    return rows


def observed(
    name: str, table: pd.DataFrame, source: str, observable: str, unit: str, digits: int, **conditions: Any
) -> Number:
    """An observable of one condition of a sweep, averaged over its replicas, without what a bath's friction adds.

    Parameters
    ----------
    table
        Summary of a sweep.
    conditions
        Columns and their values; with the observable they leave one condition.

    Raises
    ------
    NumberError
        If they do not.
    """
    mean = combine_replicas(corrected(table, observable), [*CONDITION, "observable", "species"])
    rows = _rows(mean, source, {"observable": observable, **conditions})
    if len(rows) != 1:
        wanted = ", ".join(f"{k} = {v}" for k, v in {"observable": observable, **conditions}.items())
        raise NumberError(f"{source}: {len(rows)} rows with {wanted}; a number needs one")
    value, error, limit = (float(rows[column].iloc[0]) for column in ("value", "error", "limit"))
    if math.isfinite(limit):
        return Number(name, limit, None, unit, digits, source, limit=True)
    return Number(name, value, error, unit, digits, source)


def write_numbers(
    entries: Mapping[str, NumberEntry],
    files: Mapping[str, str],
    scale: str,
    json_file: Path,
    tex: Path,
    partial: Sequence[str] = (),
) -> None:
    """Derive all numbers, and write them as JSON and as LaTeX macros; both appear whole, or none.

    Parameters
    ----------
    files
        Source: its file. The numbers of one without a file are "not determined": what makes it has not ended.
    partial
        Sources of which a part has not ended.
    """
    numbers = [
        derive(name, entry, files[entry.source], entry.source in partial)
        if entry.source in files
        else Text(name, NO_VALUE, entry.source)
        for name, entry in entries.items()
    ]
    marks = {path: prov_id(Path(path)) for path in files.values()}
    document = {
        "prov_id": identifier(),
        "scale": scale,
        "numbers": {
            number.name: {
                "meaning": entries[number.name].meaning,
                **number.as_dict(),
                "prov_id": marks.get(number.source),
            }
            for number in numbers
        },
    }
    text = f"% prov_id {identifier()}\n" + macros(numbers) + rf"\newcommand{{\ScaleName}}{{{escape(scale)}}}" + "\n"
    write_whole(json_file, json.dumps(document, indent=1) + "\n")
    write_whole(tex, text)


def _latex(unit: str) -> str:
    """A unit in LaTeX's math mode."""
    return rf"\mathrm{{{unit}}}".replace("Å", r"\text{\AA}").replace("²", "^2")


def macros(numbers: Sequence[Number | Text]) -> str:
    r"""LaTeX source that defines ``\<Name>`` for each number and text.

    Raises
    ------
    NumberError
        If a name is not a LaTeX macro name (letters only) or is used twice.
    """
    seen: set[str] = set()
    lines = ["% Generated from numbers.json; edit nothing here."]
    for number in numbers:
        if not MACRO.fullmatch(number.name) or number.name in seen:
            raise NumberError(f"number {number.name!r}: a macro name is made of letters and used once")
        seen.add(number.name)
        body = number.text()
        if isinstance(number, Number):
            unit = rf"\,{_latex(number.unit)}" if number.unit else ""
            body = rf"\ensuremath{{{body}{unit}}}"
        lines.append(rf"\newcommand{{\{number.name}}}{{{body}}}")
    return "\n".join(lines) + "\n"
