"""The record that each job leaves: what it was given, what it wrote, and the identifier of both.

`JobRecord` is the one model of a record, for whoever writes, audits or packs them. `Recorder` makes the record of a job that
runs, and `read_records` reads those of a folder. The identifier goes into every figure and table that the job writes.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from qcrystal import processes
from qcrystal.files import file_digest, files_below, kind, walk
from qcrystal.provenance import code, environment

SCHEMA = 3
SUFFIX = ".prov.json"
LARGEST = 64_000_000  # bytes; the records of the largest rules have some hundred thousand
LAST_YEAR = 2999  # what is later than the calendar of Python cannot be reckoned with
WRONG_SHOWN = 3
STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
DEEPEST = 200  # lists and objects inside each other; those of records are below ten
MARKS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)  # texts, whose brackets do not count, and brackets

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Short = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class RecordError(ValueError):
    """A file that is no record; the message names it and says what is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Entry(_Part):
    """A file or a folder: path relative to the repository, SHA-256, size in bytes."""

    path: str = Field(min_length=1)
    kind: Literal["file", "folder"]
    sha256: Digest
    size: int = Field(ge=0)


class Module(_Part):
    """A file of code: digest of its bytes, and of what it does (`qcrystal.provenance.code.syntax_digest`)."""

    file: Digest
    syntax: Short


class Given(_Part):
    """The deterministic part: what the job was given. Its hash is the identifier."""

    schema_number: int = Field(alias="schema")
    rule: str = Field(min_length=1)
    record: str
    """Path of the record itself, so that it vouches for nothing elsewhere."""
    wildcards: dict[str, str]
    parameters: dict[str, Any]
    seeds: dict[str, int]
    inputs: list[Entry]
    outputs: list[str]
    """Paths of the outputs as the rule names them."""
    modules: dict[str, Module]
    versions: dict[str, str | None]
    binaries: dict[str, str]
    surroundings: dict[str, str]
    """Variables that lead to code from elsewhere."""
    lock: Digest
    commit: str | None
    uncommitted: Digest | None


