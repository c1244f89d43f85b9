"""What a user reads about a configuration that cannot be used: one line per problem."""

from __future__ import annotations

import difflib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from qcrystal.fields import Strict
from qcrystal.io.yaml_files import DocumentError, printable, read_mapping

MAIN_FILE = "config/config.yaml"


class ConfigError(ValueError):
    """A configuration that cannot be used; one line per problem."""


def refuse_repetition(key: str, values: list, advice: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(
                f"{key}: {value if isinstance(value, str) else format(value, 'g')} stands there twice; {advice}"
            )


def read_yaml(path: Path, where: str, what: str) -> dict:
    """Read a YAML mapping; `ConfigError` if it is missing, not YAML, holds a key twice, or is no mapping."""
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        hint = f"; there are: {', '.join(known)}" if known else "; name an existing file"
        raise ConfigError(f"{where}: no such {what}{hint}")
    try:
        return read_mapping(path)
    except DocumentError as error:
        raise ConfigError(f"{where}: {error}; correct it") from error


def validate(model: type[Strict], document: dict, where: str):
    """Build ``model`` from ``document``; `ConfigError` with one line per problem."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error, model, where))) from None


def _lines(error: ValidationError, model: type[Strict], where: str) -> list[str]:
    problems = error.errors()
    missing: dict[tuple, list[str]] = {}  # by the place where they are missing
    for problem in problems:
        if problem["type"] == "missing":
            missing.setdefault(problem["loc"][:-1], []).append(str(problem["loc"][-1]))
    lines, told = [], set()
    for problem in problems:
        location = problem["loc"]
        # one mistake often spoils every number of a list
        kind = (location[:-1], problem["type"]) if location and isinstance(location[-1], int) else (location, "")
        if problem["type"] == "missing" or kind in told:
            continue
        told.add(kind)
        text = message(problem)
        if problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(location[-1]), _fields_at(model, location[:-1]), n=1, cutoff=0.7)
            text = f"unknown key; did you mean {close[0]!r}?" if close else f"unknown key; remove it {_got(problem)}"
            if close and close[0] in missing.get(location[:-1], ()):
                missing[location[:-1]].remove(close[0])
        lines.append(f"{where}: {_key(location)}{text}")
    for place, keys in missing.items():
        if keys:
            what = "is missing; add it" if len(keys) == 1 else "are missing; add them"
            prefix = ".".join(map(str, place)) + "." if place else ""
            lines.append(f"{where}: {', '.join(prefix + key for key in keys)} {what}")
    return [printable(line) for line in lines]


def _key(location: tuple) -> str:
    """Where a problem is, as a prefix; of a key that is wrong itself, the mapping that it stands in."""
    parts = [str(part) for part in location if not str(part).startswith(("constrained", "function-"))]
    if parts[-1:] == ["[key]"]:
        parts = [*parts[:-3], f"{parts[-3]}: key {parts[-2]!r:.60}"]
    return ".".join(parts) + ": " if parts else ""


def message(problem: dict) -> str:
    if problem["type"] == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return message if isinstance(problem["input"], dict) else f"{message} {_got(problem)}"
    return f"{problem['msg'][0].lower()}{problem['msg'][1:]} {_got(problem)}"


def _got(problem: dict) -> str:
    shown = "a mapping" if isinstance(problem["input"], dict) else repr(problem["input"])
    return f"(got {shown[:80]})"


def _fields_at(model: type[BaseModel], location: tuple) -> list[str]:
    """Keys that the configuration may have at a place."""
    models = [model]
    for part in location:
        inner = [m for one in models if part in one.model_fields for m in _models(one.model_fields[part].annotation)]
        models = inner or models  # a name of a mapping or a number of a list leaves them as they are
    return [name for one in models for name in one.model_fields]


def _models(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def shown_path(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
