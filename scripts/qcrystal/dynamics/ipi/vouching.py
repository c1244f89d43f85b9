"""Digests of a path integral's checkpoints and of the samples before them, so that no run continues behind changed ones.

i-PI knows nothing of digests. While it runs, `Vouching` notes beside each checkpoint the SHA-256 of its text, and length and
SHA-256 of the outputs up to its step.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qcrystal.files import sync, write_whole

PREFIX = "vouched-"
TEXT = "text"
BLOCK = 1 << 20  # bytes that are read at a time


def note_of(folder: Path, step: int) -> Path:
    """File that vouches for the checkpoint of a step."""
    return folder / f"{PREFIX}{step}.json"


def checkpoint_step(text: str) -> int | None:
    """Step of a checkpoint; None if its text is not complete."""
    step = re.search(r"<step[^>]*>\s*(\d+)\s*</step>", text)
    return int(step.group(1)) if step and text.rstrip().endswith("</simulation>") else None


class _Growing:
    """SHA-256 of the beginning of a file that grows."""

    def __init__(self, path: Path):
        self.path, self.length, self._digest = path, 0, hashlib.sha256()

    def go_to(self, length: int) -> str:
        """Digest of the first ``length`` bytes, which may not become less."""
        with open(self.path, "rb") as file:
            file.seek(self.length)
            while self.length < length:
                block = file.read(min(BLOCK, length - self.length))
                if not block:
                    raise ValueError(f"{self.path.name} has less than {length} bytes")
                self._digest.update(block)
                self.length += len(block)
        return self._digest.hexdigest()


class Vouching:
    """Notes digests while i-PI runs.

    Parameters
    ----------
    folder
        In which i-PI works.
    checkpoints
        Gives the files of the checkpoints that are there.
    lengths
        Gives the bytes of each output up to a step; `ValueError` while they are not all written.
    """

    def __init__(
        self, folder: Path, checkpoints: Callable[[], list[Path]], lengths: Callable[[int], Mapping[Path, int]]
    ):
        self.folder, self._checkpoints, self._lengths = folder, checkpoints, lengths
        self._seen: dict[Path, tuple[int, int]] = {}
        self._outputs: dict[Path, _Growing] = {}
        self._latest = 0

    def note(self) -> None:
        """Vouch for checkpoints that are new, the earliest first."""
        waiting = []
        for path in self._checkpoints():
            status = path.stat()
            state = status.st_mtime_ns, status.st_size
            if self._seen.get(path) == state:
                continue
            text = path.read_text(errors="replace")
            step = checkpoint_step(text)
            if step is None:
                continue
            if step <= self._latest:
                self._seen[path] = state
            else:
                waiting.append((step, path, state, text))
        for step, path, state, text in sorted(waiting):
            try:
                document = self._document(step, text)
            except (ValueError, RuntimeError, OSError):  # not all of the samples are there: the next look will see them
                return
            sync(path)
            write_whole(note_of(self.folder, step), json.dumps(document))
            self._seen[path], self._latest = state, step

    def _document(self, step: int, text: str) -> dict[str, Any]:
        document: dict[str, Any] = {TEXT: hashlib.sha256(text.encode()).hexdigest(), "outputs": {}}
        for path, length in self._lengths(step).items():
            output = self._outputs.setdefault(path, _Growing(path))
            document["outputs"][path.name] = [length, output.go_to(length)]
            sync(path)
        return document


def lengths(folder: Path, step: int, text: str) -> dict[str, int]:
    """Bytes of each output up to the checkpoint of a step.

    Raises
    ------
    ValueError
        Nothing vouches for the checkpoint, or it or an output was changed since; the message names the file.
    """
    note = note_of(folder, step)
    try:
        document = json.loads(note.read_bytes())
        outputs = {str(name): (int(length), str(digest)) for name, (length, digest) in document["outputs"].items()}
        same = document[TEXT] == hashlib.sha256(text.encode()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{note}: missing or damaged") from None
    if not same:
        raise ValueError(f"{folder}: the checkpoint of step {step} was changed")
    for name, (length, digest) in outputs.items():
        if "/" in name or _digest_or_none(folder / name, length) != digest:
            raise ValueError(f"{folder / name}: changed since the checkpoint of step {step}")
    return {name: length for name, (length, _) in outputs.items()}


def _digest_or_none(path: Path, length: int) -> str | None:
    try:
        return _Growing(path).go_to(length)
    except (OSError, ValueError):
        return None
