"""Errors as a user reads them: one line per problem that says what is wrong, where, and what to do."""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the errors that mean: no space left."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``where`` is a file, ``--config`` or ``environment``, and ``key`` the place within it, such as ``dft.cutoff``. ``found``
    says what is wrong, with the value. ``advice`` says what to do. Any of them may be empty.
    """

    where: str = ""
    key: str = ""
    found: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return printable(
            ": ".join(filter(None, [self.where, self.key, "; ".join(filter(None, [self.found, self.advice]))]))
        )

    def within(self, key: str) -> Problem:
        """The same problem, seen from outside of the mapping that stands at a key."""
        return replace(self, key=".".join(filter(None, [key, self.key])))

    def of(self, where: str) -> Problem:
        """The same problem, with the file that it is in."""
        return replace(self, where=where)


class QcrystalError(Exception):
    """Anything that a user can put right; ``problems`` are rendered once, here, as one line each.

    Its subclasses are ``ValueError`` (bad input) or ``RuntimeError`` (a job that cannot go on) as well.
    """

    def __init__(self, *problems: Problem | str):
        self.problems = tuple(one if isinstance(one, Problem) else Problem(found=one) for one in problems)
        super().__init__("\n".join(map(str, self.problems)))


def one_line(error: Exception) -> str:
    """One line about an error, and for a full disk what to do; with the type where the text alone would not say."""
    if isinstance(error, OSError) and error.errno in FULL:
        return full_disk(Path(error.filename).parent if error.filename else Path.cwd())
    text = printable(str(error))
    if isinstance(error, QcrystalError | ValueError | RuntimeError | OSError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def while_writing(place: Path | str, error: OSError) -> OSError:
    """The error of a full disk as one of the place that was being written: a copy names its source. Any other stays."""
    return OSError(error.errno, error.strerror, str(place)) if error.errno in FULL else error


def full_disk(folder: Path) -> str:
    """Advice about a full disk."""
    return (
        f"{printable(str(folder))}: no space left on this disk; make room, then start again: what is finished is kept"
    )


def printable(text: str) -> str:
    """A text as one line of letters that can be shown."""
    return spelt_out(" ".join(text.split()))


def spelt_out(text: str) -> str:
    """A text in which signs are spelt out that would steer a terminal, or hide or turn around other text."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
