"""The figures and tables of a crystal, as its ``figures.yaml`` lists them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from qcrystal.errors import QcrystalError
from qcrystal.fields import Name, Text
from qcrystal.figures.kinds import ANY, KINDS, Kind
from qcrystal.io.table_schemas.registry import SOURCES, source_schema
from qcrystal.manuscript.published import Published, check_kind


class FigureEntry(BaseModel):
    """One figure or table.

    Attributes
    ----------
    kind
        What is drawn; see `qcrystal.figures.kinds`.
    inputs
        Role: source, or a list of sources where the kind takes many.
    published
        Role: name of a value of ``published.yaml``.
    options
        Those of the kind.
    caption, category
        What the figure shows; under which heading it is listed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    inputs: dict[str, str | list[str]]
    published: dict[str, str] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    caption: Text
    category: Text

    @field_validator("kind")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in KINDS:
            close = difflib.get_close_matches(name, KINDS, n=1)
            raise ValueError(f"is none of {', '.join(KINDS)}" + (f"; did you mean {close[0]}?" if close else ""))
        return name

    @model_validator(mode="after")
    def _fits_its_kind(self) -> FigureEntry:
        problems = [*_input_problems(self.inputs, self.what), *_option_problems(self.options, self.what)]
        unknown = [] if ANY in self.what.published else sorted(set(self.published) - set(self.what.published))
        if unknown:
            known = ", ".join(self.what.published) or "none"
            problems.append(f"published: a figure of kind {self.kind} has no role {unknown[0]!r}; it has {known}")
        for name, claim in self.options.get("claims", {}).items() if not problems else ():
            lacking = sorted(set(claim.get("sweeps", ())) - set(self.sweeps))
            if lacking:
                problems.append(f"options: claims.{name}: sweep {lacking[0]!r} is not among the inputs; add it there")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def what(self) -> Kind:
        """Its kind."""
        return KINDS[self.kind]

    @property
    def sources(self) -> dict[str, list[str]]:
        """Sources of each role."""
        return {role: [given] if isinstance(given, str) else list(given) for role, given in self.inputs.items()}

    @property
    def sweeps(self) -> tuple[str, ...]:
        """Names of the sweeps whose tables are read."""
        names = [one for sources in self.sources.values() for one in sources if one.startswith("sweep:")]
        return tuple(dict.fromkeys(name.removeprefix("sweep:").split("/")[0] for name in names))

    @property
    def suffixes(self) -> tuple[str, str]:
        """Suffixes of the picture's or table's files."""
        return (".png", ".pdf") if self.what.output == "figure" else (".csv", ".tex")


def _input_problems(inputs: dict[str, str | list[str]], kind: Kind) -> Iterator[str]:
    """Problems with the sources of a figure's roles."""
    for role in kind.inputs:
        if role not in inputs and not kind.inputs[role].optional:
            yield f"inputs: role {role!r} is missing; name a table of {kind.inputs[role].schema}"
    for role, given in inputs.items():
        if role not in kind.inputs:
            yield f"inputs: no role {role!r}; there are {', '.join(kind.inputs)}"
            continue
        wanted = kind.inputs[role]
        if isinstance(given, list) != wanted.many:
            yield f"inputs: {role} takes {'a list of tables' if wanted.many else 'one table'}, not {given!r}"
        for source in [given] if isinstance(given, str) else given:
            schema = source_schema(source)
            if schema is None:
                close = difflib.get_close_matches(source, SOURCES, n=1)
                yield f"inputs: {role}: no table {source!r}" + (f"; did you mean {close[0]!r}?" if close else "")
            elif schema != wanted.schema:
                yield f"inputs: {role}: {source!r} is a table of {schema}, not of {wanted.schema}"


def _option_problems(options: dict[str, Any], kind: Kind) -> Iterator[str]:
    """Problems with a figure's options."""
    try:
        kind.options.model_validate(options)
    except ValidationError as error:
        for problem in error.errors():
            yield f"options: {'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}"


class FigureSet(BaseModel):
    """A crystal's ``figures.yaml``: its figures and tables by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: dict[Name, FigureEntry]

    def check_published(self, published: Published, where: str) -> None:
        """Make sure that the literature has the values that the figures stand beside.

        Raises
        ------
        qcrystal.manuscript.published.PublishedError
            One line that begins with ``where``, the literature's file.
        """
        for entry in self.figures.values():
            for role, name in entry.published.items():
                check_kind(published.values, name, entry.what.published.get(role, "any"), where)

    def without(self, names: Iterable[str], where: str) -> dict[str, FigureEntry]:
        """The figures but those of these names.

        Raises
        ------
        qcrystal.errors.QcrystalError
            One line that begins with ``where``, the scale's file, if no figure has one of the names.
        """
        for name in names:
            if name not in self.figures:
                close = difflib.get_close_matches(name, self.figures, n=1)
                raise QcrystalError(
                    f"{where}: left_out: figures.yaml has no figure {name!r}"
                    + (f"; did you mean {close[0]}?" if close else "; take it out of the list")
                )
        return {name: entry for name, entry in self.figures.items() if name not in set(names)}
