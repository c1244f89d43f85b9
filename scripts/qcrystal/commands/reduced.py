"""Reduced results of long runs: commit them, restore them, and redraw the figures from them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from qcrystal.commands._options import Crystal, Scale, application, results_folder
from qcrystal.config.load import read_unfinished, unfinished_file
from qcrystal.config.scale import DEAR
from qcrystal.dynamics.ipi import paused
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS
from qcrystal.files import write_whole
from qcrystal.provenance import begun, reduced
from qcrystal.provenance.nodes import Expected
from qcrystal.provenance.workflow import expected_jobs

app = application(help=f"{__doc__}\n\nExample: `python -m qcrystal reduced figures`")
QUIET = ("rules", "progress", "host", "reason")
"""What Snakemake does not say; `all` would swallow why it cannot start, too."""
HEAD = """\
# yaml-language-server: $schema=../../../schema/scale.json
# What of scale {scale} has not ended. `python -m qcrystal reduced unfinished` writes this file; remove it to go on with the runs.
"""


@app.command()
def write(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Reduce the results of a scale into results/reference, which is committed.

    It keeps records, figures, numbers and the tables behind them, and of everything else the digests.

    Example: `python -m qcrystal reduced write --scale reference`
    """
    folder = results_folder(crystal, scale)
    jobs = expected_jobs(Path.cwd(), {"crystal": crystal, "scale": scale}, ["figures"])
    listed = read_unfinished(Path.cwd(), crystal, scale)
    files, size = reduced.write(Path.cwd(), jobs, crystal, scale, listed.runs)
    _, lacking = reduced.available(Path.cwd(), jobs, folder)
    print(f"{reduced.place(crystal, scale)}: {files} files, {size / 1e6:.1f} MB")
    for path in reduced.hidden(Path.cwd(), folder, listed.runs, listed.tables):
        print(f"  {path}: has ended by now, and {unfinished_file(crystal, scale)} leaves it out; write the list anew")
    _tell(lacking)


