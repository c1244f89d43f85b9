"""Files of the repository that a job's processes read. Inputs that its rule does not name are seen here.

Only what Python opens is seen, in the job itself and in the workers of this library that it starts. What compiled libraries
and programs of others read is not.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from qcrystal.provenance import code
from qcrystal.provenance.elsewhere import from_elsewhere, loaded_files
from qcrystal.provenance.environment import lock_file

TELL = "QCRYSTAL_READS"
"""Names the folder in which workers say what they have read."""
UNWATCHED = (".venv", ".venv-cuda", ".git", ".snakemake", "__pycache__")


class Reading:
    """Files below a folder that this process opens to read without having written them itself."""

    def __init__(self, root: Path):
        self.root = str(root.resolve()) + os.sep
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.watching = True
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if not self.watching or event not in ("open", "os.rename"):
            return
        path = arguments[1] if event == "os.rename" else arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(path))
        if not path.startswith(self.root):
            return
        if event == "os.rename" or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self.written.add(path)
        elif path not in self.written:
            self.read.add(path)

    def stop(self) -> None:
        """Watch no longer; an audit hook itself cannot be taken away."""
        self.watching = False


def watch_for_job() -> None:
    """Called by a worker: watch what it reads, and tell the job that started it when it ends."""
    place = os.environ.get(TELL)
    if not place:
        return
    reading = Reading(code.SCRIPTS.parent)

    def tell() -> None:
        reading.stop()
        said = {"read": sorted(reading.read), "written": sorted(reading.written), "loaded": sorted(loaded_files())}
        Path(place, f"{os.getpid()}.json").write_text(json.dumps(said))

    atexit.register(tell)


class Watch:
    """Watch over the files that a job and its workers read from now on."""

    def __init__(self) -> None:
        self.reading = Reading(code.SCRIPTS.parent)
        self.place = tempfile.TemporaryDirectory(prefix="qcrystal-reads-")
        self.before = os.environ.get(TELL)
        os.environ[TELL] = self.place.name

    def stop(self) -> tuple[set[str], set[str]]:
        """Files that were read, and files of modules that were loaded, by the job and its workers."""
        self.reading.stop()
        read, written, loaded = set(self.reading.read), set(self.reading.written), loaded_files()
        for path in Path(self.place.name).glob("*.json"):
            said = json.loads(path.read_text())
            read |= set(said["read"])
            written |= set(said["written"])
            loaded |= set(said["loaded"])
        self.close()
        return read - written, loaded

    def close(self) -> None:
        """Leave nothing behind."""
        self.reading.stop()
        os.environ.pop(TELL, None)
        if self.before is not None:
            os.environ[TELL] = self.before
        self.place.cleanup()


def undeclared(watch: Watch, inputs: Iterable[str], outputs: Iterable[str], modules: Iterable[Path]) -> list[str]:
    """Files that were read, or run as code, and are neither declared, nor counted code, nor the job's own.

    A job's own are files beside its outputs where no other job records results, such as its checkpoints. Files of the repository
    are named relative to it. Code from elsewhere is named with what is wrong.
    """
    read, loaded = watch.stop()
    root = str(code.SCRIPTS.parent.resolve()) + os.sep
    outputs = [os.path.abspath(path) for path in outputs]
    declared = [*outputs, *(os.path.abspath(path) for path in inputs)]
    locks = (str(code.SCRIPTS.parent / "envs" / lock_file(cuda)) for cuda in (False, True))
    frame = (str(code.SCRIPTS / name) for name in code.FRAME)
    known = {*declared, *(str(module) for module in modules), *locks, *frame}
    inside = tuple(path + os.sep for path in declared)
    ours = {path for path in loaded if path.startswith(str(code.SCRIPTS) + os.sep)}
    found = []
    for path in sorted(read | ours):
        parts = path.removeprefix(root).split(os.sep)
        if path in known or path.startswith(inside) or set(parts) & set(UNWATCHED) or not os.path.isfile(path):
            continue
        if path.startswith(str(code.SCRIPTS) + os.sep) and not code.counts(Path(path)):
            continue
        if parts[0] == "results" and len(list(Path(path).parent.glob("*.prov.json"))) <= 1:
            if any(os.path.dirname(path) == os.path.dirname(output) for output in outputs):
                continue
        found.append("/".join(parts))
    return found + from_elsewhere(loaded)
