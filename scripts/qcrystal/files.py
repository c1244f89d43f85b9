"""Files that appear whole, and their digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of a folder's files."""
    path = Path(path)
    if path.is_dir():
        # Snakemake puts a time stamp into each folder that it tracks
        parts = sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
        text = "\n".join(f"{p.relative_to(path)} {file_digest(p)}" for p in parts)
        return hashlib.sha256(text.encode()).hexdigest()
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
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


_identifier: Callable[[], str] | None = None


def set_identifier(value: Callable[[], str] | None) -> None:
    """Say which identifier the files that this process writes from now on carry; None for none.

    ``value`` is a function without arguments, called when the first file asks: a record is not complete before.
    """
    global _identifier
    _identifier = value


def identifier() -> str | None:
    """Identifier of the job that is running, to be embedded in what it writes; None outside of a job."""
    return _identifier() if _identifier else None