@app.command()
def unfinished(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """List what of a scale has not ended, so that its figures are made of what has ended.

    The list is `config/crystals/<crystal>/unfinished/<scale>.yaml`. A run has ended when its record is there. Of the structure
    search and the variational calculations, tables count. After this, snakemake makes tables, figures and numbers from what has
    ended, and starts no run. To go on with the runs, remove the file.

    Example: `python -m qcrystal reduced unfinished --scale reference`
    """
    root, folder = Path.cwd(), results_folder(crystal, scale)
    file = root / unfinished_file(crystal, scale)
    found = reduced.unfinished(root, _all_jobs(root, crystal, scale), folder, DEAR)
    if any(found.values()):
        text = yaml.safe_dump({"unfinished": found}, sort_keys=False, width=1000)
        write_whole(file, HEAD.format(scale=scale) + text)
    else:
        file.unlink(missing_ok=True)
    runs, tables = len(found["runs"]), len(found["tables"])
    print(f"{file.relative_to(root)}: {runs} runs and {tables} tables have not ended")


@app.command()
def restore(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Put the committed results where the workflow and the audit look for them, unless there are results already.

    Example: `python -m qcrystal reduced restore --scale reference`
    """
    results_folder(crystal, scale)
    files = reduced.restore(Path.cwd(), crystal, scale)
    print(f"results/{crystal}/{scale}: {f'{files} files restored' if files else 'is there already'}")


@app.command()
def pause(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Pack the path integrals that have not ended, so that they go on in another place: commit the packs.

    A pack holds the newest checkpoint of a run and the samples before it. A run that is under way goes on.

    Example: `python -m qcrystal reduced pause --scale reference`
    """
    results_folder(crystal, scale)
    place = f"{reduced.place(crystal, scale)}.paused"
    runs = _path_integrals(crystal, scale)
    for folder in (run.folder for run in runs if not run.ended):
        if (folder / paused.WORK).is_dir():
            begun.refuse_unknown(folder)
    packs = paused.pack(runs, Path(place))
    models = {run.folder.name: run.model for run in runs}
    reduced.note_potentials(Path(place), {pack.run: models[pack.run] for pack in packs})
    print(f"{place}: {len(packs)} runs packed")
    for run, step, size in packs:
        print(f"  {run}: at step {step}, {size / 1e6:.1f} MB")


@app.command()
def resume(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Put packed path integrals where they go on from their checkpoints, unless other code began them.

    Then remove the list of what has not ended, if there is one, and run snakemake.

    Example: `python -m qcrystal reduced resume --scale reference`
    """
    results_folder(crystal, scale)
    runs, place = _path_integrals(crystal, scale), Path(f"{reduced.place(crystal, scale)}.paused")
    reduced.check_packs(place, {run.folder.name: run.model for run in runs})
    done, kept = paused.unpack(runs, place)
    of_run = {run.folder.name: run for run in runs}
    for name, step, _ in done:
        begun.note(of_run[name].folder, of_run[name].code)
        print(f"{name}: goes on from step {step}")
    for line in kept:
        print(line)


def _path_integrals(crystal: str, scale: str) -> list[paused.Run]:
    """Path integrals of a scale, those that are listed as unfinished too."""
    runs = []
    for job in _all_jobs(Path.cwd(), crystal, scale):
        if job.rule == "run" and job.record and job.parameters["specification"]["method"] in PATH_INTEGRAL_METHODS:
            record = Path(job.record)
            code = begun.code_that_began(record.parent) or job.parameters["code"]
            runs.append(paused.Run(record.parent, Path(job.inputs[0]), code, record.is_file()))
    return runs


def _all_jobs(root: Path, crystal: str, scale: str) -> list[Expected]:
    """Jobs behind every figure, as if nothing were listed as unfinished."""
    return expected_jobs(root, {"crystal": crystal, "scale": scale}, ["figures"], everything=True)


@app.command()
def figures(crystal: Crystal = "lah10", scale: Scale = "reference", cores: int = 1) -> None:
    """Redraw every figure and table whose tables are there, and say which tables the others lack. No dynamics runs.

    Example: `python -m qcrystal reduced figures --scale reference`
    """
    folder, (ready, lacking) = results_folder(crystal, scale), _restored(crystal, scale, "figures")
    if ready:
        _make([job.rule for job in ready], [job.results[0] for job in ready], crystal, scale, cores)
    print(f"{folder}: {len(ready)} figures and tables redrawn, {len(lacking)} not yet")
    _tell(lacking)


@app.command()
def paper(crystal: Crystal = "lah10", scale: Scale = "reference", cores: int = 1) -> None:
    """Redraw figures and tables, derive the numbers of the text, and typeset the paper. No dynamics runs.

    What no run gave a value is left out of the paper. It needs TeX.

    Example: `python -m qcrystal reduced paper --scale reference`
    """
    folder, (ready, lacking) = results_folder(crystal, scale), _restored(crystal, scale, "paper")
    if lacking:
        _tell(lacking)
        raise reduced.ReducedError(
            f"{reduced.place(crystal, scale)}: {len(lacking)} figures of the paper lack tables that are not committed; "
            "make these tables, then run: python -m qcrystal reduced write"
        )
    pdf = f"{folder}/manuscript/{Path(crystal).name}.pdf"
    _make([*(job.rule for job in ready), "numbers", "manuscript"], [pdf], crystal, scale, cores)
    print(f"Manuscript: {pdf}")


def _restored(crystal: str, scale: str, target: str) -> tuple[list[Expected], dict[str, list[str]]]:
    """Restore the committed results; figures of a target whose tables are there, and the tables that the others lack."""
    root = Path.cwd()
    reduced.restore(root, crystal, scale)
    jobs = expected_jobs(root, {"crystal": crystal, "scale": scale}, [target])
    return reduced.available(root, jobs, results_folder(crystal, scale))


def _make(rules: list[str], targets: list[str], crystal: str, scale: str, cores: int) -> None:
    """Let Snakemake run these rules anew, and no other."""
    folder = results_folder(crystal, scale)
    given = ["--config", f"crystal={crystal}", f"scale={scale}"]
    command = [sys.executable, "-m", "snakemake", "--quiet", *QUIET, "--keep-going", "--cores", str(cores), *given]
    command += ["--rerun-triggers", "mtime", "--allowed-rules", *rules, "--forcerun", *rules, "--", *targets]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
    if asked.returncode:
        lines = (asked.stdout + asked.stderr).splitlines()
        if any("cannot be locked" in line for line in lines):
            advice = "wait for it; if one was killed, run: snakemake --unlock"
            raise reduced.ReducedError(f"{folder}: another snakemake is at work in this repository; {advice}")
        said = [line for mark in ("details:", "rror") for line in lines if mark in line]
        if not said and not Path(folder, "logs").is_dir():  # it ended before the first job, and its last line says why
            raise reduced.ReducedError(
                ([line.strip() for line in lines if line.strip()] or [f"{folder}: no job began"])[-1]
            )
        why = f": {said[0].strip()}" if said else ""
        raise reduced.ReducedError(f"{folder}: not everything could be made; see {folder}/logs{why}")


def _tell(lacking: dict[str, list[str]]) -> None:
    """Print the tables that each figure lacks, one line per figure."""
    for figure, paths in lacking.items():
        print(f"  {figure}: waits for {', '.join(paths)}")
