"""Reduced results: what is committed of long runs, and how it becomes results again in a fresh clone.

Of a scale's results, ``results/reference/<crystal>/<scale>`` holds every record, all that figures, tables and numbers are made
from, and these themselves. The rest, above all trajectories, is left out: ``left_out.json`` lists its digests, as the records of
its jobs do.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from qcrystal.errors import QcrystalError, one_line, while_writing
from qcrystal.files import file_digest, kind, put_in_place, walk, write_whole
from qcrystal.provenance.nodes import Expected, is_listed
from qcrystal.provenance.record import SUFFIX, JobRecord, RecordError, read_json, read_record, read_records

TOP = "results/reference"
LEFT_OUT = "left_out.json"
LARGEST = 30_000_000
"""Bytes that are committed at most."""
POTENTIALS = "potentials.json"
"""Beside packed runs: SHA-256 of the potential of each."""
RUNS = "dynamics"
"""Folder of a scale's runs, each in a folder of its name."""
RUN = "run"
"""Rule of a run. What it starts from is kept: made anew, it would be another file than the one that earlier runs have read."""
COLLECT, PARTS = "collect", "analysis"
"""Rule of a sweep's table, and the folder of what it is made from. That is kept, so that another run joins the sweep."""
SHOWN = ("figures", "manuscript", "index.html", "provenance")
"""Parts of a scale's results that a reader looks at."""


_everything: list[bool] = []


class ReducedError(QcrystalError):
    """Results that cannot be reduced or restored; one line says why, and what to do."""

    status = 2


def count_everything() -> None:
    """Let this process read the configuration as if no list of unfinished parts were there: the file itself stays."""
    _everything.append(True)


def everything_counts() -> bool:
    """Whether this process takes no notice of what is listed as unfinished."""
    return bool(_everything)


def place(crystal: str, scale: str) -> str:
    """Folder of the reduced results of a scale, relative to the repository."""
    return f"{TOP}/{crystal}/{scale}"


def committed_list(folder: str) -> str:
    """The committed list of what the reduced results of a folder ``results/<crystal>/<scale>`` leave out."""
    return f"{TOP}/{folder.removeprefix('results/')}/{LEFT_OUT}"


def shown_jobs(jobs: list[Expected], folder: str) -> list[Expected]:
    """Jobs that make what a reader looks at: figures, tables, numbers and pages."""
    return [
        job for job in jobs if any(path.startswith(tuple(f"{folder}/{part}" for part in SHOWN)) for path in job.results)
    ]


def shown_files(jobs: list[Expected], folder: str) -> set[str]:
    """What a reader looks at, and the files that it is made from, relative to the repository."""
    return {path for job in shown_jobs(jobs, folder) for path in (*job.inputs, *job.outputs)}


def kept_files(root: Path, jobs: list[Expected], folder: str) -> set[str]:
    """Files of a scale that its reduced results hold, relative to the repository: those that are there."""
    starts = {
        path for job in jobs if job.rule == RUN for path in job.inputs if not path.startswith(f"{folder}/{RUNS}/")
    }
    shown = shown_files(jobs, folder)
    collected = [job for job in jobs if job.rule == COLLECT and shown.intersection(job.outputs)]
    parts = {path for job in collected for path in job.inputs if path.startswith(f"{folder}/{PARTS}/")}
    wanted = shown | starts | parts
    kept = {path for path in wanted if path.startswith(f"{folder}/") and (root / path).is_file()}
    return kept | {path.relative_to(root).as_posix() for path in walk(root / folder) if path.name.endswith(SUFFIX)}


