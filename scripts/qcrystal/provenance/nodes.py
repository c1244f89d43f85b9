"""Nodes of an audit: jobs and files with their verdicts, and the digests of the files that are there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from qcrystal.files import file_digest, kind, write_whole
from qcrystal.provenance.record import SUFFIX, JobRecord, RecordError, read_json
from qcrystal.provenance.same_results import Change
from qcrystal.provenance.verdicts import gravest

UNRECORDED = ("logs", "benchmarks", "audit", "seal", "crate.zip")
"""Folders and files among the results of a scale that are no results."""


class AuditError(ValueError):
    """A target that cannot be audited; the message says why."""

    status = 2
    """With which a command ends."""


def printable(text: str) -> str:
    """A text for a terminal: what would steer the terminal, or hide or turn around other text, is spelt out."""
    unsafe = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return "".join(f"\\u{ord(sign):04x}" if unicodedata.category(sign) in unsafe else sign for sign in text)


@dataclass(frozen=True)
class Expected:
    """A job as the workflow would run it today; its record is one of ``outputs``."""

    rule: str
    parameters: dict
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def record(self) -> str | None:
        """Path of the record that the rule writes."""
        return next((path for path in self.outputs if path.endswith(SUFFIX)), None)

    @property
    def results(self) -> tuple[str, ...]:
        """Outputs besides the record."""
        return tuple(path for path in self.outputs if not path.endswith(SUFFIX))


@dataclass
class Node:
    """A job, or a file that no job made.

    Attributes
    ----------
    path
        Of the record, or of the file, relative to the repository.
    reasons
        (verdict, what was found) for everything that does not hold.
    flags
        What a reader should know and what is no fault, such as uncommitted changes.
    inputs
        Paths of the nodes that it hangs on.
    declared
        Changes of code since the job ran that are declared to change no result.
    """

    path: str
    rule: str | None = None
    record: JobRecord | None = None
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    reasons: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    declared: list[Change] = field(default_factory=list)
    _said: set[tuple[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._said = set(self.reasons)

    @property
    def verdict(self) -> str:
        """The gravest verdict."""
        return gravest(verdict for verdict, _ in self.reasons)

    @property
    def prov_id(self) -> str | None:
        """Identifier of the record."""
        return self.record.prov_id if self.record else None

    @property
    def files(self) -> tuple[str, ...]:
        """Outputs of a job; of any other node the file itself."""
        return self.outputs if self.rule else (self.path,)

    def say(self, verdict: str, text: str) -> None:
        """Add a reason, once."""
        if (verdict, text) not in self._said:  # a set: a record may claim tens of thousands of files
            self._said.add((verdict, text))
            self.reasons.append((verdict, text))


def short(digest: str | None) -> str:
    """The beginning of a digest."""
    return digest[:12] if digest else "nothing"


class Found(NamedTuple):
    """Content of a path: ``file`` or ``folder`` and its digest, or why it cannot be read."""

    kind: str
    sha256: str
    problem: str | None = None


def is_listed(path: str, digest: object, scale: str) -> bool:
    """Whether an entry of a list of a scale's files is one: a path inside of the scale's folder, and a SHA-256."""
    inside = path.startswith(f"{scale}/") and ".." not in path.split("/")
    return inside and isinstance(digest, str) and bool(re.fullmatch("[0-9a-f]{64}", digest))


class Digests:
    """SHA-256 of files below a folder, each read once.

    With a cache a file is not read again while its size, its times and its place on the disk stay the same. The time of the
    last change of its inode is among them: no program can set it back.
    """

    def __init__(self, root: Path, cache: Path | None = None):
        self.root, self.cache = root, cache
        self.found: dict[str, Found | None] = {}
        self.kept: dict[str, list] = _kept(cache) if cache else {}

    def __call__(self, path: str) -> str | None:
        """Digest of a file or of a folder's content; None where there is nothing."""
        found = self.at(path)
        return found.sha256 if found else None

    def at(self, path: str) -> Found | None:
        """Content of a path; None where there is nothing."""
        if path not in self.found:
            try:
                self.found[path] = self._read(path)
            except (OSError, ValueError) as error:
                text = error.strerror if isinstance(error, OSError) else str(error)
                self.found[path] = Found("unreadable", "unreadable", printable(f"cannot be read ({text})"))
        return self.found[path]

    def _read(self, path: str) -> Found | None:
        file = self.root / path
        if not os.path.lexists(file):
            return None
        what = kind(file)
        if self.cache is None or what == "folder":
            return Found(what, file_digest(file))
        status = file.stat()
        now = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self.kept.get(path)
        if known is None or known[:4] != now:
            known = self.kept[path] = [*now, file_digest(file)]
        return Found(what, known[4])

    def save(self) -> None:
        """Keep the digests for the next time."""
        if self.cache is not None:
            write_whole(self.cache, json.dumps(self.kept))


def maker_of(path: str, makers: Mapping[str, Node]) -> Node | None:
    """The job that made a file, or a folder that holds it; ``makers`` holds the job of each output."""
    places = [path, *map(str, PurePosixPath(path).parents)]
    return next((makers[place] for place in places if place in makers), None)


def lineage_of(roots: Iterable[Node], parents: Callable[[Node], list[Node]]) -> list[Node]:
    """The roots and everything that they hang on, each once, roots first; ``parents`` gives what a node hangs on."""
    found: dict[str, Node] = {}
    waiting = deque(roots)
    while waiting:
        node = waiting.popleft()
        if node.path not in found:
            found[node.path] = node
            waiting.extend(parents(node))
    return list(found.values())


def cache_file(root: Path) -> Path:
    """Cache of a repository's digests. It is kept with the user, so that results from others bring none along."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "qcrystal" / f"audit-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.json"


def _kept(cache: Path) -> dict[str, list]:
    """Entries of a cache that are what they should be."""
    try:
        document = read_json(cache, str(cache)) if cache.is_file() else {}
    except RecordError:
        return {}
    entries = document.items() if isinstance(document, dict) else ()
    return {path: entry for path, entry in entries if _is_entry(entry)}


def _is_entry(entry) -> bool:
    if not isinstance(entry, list) or len(entry) != 5 or not isinstance(entry[4], str):
        return False
    return all(type(value) is int for value in entry[:4]) and bool(re.fullmatch("[0-9a-f]{64}", entry[4]))
