"""The jobs that a crate tells of, from their records, and what must hold before they are packed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from qcrystal.provenance.code import syntax_digest
from qcrystal.provenance.record import SUFFIX, Entry, Given, JobRecord, RecordError, read_record, read_records
from qcrystal.provenance.same_results import declared

DOWNLOADS = "results/downloads/"  # data of others, whose licence is not ours to give


class CrateError(ValueError):
    """Results of which no crate can be made, or a crate that cannot be read; the message is one line that names the file."""


@dataclass(frozen=True)
class Job:
    """A record and its path relative to the repository, with slashes."""

    path: str
    record: JobRecord

    @property
    def name(self) -> str:
        """Path of the record without its suffix."""
        return self.path.removesuffix(SUFFIX)

    @property
    def given(self) -> Given:
        """The deterministic part of the record."""
        return self.record.deterministic

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.given.rule

    @property
    def script(self) -> str:
        """The rule's script: a rule names it first among the files of its code."""
        return f"scripts/{self.given.parameters['modules'][0]}"

    @property
    def code(self) -> str:
        """Digest of the rule's code."""
        return self.given.parameters["code"]

    @property
    def inputs(self) -> list[Entry]:
        """Files that the job read."""
        return self.given.inputs

    @property
    def outputs(self) -> list[Entry]:
        """Files that the job wrote."""
        return self.record.outputs

    @property
    def started(self) -> datetime:
        """When it began."""
        return self.record.volatile.begin

    @property
    def ended(self) -> datetime:
        """When it ended."""
        return self.record.volatile.end


def job_of(path: str, record: JobRecord | RecordError) -> Job:
    """A job that can be packed; `CrateError` names a record of which none can be made."""
    if isinstance(record, RecordError):
        raise CrateError(f"{record}; remove it and run its job again")
    modules, code = (record.deterministic.parameters.get(name) for name in ("modules", "code"))
    if not isinstance(modules, list) or not modules or not isinstance(modules[0], str) or not isinstance(code, str):
        raise CrateError(f"{path}: the record names no script; remove it and run its job again")
    return Job(path, record)


def read_jobs(results: Path) -> list[Job]:
    """Jobs of a folder of results, and of downloads that they read, in the order in which they ran.

    Raises
    ------
    CrateError
        If there is none, or a record that is not one.
    """
    root = repository(results)
    folder = folder_of(results, root)
    jobs = {path: job_of(path, record) for path, record in read_records(root, [folder]).items()}
    if not jobs:
        raise CrateError(f"{results}: no records (*{SUFFIX}); run `make figures SCALE={results.name}` first")
    for entry in [entry for job in jobs.values() for entry in job.inputs]:
        download = f"{entry.path}{SUFFIX}"
        if entry.path.startswith(DOWNLOADS) and download not in jobs and (root / download).is_file():
            try:
                jobs[download] = job_of(download, read_record(root / download, download))
            except RecordError as error:
                raise CrateError(f"{error}; remove it and run its job again") from None
    return sorted(jobs.values(), key=lambda job: (job.started, job.path))


def repository(results: Path) -> Path:
    """The folder that paths in records are relative to: Snakemake's working directory, above ``results/<crystal>/<scale>``.

    ``results`` may be a link to another place: the folder above the link counts, as Snakemake works there.
    """
    parents = Path(os.path.abspath(results)).parents
    root = parents[2] if len(parents) > 2 else None
    if root is None or not (root / "Snakefile").is_file():
        raise CrateError(f"{results}: not results/<crystal>/<scale> beside a Snakefile; name that folder")
    return root


def folder_of(results: Path, root: Path) -> str:
    """A folder of results relative to its repository, links as they are named."""
    return Path(os.path.abspath(results)).relative_to(root).as_posix()


def check_origins(root: Path, results: str, jobs: list[Job]) -> None:
    """Everything among the results that a job read, and every figure, was made by a recorded job."""
    made = {entry.path for job in jobs for entry in job.outputs}
    for job in jobs:
        for entry in job.inputs:
            if entry.path.startswith(f"{results}/") and not part_of(entry.path, made):
                raise CrateError(
                    f"{entry.path}: read by {job.path}, but no record tells how it was made; run its job again"
                )
    for path in sorted((root / results / "figures").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.endswith(SUFFIX) and not part_of(name, made):
            raise CrateError(f"{name}: no record tells how it was made; remove it, or run its job again")


def check_code(root: Path, jobs: list[Job]) -> None:
    """The code that is packed is the one that the jobs ran, or one to which declared changes lead."""
    digests: dict[str, str | None] = {}
    changes = declared(root)
    for job in jobs:
        for module, digest in job.given.modules.items():
            path = root / "scripts" / module
            if module not in digests:
                digests[module] = syntax_digest(path) if path.is_file() else None
            now = digests[module]
            if now is None or changes.between(module, digest.syntax, now) is None:
                raise CrateError(
                    f"scripts/{module}: not the code that {job.path} was made with; run the workflow again"
                )


def foreign(path: str) -> bool:
    """Whether a path of a record is of others, or leads out of the repository."""
    return path.startswith(DOWNLOADS) or path.startswith("/") or ".." in PurePosixPath(path).parts


def part_of(path: str, names: Iterable[str]) -> str | None:
    """The path itself or the folder above it that is among names."""
    above = (parent.as_posix() for parent in (PurePosixPath(path), *PurePosixPath(path).parents))
    return next((name for name in above if name in names), None)