def write(root: Path, jobs: list[Expected], crystal: str, scale: str, runs: Collection[str] = ()) -> tuple[int, int]:
    """Reduce the results of a scale; returns how many files are kept, and their bytes.

    Parameters
    ----------
    runs
        Names of runs that figures do without, as they had not ended. They are no part of the reduced results.

    Raises
    ------
    ReducedError
        There are no results, a record cannot be read, an output is not the one of its record, or too much would be kept.
    """
    folder, target = f"results/{crystal}/{scale}", root / place(crystal, scale)
    if not (root / folder).is_dir():
        raise ReducedError(
            f"{folder}: there are no results; run snakemake --config crystal={crystal} scale={scale} first"
        )
    others = tuple(f"{folder}/{RUNS}/{run}/" for run in runs)
    kept = {path for path in kept_files(root, jobs, folder) if not path.startswith(others)}
    size = sum((root / path).stat().st_size for path in kept)
    if size > LARGEST:
        largest = max(kept, key=lambda path: (root / path).stat().st_size)
        raise ReducedError(
            f"{folder}: {size / 1e6:.0f} MB would be kept, more than {LARGEST / 1e6:.0f}; make them smaller, "
            f"the largest first: {largest}"
        )
    known, fault = left_out(root, folder)
    if fault:
        raise ReducedError(fault)
    digests: dict[str, str] = {}
    for path, record in read_records(root, [folder]).items():
        if isinstance(record, RecordError):
            raise ReducedError(f"{record}; run its job again")
        if path in kept:
            digests |= _left_out(root, folder, path, record, kept, known)
    text = json.dumps(dict(sorted(digests.items())), indent=0) + "\n"
    _put(root, {Path(path).relative_to(folder): root / path for path in kept}, target, {Path(LEFT_OUT): text})
    if known:  # results that were restored themselves follow the new list
        write_whole(root / folder / LEFT_OUT, text)
    return len(kept), size


def _left_out(
    root: Path, folder: str, path: str, record: JobRecord, kept: set[str], known: Mapping[str, str]
) -> dict[str, str]:
    """Digests of a job's outputs that are not kept; every output that is there is compared with its record.

    Raises
    ------
    ReducedError
        An output is another, is lost, or is no result of this scale. The list would excuse that for good.
    """
    digests = {}
    for entry in record.outputs:
        if not is_listed(entry.path, entry.sha256, folder):
            raise ReducedError(f"{path}: names {entry.path}, which is no file of {folder}; run its job again")
        try:
            now = file_digest(root / entry.path) if os.path.lexists(root / entry.path) else known.get(entry.path)
        except (OSError, ValueError) as error:
            raise ReducedError(
                f"{entry.path}: cannot be read ({one_line(error)}); run the job of {path} again"
            ) from None
        if now != entry.sha256:
            told = "is not there" if now is None else "is not the one that its record describes"
            raise ReducedError(f"{entry.path}: {told}; run the job of {path} again")
        if entry.path not in kept:
            digests[entry.path] = entry.sha256
    return digests


def _put(root: Path, copies: Mapping[Path, Path], target: Path, texts: Mapping[Path, str], latest: float = 0) -> None:
    """Make a folder of copies of files and of texts, whole or not at all.

    Parameters
    ----------
    copies, texts
        By their paths in the folder.
    latest
        Time that all copies get (seconds since 1970); 0: now.

    Raises
    ------
    OSError
        For a full disk it names the folder.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        _clear(partial)
        for name, source in copies.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, partial / name)
            if latest:
                os.utime(partial / name, (latest, latest))
        for name, text in texts.items():
            write_whole(partial / name, text)
        put_in_place(partial, target)
    except OSError as error:
        _clear(partial)
        raise while_writing(target.relative_to(root), error) from error


def _clear(path: Path) -> None:
    """Remove what stands at a path; of a link the link alone, so that nothing is written or removed elsewhere."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def restore(root: Path, crystal: str, scale: str) -> int:
    """Put the reduced results where the workflow looks for them, if there are no results yet; returns how many files.

    All files get one time, so that Snakemake takes none of them for older than what it is made from.

    Raises
    ------
    ReducedError
        Nothing was committed, something else than files stands among what was committed, or a file is not its record's.
    """
    folder, source = root / f"results/{crystal}/{scale}", root / place(crystal, scale)
    if folder.is_dir():
        return 0
    if not (source / LEFT_OUT).is_file():
        raise ReducedError(
            f"{place(crystal, scale)}: no reduced results of {crystal} at scale {scale} are committed; "
            f"make them (snakemake --config crystal={crystal} scale={scale}), then run: python -m qcrystal reduced write"
        )
    files = walk(source)
    for path in files:
        name = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(source.resolve()) or path.is_symlink():
            raise ReducedError(f"{name}: a link; reduced results hold their files themselves; bring it back from git")
        try:
            kind(path)
        except (OSError, ValueError) as error:
            raise ReducedError(f"{name}: cannot be restored ({one_line(error)}); bring it back from git") from None
    for fault in _damage(source, f"results/{crystal}/{scale}", files):
        raise ReducedError(f"{place(crystal, scale)}: {fault}; bring it back from git, or reduce the results anew")
    _put(
        root,
        {path.relative_to(source): path for path in files},
        folder,
        {},
        max(path.stat().st_mtime for path in files),
    )
    return len(files)


