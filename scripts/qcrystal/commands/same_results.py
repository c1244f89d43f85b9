"""Show that declared changes of code change no result: short runs by the code before and by that of today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from qcrystal.commands._options import application, console
from qcrystal.commands.bench_potential import MASSES, lanthanum_decahydride
from qcrystal.provenance.code import SCRIPTS, local_imports, syntax_digest, text_digest
from qcrystal.provenance.same_results import FILE, Change, SameResultsError, commit_before, declared, stale, unpack

app = application()
ROOT = SCRIPTS.parent
MODEL = ROOT / "models" / "lah10-fast" / "model.pb"
LAMMPS = tuple((method, ensemble) for method in ("classical", "qtb", "adqtb") for ensemble in ("nvt", "npt"))
ENGINES = (
    (("qcrystal/dynamics/lammps/launcher.py",), LAMMPS),
    (("qcrystal/dynamics/ipi/launcher.py", "qcrystal/dynamics/ipi/driver.py"), (("pimd", "nvt"), ("pimd", "npt"))),
)
"""Files in which runs work, and methods and ensembles of such runs."""
KERNEL, KERNELS = "qcrystal/dynamics/lammps/native.py", "qcrystal/potential/native"
"""File and folder of compiled code that takes long to compile."""
VARYING = ("timing.json",)
"""Files of a run that hold times of the clock."""
BEADS = 4


def specification(method: str, ensemble: str, steps: int) -> dict[str, Any]:
    """A run at 150 GPa and 300 K whose bath has segments of 0.1 ps, so that some end in it."""
    paths = method == "pimd"
    return {
        "run": f"{method}-{ensemble}",
        "system": "lah10",
        "method": method,
        "ensemble": ensemble,
        "repeat": (1, 1, 1),
        "species": tuple(MASSES),
        "masses": MASSES,
        "temperature": 300.0,
        "pressure": 150.0 if ensemble == "npt" else None,
        "timestep": 0.25 if paths else 0.5,
        "steps": max(1, steps // 4) if paths else steps,
        "sample_every": 10,
        "checkpoint_every": max(1, steps // 3),
        "seed": 11,
        "beads": BEADS if paths else 1,
        "bath": {"segment": 0.1, "momentum": "unweighted" if ensemble == "npt" else "mass-weighted"},
    }


def touched(changes: list[Change]) -> list[tuple[str, str]]:
    """Methods and ensembles whose code the changed files are part of."""
    changed = {SCRIPTS / change.file for change in changes}
    return [
        pair
        for names, pairs in ENGINES
        if any(changed & {*local_imports(SCRIPTS / name)} for name in names)
        for pair in pairs
    ]


def run(scripts: Path, method: str, ensemble: str, steps: int, folder: Path) -> dict[str, bytes]:
    """Files of a run by the code of a folder ``scripts``, by name."""
    folder.mkdir(parents=True)
    structure, place = folder / "start.extxyz", folder / "run"
    lanthanum_decahydride((1, 1, 1)).write(structure)
    job = {"spec": specification(method, ensemble, steps), "structure": str(structure), "model": str(MODEL)}
    (folder / "job.json").write_text(json.dumps({**job, "folder": str(place)}))
    command = [sys.executable, "-P", str(Path(__file__).with_name("_same_results_run.py")), str(folder / "job.json")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(scripts)}, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise SameResultsError(f"{scripts}: the run {method}, {ensemble} failed: {lines[-1]}")
    files = sorted(path for path in place.rglob("*") if path.is_file() and path.name not in VARYING)
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files if path.suffix != ".log"}


def share_compiled(scripts: Path) -> None:
    """Let code of before use what numba has compiled of today's evaluator, if all its sources are the same."""
    sources = [SCRIPTS / KERNEL, *sorted((SCRIPTS / KERNELS).glob("*.py"))]
    names = [source.relative_to(SCRIPTS) for source in sources]
    others = {path.relative_to(scripts) for path in (scripts / KERNELS).glob("*.py")}
    if others | {Path(KERNEL)} != set(names) or any(
        (scripts / n).read_bytes() != (SCRIPTS / n).read_bytes() for n in names
    ):
        return
    for name in names:
        status = (SCRIPTS / name).stat()  # numba knows a source by its time and size
        os.utime(scripts / name, ns=(status.st_atime_ns, status.st_mtime_ns))
        for kept in (SCRIPTS / name.parent / "__pycache__").glob(f"{name.stem}.*.nb[ci]"):
            place = scripts / name.parent / "__pycache__" / kept.name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(kept.read_bytes())


