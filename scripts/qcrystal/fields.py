"""Types of configured values: what a number, a count, a name and a text may be, whichever file they stand in.

Effort takes fewer of some values than physics lists: `spread` says which.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from ase.data import chemical_symbols
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from qcrystal.errors import Problem, QcrystalError

LARGEST_COUNT = 10**9
LONGEST_NAME = 80  # names become parts of file names, which hold 255 bytes


Check = Callable[..., Iterator[Problem]]
"""Yields what is wrong with some fields, its parameters: their names are those of the fields. Keys begin at the mapping's."""


class Inconsistent(QcrystalError, ValueError):
    """Values that are each possible, but not together."""


class Strict(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change, and all of ``checks`` are run."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    checks: ClassVar[tuple[Check, ...]] = ()

    @model_validator(mode="after")
    def _run_checks(self) -> Self:
        problems = tuple(failed(self.checks, dict(self)))
        if problems:
            raise Inconsistent(*problems)
        return self


def failed(checks: Iterable[Check], known: Mapping[str, object]) -> Iterator[Problem]:
    """Problems that checks find; those checks are run whose parameters are all ``known``."""
    for check in checks:
        names = inspect.signature(check).parameters
        if all(name in known for name in names):
            yield from check(**{name: known[name] for name in names})


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", value) or len(value) > LONGEST_NAME:
        raise ValueError(
            f"is no name: take letters, digits and _ . + -, the first a letter or digit, {LONGEST_NAME} at most"
        )
    return value


def _one_line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be one line of text that is not empty")
    return value


def _element(value: str) -> str:
    if value not in chemical_symbols[1:]:
        raise ValueError("is not a chemical element; correct it")
    return value


BRANCHES = ("<one>", "<many>")
"""Names of an `either`'s types in the places that pydantic reports; no part of a key."""


def either(one: Any, many: Any, kind: type) -> Any:
    """A value of type ``many`` if it is a ``kind`` (list or dict), else of type ``one``: an error speaks of one of them."""
    return Annotated[
        Annotated[one, Tag(BRANCHES[0])] | Annotated[many, Tag(BRANCHES[1])],
        Discriminator(lambda value: BRANCHES[isinstance(value, kind)]),
    ]


Count = Annotated[int, Field(gt=0, le=LARGEST_COUNT), BeforeValidator(_not_bool)]
Whole = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(_not_bool)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_not_bool)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_bool)]
Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_one_line)]
Element = Annotated[str, AfterValidator(_element)]
"""Chemical symbol."""

Pressure = Annotated[NotNegative, Field(le=1e4)]
"""GPa."""
Temperature = Annotated[NotNegative, Field(le=2e4)]
"""K; runs end above it."""
Duration = Annotated[Positive, Field(le=1e6)]
"""ps."""
Repeat = tuple[Count, Count, Count]
Jobs = Annotated[Count, Field(le=10_000)]
"""Number of jobs, or of things that each become a job."""
SmallCount = Annotated[Count, Field(le=50)]
LONGEST_PART, LONGEST_PATH = 255, 4095
"""Bytes that a file system takes for a name, and for a path."""


def _possible(path: str) -> str:
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ValueError(f"no path can have {len(path)} letters; name another")
    for part in Path(path).parts:
        if len(os.fsencode(part)) > LONGEST_PART:
            raise ValueError(f"no file can have a name of {len(part)} letters; name another")
    return path


FilePath = Annotated[Text, AfterValidator(_possible)]
"""Of a file or folder, relative to the repository, or absolute."""

T = TypeVar("T")


def spread(values: Sequence[T], count: int | None, ends: bool = True) -> list[T]:
    """``count`` of the values, spread evenly over them; all of them if there are no more, or if ``count`` is None.

    Parameters
    ----------
    ends
        Whether the first and the last value are among them; of one, the middle is taken. Otherwise the first value of each
        of ``count`` equal parts is taken, as for frames of which neighbours differ least.
    """
    total = len(values)
    if count is None or count >= total:
        return list(values)
    if not ends:
        return [values[i * total // count] for i in range(count)]
    if count == 1:
        return [values[total // 2]]
    return [values[round(i * (total - 1) / (count - 1))] for i in range(count)]