def _damage(source: Path, folder: str, files: list[Path]) -> Iterator[str]:
    """What is wrong with reduced results: figures would be drawn from it without a word.

    Parameters
    ----------
    source
        Folder of the reduced results.
    folder
        Folder that they are restored to, relative to the repository.
    files
        All that is in ``source``.
    """
    names = {path.relative_to(source).as_posix() for path in files}
    try:
        known = read_json(source / LEFT_OUT, LEFT_OUT)
        records = {name: read_record(source / name, name) for name in sorted(names) if name.endswith(SUFFIX)}
    except RecordError as error:
        yield str(error)
        return
    told = {LEFT_OUT, *records}
    for name, record in records.items():
        if record.deterministic.record != f"{folder}/{name}":
            yield f"{name}: the record says that it is {record.deterministic.record}"
        if not record.holds():
            yield f"{name}: does not have its own identifier"
        for entry in record.outputs:
            output = entry.path.removeprefix(f"{folder}/")
            told.add(output)
            if output in names and file_digest(source / output) != entry.sha256:
                yield f"{output}: not the file that {name} describes"
            elif output not in names and (not isinstance(known, dict) or known.get(entry.path) != entry.sha256):
                yield f"{output}: missing, and {LEFT_OUT} does not name it"
    for name in sorted(names):
        if not told & {name, *map(str, PurePosixPath(name).parents)}:
            yield f"{name}: no record says where it is from"


def left_out(root: Path, folder: str) -> tuple[dict[str, str], str]:
    """Digests of the files that reduced results leave out, by path, and what is wrong with their list.

    Both are empty for results that are whole. The list counts only if it is the one that is committed. It then excuses no
    more than what the records say.
    """
    name, committed = f"{folder}/{LEFT_OUT}", committed_list(folder)
    if not os.path.lexists(root / name):
        return {}, ""
    try:
        known = read_json(root / name, name)
        if not os.path.lexists(root / committed) or read_json(root / committed, committed) != known:
            advice = f"remove {folder}, then restore it: python -m qcrystal reduced restore"
            return {}, f"{name}: not the list that is committed, {committed}; {advice}"
    except RecordError as error:
        return {}, str(error)
    if not isinstance(known, dict) or not all(is_listed(path, digest, folder) for path, digest in known.items()):
        return {}, f"{name}: not a list of files of {folder} with their SHA-256"
    return known, ""


