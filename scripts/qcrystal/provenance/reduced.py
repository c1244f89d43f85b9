"""Reduced results: what is committed of long runs, and how it becomes results again in a fresh clone.

Of a scale's results, ``results/reference/<crystal>/<scale>`` holds every record, all that figures, tables and numbers are made
from, and these themselves. The rest, above all trajectories, is left out: ``left_out.json`` lists its digests, as the records of
its jobs do.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from qcrystal.errors import QcrystalError
from qcrystal.files import file_digest, put_in_place, walk, write_whole
from qcrystal.provenance.nodes import Expected
from qcrystal.provenance.record import SUFFIX, JobRecord, RecordError, read_records

TOP = "results/reference"
LEFT_OUT = "left_out.json"
LARGEST = 30_000_000
"""Bytes that are committed at most."""
DEAR = ("search", "variational", "superconductivity")
"""Parts of a scale's results, besides runs, whose tables figures can do without until they have ended."""
SHOWN = ("figures", "manuscript", "index.html", "provenance")
"""Parts of a scale's results that a reader looks at."""


class ReducedError(QcrystalError):
    """Results that cannot be reduced or restored; one line says why, and what to do."""

    status = 2


def place(crystal: str, scale: str) -> str:
    """Folder of the reduced results of a scale, relative to the repository."""
    return f"{TOP}/{crystal}/{scale}"


def shown_jobs(jobs: list[Expected], folder: str) -> list[Expected]:
    """Jobs that make what a reader looks at: figures, tables, numbers and pages."""
    return [
        job for job in jobs if any(path.startswith(tuple(f"{folder}/{part}" for part in SHOWN)) for path in job.results)
    ]


def kept_files(root: Path, jobs: list[Expected], folder: str) -> set[str]:
    """Files of a scale that its reduced results hold, relative to the repository: those that are there."""
    wanted = {path for job in shown_jobs(jobs, folder) for path in (*job.inputs, *job.outputs)}
    kept = {path for path in wanted if path.startswith(f"{folder}/") and (root / path).is_file()}
    return kept | {path.relative_to(root).as_posix() for path in walk(root / folder) if path.name.endswith(SUFFIX)}


def write(root: Path, jobs: list[Expected], crystal: str, scale: str) -> tuple[int, int]:
    """Reduce the results of a scale; returns how many files are kept, and their bytes.

    Raises
    ------
    ReducedError
        There are no results, a record cannot be read, or the files that are kept are too large.
    """
    folder, target = f"results/{crystal}/{scale}", root / place(crystal, scale)
    if not (root / folder).is_dir():
        raise ReducedError(
            f"{folder}: there are no results; run snakemake --config crystal={crystal} scale={scale} first"
        )
    kept = kept_files(root, jobs, folder)
    digests: dict[str, str] = {}
    for record in read_records(root, [folder]).values():
        if isinstance(record, RecordError):
            raise ReducedError(f"{record}; run its job again")
        digests |= _left_out(record, kept)
    size = sum((root / path).stat().st_size for path in kept)
    if size > LARGEST:
        largest = max(kept, key=lambda path: (root / path).stat().st_size)
        raise ReducedError(
            f"{folder}: {size / 1e6:.0f} MB would be kept, more than {LARGEST / 1e6:.0f}; make them smaller, "
            f"the largest first: {largest}"
        )
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for path in kept:
        copy = partial / Path(path).relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copy)
    write_whole(partial / LEFT_OUT, json.dumps(dict(sorted(digests.items())), indent=0) + "\n")
    put_in_place(partial, target)
    return len(kept), size


def _left_out(record: JobRecord, kept: set[str]) -> dict[str, str]:
    """Digests of a job's outputs that are not kept."""
    return {entry.path: entry.sha256 for entry in record.outputs if entry.path not in kept}


def restore(root: Path, crystal: str, scale: str) -> int:
    """Put the reduced results where the workflow looks for them, if there are no results yet; returns how many files.

    All files get one time, so that Snakemake takes none of them for older than what it is made from.

    Raises
    ------
    ReducedError
        Nothing was committed.
    """
    folder, source = root / f"results/{crystal}/{scale}", root / place(crystal, scale)
    if folder.is_dir():
        return 0
    if not (source / LEFT_OUT).is_file():
        raise ReducedError(
            f"{place(crystal, scale)}: no reduced results of {crystal} at scale {scale} are committed; "
            f"make them (snakemake --config crystal={crystal} scale={scale}), then run: python -m qcrystal reduced write"
        )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    files = list(walk(partial))
    latest = max(path.stat().st_mtime for path in files)
    for path in files:
        os.utime(path, (latest, latest))
    put_in_place(partial, folder)
    return len(files)


def left_out(root: Path, folder: str) -> dict[str, str]:
    """Digests of the files that reduced results leave out, by path; nothing of results that are whole.

    They count only if they are those that are committed, and so are no more than what the records say.
    """
    file = root / folder / LEFT_OUT
    committed = root / TOP / Path(folder).relative_to("results") / LEFT_OUT
    if not (file.is_file() and committed.is_file()) or file_digest(file) != file_digest(committed):
        return {}
    known = json.loads(file.read_text(encoding="utf-8"))
    return {str(path): str(digest) for path, digest in known.items()} if isinstance(known, dict) else {}


def unfinished(root: Path, jobs: list[Expected], folder: str) -> dict[str, list[str]]:
    """Unfinished parts of a scale: runs without a record, and tables of `DEAR` parts that figures and numbers wait for.

    Parameters
    ----------
    jobs
        All that the workflow would do if nothing were left out.
    """
    records = [path for job in jobs if job.rule == "run" for path in job.outputs if path.endswith(SUFFIX)]
    wanted = {path for job in shown_jobs(jobs, folder) for path in job.inputs}
    tables = sorted(path for path in wanted if path.startswith(tuple(f"{folder}/{part}/" for part in DEAR)))
    return {
        "runs": sorted(Path(path).parent.name for path in records if not (root / path).is_file()),
        "tables": [path.removeprefix(f"{folder}/") for path in tables if not (root / path).is_file()],
    }


def available(root: Path, jobs: list[Expected], folder: str) -> tuple[list[Expected], dict[str, list[str]]]:
    """Jobs of figures and their tables that can be made from the files that are there, and what the others lack."""
    ready, lacking = [], {}
    for job in shown_jobs(jobs, folder):
        if not job.results or not job.results[0].startswith(f"{folder}/figures/"):
            continue
        missing = [path for path in job.inputs if not (root / path).exists()]
        if missing:
            lacking[job.rule] = missing
        else:
            ready.append(job)
    return ready, lacking
