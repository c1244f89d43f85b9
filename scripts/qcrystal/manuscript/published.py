"""Literature values that figures and tables stand beside: ``published.yaml`` of a crystal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from qcrystal.errors import QcrystalError
from qcrystal.io.yaml_files import DocumentError, read_mapping


class PublishedError(QcrystalError, ValueError):
    """Literature values that cannot be used; the message names the file and the value."""


class Cited(NamedTuple):
    """A published value, the name under which it is cited, and the place in that work: a figure, table or section."""

    value: Any
    label: str
    where: str

    @property
    def number(self) -> float:
        """The value, which must be a number.

        Raises
        ------
        PublishedError
            If it is none.
        """
        if not _is_number(self.value):
            raise PublishedError(f"published value of {self.label}, {self.where} is {self.value!r:.60}, not a number")
        return float(self.value)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedValue(_Strict):
    """One value: a number, a text, a list, or numbers by name; ``where`` begins with a key of ``sources``."""

    value: int | float | str | list[int | float | str] | dict[str, int | float]
    where: str
    unit: str | None = None
    note: str | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _finite(cls, value: object) -> object:
        numbers = value.values() if isinstance(value, dict) else [value]
        for number in numbers:
            if isinstance(value, dict) and not _is_number(number):
                raise ValueError(f"holds {number!r:.60}, not a number; restore it")
            if isinstance(number, bool) or isinstance(number, float) and not math.isfinite(number):
                raise ValueError(f"is {number!r:.60}, not a number; restore it")
        return value


class PublishedFigure(_Strict):
    """A figure or table of the literature, by the name of its counterpart here."""

    id: str
    shows: str = ""


class Published(_Strict):
    """The whole file: ``sources`` (key: reference), ``values`` by name, ``figures``."""

    sources: dict[str, str]
    values: dict[str, PublishedValue]
    figures: list[PublishedFigure]

    def cited(self, name: str) -> Cited:
        """The value of a name, with the label of its source.

        Raises
        ------
        PublishedError
            If there is no such value, or its ``where`` begins with no key of ``sources``.
        """
        if name not in self.values:
            raise PublishedError(f"published.yaml: values has no {name!r}; add it or correct the name")
        entry = self.values[name]
        key, _, where = entry.where.partition(" ")
        key = key.rstrip(",")
        if key not in self.sources:
            raise PublishedError(
                f"published.yaml: values.{name}.where begins with {key!r}, which is not among sources; correct it"
            )
        return Cited(entry.value, citation_label(self.sources[key]), where)


def published_accuracies(literature: Published) -> dict[str, dict[str, float]]:
    """Published errors of potentials by source: energy in meV/atom, force in meV/Å.

    They are the values ``<study>_energy_rmse`` and ``<study>_force_rmse``; a crystal may have none.

    Raises
    ------
    PublishedError
        If one is no number, or its source is not among the sources.
    """
    found = {}
    for name, entry in literature.values.items():
        study = name.removesuffix("_energy_rmse")
        if study != name and f"{study}_force_rmse" in literature.values:
            found[entry.where.split()[0].rstrip(",")] = {
                "energy_meV_per_atom": literature.cited(name).number,
                "force_meV_per_angstrom": 1e3 * literature.cited(f"{study}_force_rmse").number,
            }
    return found


def citation_label(source: str) -> str:
    """Short name of a reference: ``X. Qin, H. Wu, ... (2023)`` becomes ``Qin et al. 2023``.

    Raises
    ------
    PublishedError
        If it names no author or no year.
    """
    surnames = re.findall(r"(?:^|, | and )(?:[A-Z]\.[ -]?)+ ?([A-Z][\w-]+)", source)
    year = re.search(r"\((\d{4})\)", source)
    if not surnames or not year:
        raise PublishedError(
            f"published.yaml: sources: no author or no year in {source!r}; write 'A. Author, ... (2023)'"
        )
    if len(surnames) > 2 or "et al." in source:
        authors = f"{surnames[0]} et al."
    else:
        authors = " and ".join(surnames)
    return f"{authors} {year[1]}"


def read_published(path: Path) -> Published:
    """Read ``published.yaml``.

    Raises
    ------
    PublishedError
        If it cannot be read; see `check_published`.
    """
    try:
        document = read_mapping(Path(path))
    except DocumentError as error:
        raise PublishedError(f"{path}: {error}; restore it") from error
    return check_published(document, str(path))


def check_published(document: object, where: str) -> Published:
    """Make sure that every value says what it is and which of the sources prints it.

    Raises
    ------
    PublishedError
        One line that begins with ``where`` for each problem.
    """
    try:
        return Published.model_validate(document)
    except ValidationError as error:
        raise PublishedError("\n".join(_lines(error, where))) from None


def _lines(error: ValidationError, where: str) -> list[str]:
    """One line per value that is wrong."""
    lines: dict[str, str] = {}
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        at_value = "value" in location
        place = ".".join(location[: location.index("value") + 1] if at_value else location[:-1])
        key = location[-1] if location else "the file"
        if problem["type"] == "missing":
            text = f"{place + ': ' if place else ''}{key!r} is missing; restore it"
        elif problem["type"] == "value_error":
            text = f"{place} {problem['msg'].removeprefix('Value error, ')}"
        else:
            got = f"{problem['input']!r:.60}"
            text = f"{'.'.join(location[:3] if at_value else location)}: {got}: {problem['msg'].lower()}; restore it"
        lines.setdefault(place if at_value else text, text)
    return [f"{where}: {text}" for text in lines.values()]


def check_kind(values: Mapping[str, PublishedValue], name: str, kind: tuple[str, ...] | str, where: str) -> None:
    """Make sure that a value is of the kind that a figure computes with.

    Parameters
    ----------
    kind
        ``number``, ``text``, ``list``, ``any``, or the names of the numbers that it holds.

    Raises
    ------
    PublishedError
        One line that begins with ``where``.
    """
    if name not in values:
        raise PublishedError(f"{where}: values has no {name!r}, which a figure stands beside; add it")
    value = values[name].value
    if kind == "number" and not _is_number(value):
        raise PublishedError(f"{where}: values.{name}.value is {value!r:.60}, not a number; restore it")
    if kind == "list" and not isinstance(value, list):
        raise PublishedError(f"{where}: values.{name}.value is {value!r:.60}, not a list; restore it")
    for key in kind if isinstance(kind, tuple) else ():
        if not isinstance(value, dict) or key not in value:
            raise PublishedError(f"{where}: values.{name}.value has no number {key!r}; restore it")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