def differences(before: dict[str, bytes], now: dict[str, bytes]) -> list[str]:
    """Names of files that two runs do not share to the last byte."""
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


@app.command()
def main(
    steps: Annotated[int, typer.Option(min=30, help="Steps of a run; of a path integral a quarter of them.")] = 600,
) -> None:
    """Show that declared changes of code change no result: short runs by the code before and by that of today.

    `config/same_results.yaml` declares the changes. The history of git gives the code just before each of them. Each
    method that a changed file is part of runs by that code and by today's. Methods are classical dynamics, both quantum
    baths and path integrals, of 44 atoms, at fixed and at flexible cell. All files but times must be equal to the last byte.

    Code with another evaluator than today's compiles it first, for half a minute.

    Exit status: 0 all are equal, 1 some differ, 2 no run has some of the files, and the others are equal.

    Example: `python -m qcrystal same-results`
    """
    changes = declared(ROOT).changes
    if not changes:
        print(f"{FILE}: declares no change")
        return
    wrong = stale(ROOT, syntax_digest)
    if wrong:
        raise SameResultsError(*wrong)
    with tempfile.TemporaryDirectory() as scratch:
        raise typer.Exit(_compare(changes, steps, Path(scratch)))


def _compare(changes: list[Change], steps: int, scratch: Path) -> int:
    """Compare the runs of each commit with today's, and print what was found; 0 if all are equal."""
    by_commit: dict[str, list[Change]] = {}
    for change in changes:
        if change.before is None:
            continue  # the change that brings the file in is another entry
        commit = commit_before(ROOT, change, text_digest)
        if commit is None:
            found = f"the history holds no scripts/{change.file} of {change.before}"
            raise SameResultsError(f"{FILE}: {found}; fetch the whole history (git fetch --unshallow)")
        by_commit.setdefault(commit, []).append(change)
    known: dict[tuple[str, str], dict[str, bytes]] = {}
    status, untried = 0, []
    for number, (commit, own) in enumerate(by_commit.items()):
        print(f"{commit}: before the changes of {', '.join(change.file for change in own)}")
        pairs = touched(own)
        untried += [change for change in own if not touched([change])]
        if not pairs:
            continue
        tree = scratch / f"before-{number}"
        unpack(ROOT, commit, tree)
        share_compiled(tree / "scripts")
        for method, ensemble in pairs:
            with console(stderr=True).status(f"{method}, {ensemble}"):
                before = run(tree / "scripts", method, ensemble, steps, tree / f"{method}-{ensemble}")
                if (method, ensemble) not in known:
                    known[method, ensemble] = run(SCRIPTS, method, ensemble, steps, scratch / f"{method}-{ensemble}")
            other = differences(before, known[method, ensemble])
            status |= bool(other)
            told = f"differ: {', '.join(other)}" if other else f"{len(before)} files, equal to the last byte"
            print(f"  {method}, {ensemble}: {told}", flush=True)
    for change in untried:
        print(f"{change.file}: no run has this file, so nothing was compared; see: {change.shown_by}")
    tried = sum(change.before is not None for change in changes) - len(untried)
    print(f"{tried} declared changes compared, {len(untried)} not")
    return status or (2 if untried else 0)
