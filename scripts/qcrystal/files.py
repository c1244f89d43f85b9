"""Files that appear whole, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

STAMP = ".snakemake_timestamp"
"""Snakemake puts this file into each folder that it tracks; it is no part of the folder's content."""
WAYS = 100
"""Ways that may lead to one folder by links; where links double at each level, they never end."""
HOLES = 10**9
"""Bytes above which a file that consists of holes is not read: it may claim any size, and reading it would never end."""


def files_below(folder: Path) -> list[Path]:
    """Every file below a folder, sorted; folders behind links too, as whoever reads the folder follows links.

    Raises
    ------
    ValueError
        A link leads nowhere or in a circle, links multiply, or something is neither a file nor a folder, such as a pipe.
    """
    try:
        return sorted(path for path in _walk(Path(folder), (), Counter()) if path.name != STAMP)
    except RecursionError:
        raise ValueError(f"{folder}: holds too many folders in one another to be read") from None


def _walk(folder: Path, above: tuple, times: Counter) -> Iterator[Path]:
    here = _place(folder)
    times[here] += 1
    if here in above:
        raise ValueError(f"{folder}: a link that leads back to a folder above it; remove it")
    if times[here] > WAYS:
        raise ValueError(f"{folder}: more than {WAYS} links lead to this folder; remove them")
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if kind(Path(entry.path)) == "folder":
            yield from _walk(Path(entry.path), (*above, here), times)
        else:
            yield Path(entry.path)


def walk(top: Path) -> list[Path]:
    """Everything below a folder that is no folder, sorted, folders behind links too; each folder once.

    A folder that cannot be looked into is named itself, so that what is in it does not go unseen.
    """
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        if Path(error.filename) != top:
            found.append(Path(error.filename))

    for folder, folders, files in os.walk(top, followlinks=True, onerror=unreadable):
        try:
            here = _place(Path(folder))
        except OSError as error:
            unreadable(error)
            continue
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        found += [Path(folder, name) for name in files]
    return sorted(set(found))


def is_stamp(path: Path) -> bool:
    """Whether a file is one that Snakemake puts into its folders: one of that name that holds something is not."""
    return path.name == STAMP and path.is_file() and path.stat().st_size == 0


def _place(path: Path) -> tuple[int, int]:
    """Identity of a file on the disk, whatever name leads to it."""
    status = path.stat()
    return status.st_dev, status.st_ino


def kind(path: Path) -> str:
    """``file`` or ``folder``, behind links too.

    Raises
    ------
    ValueError
        It is neither, such as a pipe, which would never end, or a link that leads nowhere; or it is made of holes.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if os.path.islink(path):
            raise ValueError(f"{path}: a link that leads nowhere; remove it") from None
        raise
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if status.st_size > HOLES and status.st_blocks * 512 < status.st_size // 100:
        raise ValueError(f"{path}: claims to hold {status.st_size} bytes, and the disk has next to none; remove it")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path}: neither a file nor a folder, but a pipe, a socket or a device; remove it")
    return "file"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of a folder's files; `ValueError` if it is neither, or made of holes."""
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
    ValueError
        Something else than a file, such as a link, lies where the file is written first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(_new_file(partial), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        put_in_place(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def _new_file(path: Path) -> int:
    """Descriptor of a new file, in place of what a process that was killed may have left there; no link is followed."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        raise ValueError(
            f"{path}: a link, or something else that is no file, lies where a file is written first; remove it"
        )
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)


def refuse_links(folder: Path, but: Iterable[Path] = ()) -> None:
    """Refuse a folder to write in that holds links: whoever planted one would have a file elsewhere written over.

    Parameters
    ----------
    folder
        It need not be there. Folders below it are looked into.
    but
        Links that the caller makes itself.

    Raises
    ------
    ValueError
        It names the first link.
    """
    allowed = set(but)
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in sorted((*folders, *files))):
            if path.is_symlink() and path not in allowed:
                raise ValueError(f"{path}: a link in a folder that a job writes in; remove it")


def put_in_place(partial: Path, path: Path) -> None:
    """Rename a finished file or folder to its place once its content is on the disk.

    A power cut leaves the old file or the new one, never an empty one. A folder takes the place of another folder.
    """
    sync(partial)
    if partial.is_dir() and path.is_dir():
        shutil.rmtree(path)
    os.replace(partial, path)
    sync(path.parent, whole=False)


def sync(path: Path, whole: bool = True) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk; not ``whole``: a folder's list of names alone."""
    if whole and path.is_dir():
        for entry in os.scandir(path):
            if not entry.is_symlink():
                sync(Path(entry.path))
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