def note_potentials(packs: Path, models: Mapping[str, Path]) -> None:
    """List the SHA-256 of the potential of each packed run: a pack holds samples, and not what made them.

    Parameters
    ----------
    packs
        Folder with a pack for each run, called by its name.
    models
        Potential of each run that was packed now. Of other packs the list keeps what it says.
    """
    known = _potentials(packs) if (packs / POTENTIALS).is_file() else {}
    known |= {name: file_digest(model) for name, model in models.items()}
    there = {name: digest for name, digest in sorted(known.items()) if list(packs.glob(f"{name}.tar.*"))}
    if there:
        write_whole(packs / POTENTIALS, json.dumps(there, indent=0) + "\n")
    else:
        (packs / POTENTIALS).unlink(missing_ok=True)


def _potentials(packs: Path) -> dict[str, str]:
    """What `note_potentials` wrote; `ReducedError` if it is something else."""
    name = packs / POTENTIALS
    try:
        known = read_json(name, str(name))
    except RecordError as error:
        raise ReducedError(f"{error}; bring it back from git, or pack the runs anew") from None
    if not isinstance(known, dict) or not all(isinstance(digest, str) for digest in known.values()):
        raise ReducedError(f"{name}: not a list of potentials with their SHA-256; bring it back from git")
    return known


def check_packs(packs: Path, models: Mapping[str, Path]) -> None:
    """Make sure that packed runs go on with the potential that made their samples.

    Raises
    ------
    ReducedError
        It names the first pack that is no file, or whose potential is another or not known.
    """
    files = [path for path in sorted(packs.glob("*.tar.*")) if path.name.partition(".tar.")[0] in models]
    known = _potentials(packs) if files else {}
    for path in files:
        try:
            kind(path)
        except (OSError, ValueError) as error:
            raise ReducedError(f"{path}: cannot be read ({one_line(error)}); bring it back from git") from None
        name = path.name.partition(".tar.")[0]
        now = file_digest(models[name])
        if name not in known:
            raise ReducedError(f"{packs / POTENTIALS}: does not name the potential of {path.name}; pack the run anew")
        if known[name] != now:
            told = f"begun with another potential ({known[name]:.12}) than {models[name]} of today ({now:.12})"
            raise ReducedError(f"{path}: {told}; bring that potential back, or remove the pack to begin anew")


def hidden(root: Path, folder: str, runs: Iterable[str], tables: Iterable[str]) -> list[str]:
    """Runs and tables that are there although the list of unfinished ones lets figures do without them."""
    ended = [f"{folder}/{RUNS}/{run}" for run in runs if os.path.lexists(root / folder / RUNS / run / f"run{SUFFIX}")]
    return ended + [f"{folder}/{table}" for table in tables if os.path.lexists(root / folder / table)]


def unfinished(root: Path, jobs: list[Expected], folder: str, parts: Collection[str]) -> dict[str, list[str]]:
    """Unfinished parts of a scale: runs without a record, and tables that figures and numbers wait for.

    Parameters
    ----------
    jobs
        All that the workflow would do if nothing were left out.
    parts
        Parts of a scale's results, besides runs, whose tables figures can do without.
    """
    records = [path for job in jobs if job.rule == "run" for path in job.outputs if path.endswith(SUFFIX)]
    wanted = {path for job in shown_jobs(jobs, folder) for path in job.inputs}
    tables = sorted(path for path in wanted if path.startswith(tuple(f"{folder}/{part}/" for part in parts)))
    return {
        "runs": sorted(Path(path).parent.name for path in records if not (root / path).is_file()),
        "tables": [path.removeprefix(f"{folder}/") for path in tables if not (root / path).is_file()],
    }


def available(root: Path, jobs: list[Expected], folder: str) -> tuple[list[Expected], dict[str, list[str]]]:
    """Jobs of figures, their tables and their page that can be made from what is there, and what the others lack."""
    ready, lacking = [], {}
    for job in shown_jobs(jobs, folder):
        if not job.results or not job.results[0].startswith((f"{folder}/figures/", f"{folder}/index.html")):
            continue
        missing = [path for path in job.inputs if not (root / path).exists()]
        if missing:
            lacking[job.rule] = missing
        else:
            ready.append(job)
    return ready, lacking
