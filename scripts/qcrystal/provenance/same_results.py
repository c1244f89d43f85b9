"""Changes of code that are declared to change no result: ``config/same_results.yaml``.

Results of days stand on the digests of the code that made them. A fault that no result shows can be mended all the same. The
change is declared with the digests before and after it, and a reason. It names what shows that the results keep their bytes.
`qcrystal.provenance.code.code_digest` then takes the digest of before. The audit says which declared changes lie between.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from qcrystal.errors import Problem, QcrystalError
from qcrystal.fields import FilePath, Strict, Text
from qcrystal.io.yaml_files import DocumentError, read_mapping

FILE = "config/same_results.yaml"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class SameResultsError(QcrystalError, ValueError):
    """A declaration that makes no sense; its message names the file and the entry."""


class Change(Strict):
    """One change of one file of code."""

    file: FilePath
    """The file, relative to ``scripts/``."""
    before: Digest | None
    """Digest of what the file did before (`syntax_digest`); null: a new file, which another declared change brings in."""
    after: Digest
    """Digest of what it does since the change."""
    reason: Text
    """Why the file was changed, in one sentence."""
    shown_by: Text
    """The command, or the test, that shows that results keep their bytes."""


class SameResults(Strict):
    """Changes of code that change no result."""

    changes: list[Change] = []
    """Each change of each file; those of one file may follow on each other."""


class Declared:
    """The declared changes of a repository.

    Parameters
    ----------
    root
        Folder of the repository.
    changes
        Changes; those of its file by default.

    Raises
    ------
    SameResultsError
        The file cannot be read. An entry names a file that is not there. Two entries end at one digest. Entries lead in a
        circle.
    """

    def __init__(self, root: Path, changes: list[Change] | None = None):
        self.changes = _read(root / FILE) if changes is None else changes
        self._by_end: dict[tuple[str, str], Change] = {}
        for number, change in enumerate(self.changes):
            if not (root / "scripts" / change.file).is_file():
                raise _wrong(number, "file", f"{change.file} is not below scripts/", "correct it or take the entry out")
            if self._by_end.setdefault((change.file, change.after), change) is not change:
                found = f"a second change of {change.file} that ends at {change.after}"
                raise _wrong(number, "after", found, "keep one of them")
        for number, change in enumerate(self.changes):
            if change.before is not None and change.after in self._passed(change):
                raise _wrong(number, "before", f"changes of {change.file} lead in a circle", "take one of them out")

    def _passed(self, change: Change) -> set[str | None]:
        """Digests that a file had before a change."""
        passed: set[str | None] = set()
        found: Change | None = change
        while found and found.before not in passed:
            passed.add(found.before)
            found = self._by_end.get((found.file, found.before or ""))
        return passed

    def behind(self, file: str, digest: str) -> list[Change]:
        """Changes that led a file to a digest, the last one first."""
        found = []
        change = self._by_end.get((file, digest))
        while change:
            found.append(change)
            change = self._by_end.get((file, change.before or ""))
        return found

    def first(self, file: str, digest: str) -> str | None:
        """What the digest of a file was before all declared changes; None of a file that was not there."""
        changes = self.behind(file, digest)
        return changes[-1].before if changes else digest

    def between(self, file: str, before: str, now: str) -> list[Change] | None:
        """Changes that lead a file from one digest to another, the last one first; None where none are declared."""
        changes = self.behind(file, now)
        for number, change in enumerate(changes, 1):
            if change.before == before:
                return changes[:number]
        return [] if before == now else None


def _read(path: Path) -> list[Change]:
    if not path.is_file():
        return []
    try:
        return SameResults.model_validate(read_mapping(path)).changes
    except DocumentError as error:
        raise SameResultsError(Problem(FILE, found=str(error))) from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, fault["loc"]))
        raise SameResultsError(Problem(FILE, key, fault["msg"].lower(), "correct it")) from error


def _wrong(number: int, key: str, found: str, advice: str) -> SameResultsError:
    return SameResultsError(Problem(FILE, f"changes.{number}.{key}", found, advice))


def declared(root: Path) -> Declared:
    """The declared changes of a repository; read anew when the file has changed."""
    path = root / FILE
    status = path.stat() if path.is_file() else None
    return _declared(root, (status.st_mtime_ns, status.st_size, status.st_ino) if status else ())


@functools.cache
def _declared(root: Path, now: tuple[int, ...]) -> Declared:
    return Declared(root)


def told(changes: Iterable[Change]) -> str:
    """What a reader of an audit is told of the changes between the code that ran and that of today."""
    found = list(dict.fromkeys((change.file, change.before, change.after) for change in changes))
    files = ", ".join(f"scripts/{file}" for file in dict.fromkeys(file for file, _, _ in found))
    noun = "1 change" if len(found) == 1 else f"{len(found)} changes"
    return f"{noun} of code since it ran, declared in {FILE} to change no result: {files}"


def stale(root: Path, digest: Callable[[Path], str]) -> list[str]:
    """One line for each change whose end is neither what its file does today nor the beginning of another change.

    Parameters
    ----------
    digest
        Function that gives the digest of a file (`qcrystal.provenance.code.syntax_digest`).
    """
    changes = declared(root).changes
    begins = {(change.file, change.before) for change in changes}
    return [
        f"{FILE}: changes.{number}.after: {change.after} is not what scripts/{change.file} does now, nor the beginning of "
        f"another change; declare what has changed since, or take the entries of the file out"
        for number, change in enumerate(changes)
        if (change.file, change.after) not in begins and digest(root / "scripts" / change.file) != change.after
    ]


# --- the code as it was -------------------------------------------------------------------------------------------------


def commit_before(root: Path, change: Change, digest_of: Callable[[bytes, str], str]) -> str | None:
    """The commit just before a change; None where the history does not hold it.

    Parameters
    ----------
    digest_of
        Function that gives the digest of a source, from its content and its path relative to ``scripts/``.

    Raises
    ------
    SameResultsError
        There is no history.
    """
    following = "HEAD"  # of a change that is not committed
    for commit in _history(root, f"scripts/{change.file}"):
        shown = _git(root, "show", f"{commit}:scripts/{change.file}")
        if shown.returncode == 0 and digest_of(shown.stdout, change.file) == change.before:
            return following
        following = f"{commit}^"
    return None


def _history(root: Path, path: str) -> Iterator[str]:
    found = _git(root, "log", "--format=%H", "--", path)
    if found.returncode:
        raise SameResultsError(Problem(str(root), found="no history of git is here", advice="ask in a clone"))
    yield from found.stdout.decode().split()


def _git(root: Path, *words: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Answer of git about a repository: its commits as they are, without objects in the place of others (``git replace``)."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-replace-objects", "-c", "core.quotePath=false", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, input=given, env=ours)


def unpack(root: Path, commit: str, folder: Path) -> None:
    """Put the code of a commit into a folder, as ``scripts/``: the very bytes of the commit.

    ``git archive`` would let the filters and attributes of a clone change them, or leave files out.
    """
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", "scripts")
    entries = [entry.decode(errors="surrogateescape").partition("\t") for entry in listed.stdout.split(b"\0") if entry]
    files = {name: told.split()[2] for told, _, name in entries if told.startswith("100")}
    found = _git(root, "cat-file", "--batch", given="\n".join(files.values()).encode())
    if listed.returncode or found.returncode or not files:
        raise SameResultsError(Problem(commit, found="this commit cannot be read", advice="fetch the whole history"))
    rest = found.stdout
    for name in files:
        head, _, rest = rest.partition(b"\n")
        if not head.split()[2:]:  # "<object> missing"
            raise SameResultsError(Problem(commit, found=f"{name} cannot be read", advice="fetch the whole history"))
        size = int(head.split()[2])
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rest[:size])
        rest = rest[size + 1 :]
