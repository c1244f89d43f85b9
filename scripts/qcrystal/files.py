"""Files that appear whole, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

STAMP = ".snakemake_timestamp"
"""Snakemake puts this file into each folder that it tracks; it is no part of the folder's content."""


def files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; folders behind links too, as whoever reads the folder follows links.

    Raises
    ------
    ValueError
        A link leads nowhere or in a circle, or something is neither a file nor a folder, such as a pipe.
    """
    return sorted(path for path in _walk(Path(folder), ()) if path.name != STAMP)


def _walk(folder: Path, above: tuple) -> Iterator[Path]:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise ValueError(f"{folder}: a link that leads back to a folder above it; remove it")
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if kind(Path(entry.path)) == "folder":
            yield from _walk(Path(entry.path), (*above, here))
        else:
            yield Path(entry.path)


def walk(top: Path) -> list[Path]:
    """Everything below a folder that is no folder, sorted, folders behind links too; each folder once."""
    seen: set[str] = set()
    found: list[Path] = []
    for folder, folders, files in os.walk(top, followlinks=True):
        here = os.path.realpath(folder)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        found += [Path(folder, name) for name in files]
    return sorted(found)


def kind(path: Path) -> str:
    """``file`` or ``folder``, behind links too.

    Raises
    ------
    ValueError
        It is neither, such as a pipe, which would never end, or a link that leads nowhere.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            raise ValueError(f"{path}: a link that leads nowhere; remove it") from None
        raise
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path}: neither a file nor a folder, but a pipe, a socket or a device; remove it")
    return "file"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of a folder's files; `ValueError` if it is neither."""
    path = Path(path)
    if kind(path) == "folder":
        parts = [[p.relative_to(path).as_posix(), file_digest(p)] for p in files_below(path)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place, then rename it, so that no reader ever sees half of it; text as UTF-8.

    Raises
    ------
    OSError
        It names ``path``; what was there is kept, and nothing is left beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        put_in_place(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def put_in_place(partial: Path, path: Path) -> None:
    """Rename a finished file to its place once its content is on the disk: a power cut leaves the old file or the new one."""
    _sync(partial)
    os.replace(partial, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_identifier: ContextVar[Callable[[], str] | None] = ContextVar("identifier", default=None)


@contextmanager
def identified(value: Callable[[], str]) -> Iterator[None]:
    """Let the files that are written in the body carry an identifier.

    ``value`` is called when the first file asks: a record is not complete before.
    """
    token = _identifier.set(value)
    try:
        yield
    finally:
        _identifier.reset(token)


def identifier() -> str | None:
    """Identifier of the job that is running, to be embedded in what it writes; None outside of a job."""
    value = _identifier.get()
    return value() if value else None