class Volatile(_Part):
    """When the job ran, and on what."""

    started: str
    seconds: float = Field(ge=0, le=1e9, strict=False, allow_inf_nan=False)
    status: int
    threads: int
    processor: str
    gpu: str | None = None
    host: str | None = None

    @field_validator("started")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").year > LAST_YEAR:
            raise ValueError("no time at which a job ran")
        return value

    @property
    def begin(self) -> datetime:
        """When the job started, in UTC."""
        return datetime.strptime(self.started, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """When the job ended, in UTC."""
        return self.begin + timedelta(seconds=self.seconds)


class JobRecord(_Part):
    """The record of one job."""

    prov_id: Digest
    deterministic: Given
    outputs: list[Entry]
    undeclared: list[str]
    """Files of the repository that were read and that the rule does not name, and code from elsewhere."""
    volatile: Volatile

    @field_validator("outputs")
    @classmethod
    def _inside(cls, entries: list[Entry]) -> list[Entry]:
        for entry in entries:
            if entry.path.startswith("/") or ".." in PurePosixPath(entry.path).parts:
                raise ValueError(f"{entry.path} leads out of the repository")
        if len({entry.path for entry in entries}) < len(entries):
            raise ValueError("a file is listed twice")
        return entries

    def holds(self) -> bool:
        """Whether the identifier is that of the deterministic part."""
        return identifier_of(self.deterministic.model_dump(by_alias=True)) == self.prov_id


def parse(document: Any, name: str) -> JobRecord:
    """A record from plain data; `RecordError` names what is wrong in it, at most three faults."""
    if not isinstance(document, dict):
        raise RecordError(f"{name}: is not a record")
    try:
        return JobRecord.model_validate(document)
    except ValidationError as error:
        faults = [_fault(fault) for fault in error.errors(include_url=False, include_input=False)]
        more = f" and {len(faults) - WRONG_SHOWN} more" if len(faults) > WRONG_SHOWN else ""
        raise RecordError(f"{name}: the record has {', '.join(faults[:WRONG_SHOWN])}{more}") from None
    except RecursionError:
        raise RecordError(f"{name}: is nested too deeply to be a record") from None


def _fault(fault) -> str:
    place = ".".join(map(str, fault["loc"]))
    return f"no {place}" if fault["type"] == "missing" else f"a bad {place} ({fault['msg'].lower()})"


def read_record(path: Path, name: str | None = None) -> JobRecord:
    """The record in a file; `RecordError` says, under the file's name, why there is none."""
    name = name or str(path)
    return parse(read_json(path, name), name)


def read_json(path: Path, name: str) -> Any:
    """A JSON document of a file; `RecordError` if it cannot be read, whatever stands there."""
    try:
        if kind(path) != "file":
            raise RecordError(f"{name}: is a folder, not a file")
        if path.stat().st_size > LARGEST:
            raise RecordError(f"{name}: is too large to be a record")
        return strict_json(path.read_bytes())
    except RecordError:
        raise
    except RecursionError:
        raise RecordError(f"{name}: is nested too deeply to be read") from None
    except (ValueError, OSError) as error:
        text = error.strerror if isinstance(error, OSError) else str(error)
        raise RecordError(f"{name}: cannot be read ({' '.join(str(text).split())})") from None


def strict_json(content: bytes) -> Any:
    """A JSON document that every reader understands alike: UTF-8, each name once, numbers only; `ValueError` for any other.

    One nested more deeply than `DEEPEST` raises `RecursionError`.
    """
    refuse_deep(content)
    return json.loads(content.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_number)


def refuse_deep(content: bytes) -> None:
    """Raise `RecursionError` for JSON nested more deeply than `DEEPEST`.

    Python's own limit does not guard: a library may raise it, and the parser, which is compiled, then exhausts the stack.
    """
    depth = 0
    for mark in MARKS.finditer(content):
        depth += STEPS.get(mark[0], 0)
        if depth > DEEPEST:
            raise RecursionError(f"nested more than {DEEPEST} deep")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def read_records(root: Path, folders: Iterable[str]) -> dict[str, JobRecord | RecordError]:
    """Records below folders of the repository, folders behind links too, by path relative to it.

    Instead of a record that cannot be used stands the error that says why.
    """
    records: dict[str, JobRecord | RecordError] = {}
    for folder in folders:
        for path in (path for path in walk(root / folder) if path.name.endswith(SUFFIX)):
            name = path.relative_to(root).as_posix()
            try:
                records[name] = read_record(path, name)
            except RecordError as error:
                records[name] = error
    return records


def described(path: str | Path) -> dict:
    """Path, kind, SHA-256 and size (bytes) of a file, or of all that a folder holds."""
    path = Path(path)
    what = kind(path)
    size = sum(p.stat().st_size for p in files_below(path)) if what == "folder" else path.stat().st_size
    return {"path": path.as_posix(), "kind": what, "sha256": file_digest(path), "size": size}


def identifier_of(deterministic: dict) -> str:
    """SHA-256 of the deterministic part of a record."""
    return hashlib.sha256(json.dumps(deterministic, sort_keys=True).encode()).hexdigest()


def plain(value):
    """A value as it reads back from JSON: tuples become lists, paths text."""
    return json.loads(json.dumps(value, default=str))


def _seeds(parameters: dict, prefix: str = "") -> dict[str, int]:
    """Seeds among the parameters, by their dotted names."""
    found = {}
    for name, value in parameters.items():
        if name == "seed" and isinstance(value, int):
            found[prefix + name] = value
        elif isinstance(value, dict):
            found |= _seeds(value, f"{prefix}{name}.")
    return found


class Recorder:
    """Makes the record of a job that runs.

    Parameters
    ----------
    rule, wildcards, parameters
        As Snakemake has them.
    inputs
        Paths of files and folders; they are read here, before the job starts.
    outputs
        Paths that the rule names, without the record.
    record
        Path of the record.
    modules
        Files of this repository that the job's code consists of.
    """

    def __init__(
        self,
        rule: str,
        wildcards: dict,
        parameters: dict,
        inputs: Iterable,
        outputs: Iterable,
        record: str,
        modules: Iterable[Path],
    ):
        self.started = time.time()
        cuda = processes.tensorflow_package() == "tensorflow"
        self.deterministic: dict = plain(
            {
                "schema": SCHEMA,
                "rule": rule,
                "record": str(record),
                "wildcards": wildcards,
                "parameters": parameters,
                "seeds": _seeds(parameters),
                "inputs": [described(path) for path in dict.fromkeys(map(str, inputs))],
                "outputs": list(map(str, outputs)),
                "modules": {
                    m.relative_to(code.SCRIPTS).as_posix(): {"file": file_digest(m), "syntax": code.syntax_digest(m)}
                    for m in sorted(modules)
                },
                "versions": environment.versions(),
                "binaries": {},
                "surroundings": environment.surroundings(),
                "lock": file_digest(code.SCRIPTS.parent / "envs" / environment.lock_file(cuda)),
                **environment.commit(),
            }
        )
        self._identifier: str | None = None

    @property
    def identifier(self) -> str:
        """SHA-256 of the deterministic part, which nothing may change from now on."""
        if self._identifier is None:
            self._identifier = identifier_of(self.deterministic)
        return self._identifier

    def add_program(self, name: str, version: str) -> None:
        """Name a program outside the environment that the job calls."""
        if self._identifier is not None and self.deterministic["binaries"].get(name) != version:
            raise RuntimeError(f"{name}: named after the record's identifier was used; name programs first")
        self.deterministic["binaries"][name] = version

    def document(self, undeclared: list[str], threads: int = 1, gpu: int = 0) -> dict:
        """The record as plain data, once the outputs are there.

        Parameters
        ----------
        undeclared
            As `qcrystal.provenance.reading.undeclared` finds them.
        """
        return {
            "prov_id": self.identifier,
            "deterministic": self.deterministic,
            "outputs": [described(path) for path in self.deterministic["outputs"]],
            "undeclared": undeclared,
            "volatile": {
                "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started)),
                "seconds": round(time.time() - self.started, 3),
                "status": 0,
                **environment.hardware(threads, gpu),
            },
        }


RUNNING: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
"""The recorder of the job that runs in this context."""


def recording() -> bool:
    """Whether a job that leaves a record is running."""
    return RUNNING.get() is not None


def name_program(name: str, version: str) -> None:
    """Name a program outside the environment, and its version, in the record of the job that is running."""
    recorder = RUNNING.get()
    if recorder:
        recorder.add_program(name, version)
