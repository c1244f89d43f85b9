"""From a document to a checked part of the configuration, or to problems that name file, key, value and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from qcrystal.errors import Problem, QcrystalError
from qcrystal.fields import BRANCHES, Inconsistent, Strict, failed
from qcrystal.io.yaml_files import DocumentError, read_mapping

Model = TypeVar("Model", bound=Strict)
Place = tuple[str | int, ...]
"""Keys that lead to a value of a document."""
Origin = Callable[[Place], str]
"""Tells the file that the value at a place is from. For a missing value it is the file of the mapping around it."""


class ConfigError(QcrystalError, ValueError):
    """A configuration that cannot be used; one line per problem."""


@dataclass(frozen=True)
class Examined(Generic[Model]):
    """A document after a look at all of it: the model if there are no problems, and the values that are right in any case."""

    model: Model | None
    fields: Mapping[str, Any]
    problems: tuple[Problem, ...]


def read_yaml(path: Path, where: str, what: str) -> dict:
    """Read a YAML mapping; `ConfigError` if it is missing, not YAML, holds a key twice, or is no mapping."""
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        advice = f"there are: {', '.join(known)}" if known else "name an existing file"
        raise ConfigError(Problem(where, "", f"no such {what}", advice))
    try:
        return read_mapping(path)
    except DocumentError as error:
        raise ConfigError(Problem(where, "", str(error), "correct it")) from error


def validate(model: type[Model], document: Mapping, where: str) -> Model:
    """Build ``model`` from ``document``; `ConfigError` with one line per problem."""
    examined = examine(model, document, lambda place: where)
    if examined.model is None:
        raise ConfigError(*examined.problems)
    return examined.model


def examine(model: type[Model], document: Mapping, origin: Origin) -> Examined[Model]:
    """Build ``model`` from ``document``, and find every problem of it.

    Checks of the whole run for the fields that are right, even if others are not.
    """
    try:
        whole = model.model_validate(document)
    except ValidationError as error:
        details = error.errors()
    else:
        return Examined(whole, dict(whole), ())
    spoilt = {detail["loc"][0] for detail in details if detail["loc"]}
    fields = {name: _value(field, document, name) for name, field in model.model_fields.items() if name not in spoilt}
    problems = list(_problems(details, model, origin))
    if not any(detail["loc"] == () for detail in details):  # checks of the whole wait for all fields: run what can be
        problems += [_at(problem, (), origin) for problem in failed(model.checks, fields)]
    return Examined(None, fields, tuple(problems))


def _value(field: FieldInfo, document: Mapping, name: str) -> Any:
    """Value of a field that is right."""
    if name not in document:
        return field.get_default(call_default_factory=True)
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(kind).validate_python(document[name])


def _at(problem: Problem, place: Place, origin: Origin) -> Problem:
    """A problem of a mapping at a place, with the file that its value is from."""
    where = origin((*place, *problem.key.split(".")))
    return problem.within(_key(place)).of(where)


def _problems(details: list[ErrorDetails], model: type[BaseModel], origin: Origin) -> Iterator[Problem]:
    missing: dict[Place, list[str]] = {}  # by the place where they are missing
    for detail in details:
        if detail["type"] == "missing":
            missing.setdefault(detail["loc"][:-1], []).append(str(detail["loc"][-1]))
    told = set()
    for detail in details:
        place = detail["loc"]
        # one mistake often spoils every number of a list
        kind = (place[:-1], detail["type"]) if place and isinstance(place[-1], int) else (place, "")
        if detail["type"] == "missing" or kind in told:
            continue
        told.add(kind)
        error = detail.get("ctx", {}).get("error")
        if isinstance(error, Inconsistent):
            yield from (_at(problem, place, origin) for problem in error.problems)
        else:
            unknown = detail["type"] == "extra_forbidden"
            text = _unknown(detail, model, missing) if unknown else message(detail)
            yield Problem(origin(place), _key(place), text)
    for place, keys in missing.items():
        if keys:
            text = "is missing; add it" if len(keys) == 1 else "are missing; add them"
            yield Problem(origin(place), "", f"{', '.join(_key((*place, key)) for key in keys)} {text}")


def _unknown(detail: ErrorDetails, model: type[BaseModel], missing: dict[Place, list[str]]) -> str:
    place = detail["loc"]
    close = difflib.get_close_matches(str(place[-1]), fields_at(model, place[:-1]), n=1, cutoff=0.7)
    if not close:
        return f"unknown key; remove it {_got(detail)}"
    if close[0] in missing.get(place[:-1], ()):
        missing[place[:-1]].remove(close[0])
    return f"unknown key; did you mean {close[0]!r}?"


def _key(place: Iterable[str | int]) -> str:
    """A place as one word; of a key that is wrong itself, the mapping that it stands in."""
    parts = [str(part) for part in place if part not in BRANCHES]
    if parts[-1:] == ["[key]"]:
        parts = [*parts[:-3], f"{parts[-3]}: key {parts[-2]!r:.60}"]
    return ".".join(parts)


def message(detail: ErrorDetails) -> str:
    """Pydantic's message about a value, with the value."""
    if detail["type"] == "value_error":
        text = detail["msg"].removeprefix("Value error, ")
        return text if isinstance(detail["input"], dict) else f"{text} {_got(detail)}"
    return f"{detail['msg'][0].lower()}{detail['msg'][1:]} {_got(detail)}"


def _got(detail: ErrorDetails) -> str:
    shown = "a mapping" if isinstance(detail["input"], dict) else repr(detail["input"])
    return f"(got {shown[:80]})"


def fields_at(model: type[BaseModel], place: Place) -> list[str]:
    """Keys that the configuration may have at a place."""
    models = [model]
    for part in place:
        inner = [
            found
            for one in models
            if part in one.model_fields
            for found in models_within(one.model_fields[str(part)].annotation)
        ]
        models = inner or models  # a name of a mapping or a number of a list leaves them as they are
    return [name for one in models for name in one.model_fields]


def models_within(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_within(argument)


def repeated(key: str, values: Iterable[str | float], advice: str) -> Iterator[Problem]:
    """A problem for each value that stands in a list more than once."""
    seen, told = set(), set()
    for value in values:
        if value in seen and value not in told:
            told.add(value)
            shown = value if isinstance(value, str) else format(value, "g")
            yield Problem("", key, f"{shown} is given twice", advice)
        seen.add(value)


def shown_path(path: Path, root: Path) -> Path:
    """A path as messages name it: relative to the repository if it is within."""
    return path.relative_to(root) if path.is_relative_to(root) else path
