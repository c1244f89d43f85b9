"""The numbers of the text: each is looked up in a table, printed with its error, and becomes a LaTeX macro."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass

import pandas as pd

from qcrystal.analysis.sweeps import CONDITION, combine_replicas, corrected
from qcrystal.manuscript.uncertainty import value_text


class NumberError(ValueError):
    """A number that cannot be derived; it is not printed."""


@dataclass(frozen=True)
class Number:
    """A value with its unit and the table behind it.

    ``error`` is its standard error. None: the value has no statistical error. Not a number: the error is not known.
    """

    name: str
    value: float
    error: float | None
    unit: str
    digits: int
    source: str

    def text(self) -> str:
        """Value as printed; see `qcrystal.manuscript.uncertainty`. ``digits`` decimals where no error tells how many."""
        if not math.isfinite(self.value):
            raise NumberError(f"{self.source}: number {self.name} is {self.value}; it cannot be printed")
        return value_text(self.value, self.error, self.digits)

    def as_dict(self) -> dict:
        """Plain data for ``numbers.json``; not-a-number errors become null."""
        document = asdict(self)
        if self.error is not None and not math.isfinite(self.error):
            document["error"] = None
        return {**document, "format": f".{self.digits}f", "text": self.text()}


@dataclass(frozen=True)
class Text:
    """A name that the text prints as it stands, and the file that it is from."""

    name: str
    value: str
    source: str

    def text(self) -> str:
        """The value, LaTeX's special characters escaped."""
        return re.sub(r"([#$%&_{}])", r"\\\1", self.value)

    def as_dict(self) -> dict:
        """Plain data for ``numbers.json``."""
        return {**asdict(self), "text": self.text()}


def look_up(table: pd.DataFrame, source: str, **conditions) -> pd.Series:
    """The one row of a table that fulfils the conditions.

    Raises
    ------
    NumberError
        If no row, or more than one, does.
    """
    rows = table
    for column, value in conditions.items():
        if column not in rows:
            raise NumberError(f"{source}: has no column {column!r}")
        rows = rows[rows[column] == value]
    if len(rows) != 1:
        wanted = ", ".join(f"{k} = {v}" for k, v in conditions.items())
        raise NumberError(f"{source}: {len(rows)} rows with {wanted}; a number needs one")
    return rows.iloc[0]


def observed(
    name: str, table: pd.DataFrame, source: str, observable: str, unit: str, digits: int, **conditions
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
    row = look_up(mean, source, observable=observable, **conditions)
    return Number(name, float(row.value), float(row.error), unit, digits, source)


def _latex(unit: str) -> str:
    """A unit in LaTeX's math mode."""
    return rf"\mathrm{{{unit}}}".replace("Å", r"\text{\AA}").replace("²", "^2")


def macros(numbers: list[Number | Text]) -> str:
    r"""LaTeX source that defines ``\<Name>`` for each number and text.

    Raises
    ------
    NumberError
        If a name is not a LaTeX macro name (letters only) or is used twice.
    """
    seen, lines = set(), ["% Generated from numbers.json; edit nothing here."]
    for number in numbers:
        if not re.fullmatch("[A-Za-z]+", number.name) or number.name in seen:
            raise NumberError(f"number {number.name!r}: a macro name is made of letters and used once")
        seen.add(number.name)
        body = number.text()
        if isinstance(number, Number):
            unit = rf"\,{_latex(number.unit)}" if number.unit else ""
            body = rf"\ensuremath{{{body}{unit}}}"
        lines.append(rf"\newcommand{{\{number.name}}}{{{body}}}")
    return "\n".join(lines) + "\n"
