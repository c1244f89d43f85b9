"""Reduced results of long runs: commit them, restore them, and redraw the figures from them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from qcrystal.commands._options import Crystal, Scale, application, results_folder
from qcrystal.provenance import reduced
from qcrystal.provenance.workflow import expected_jobs

app = application(help=f"{__doc__}\n\nExample: `python -m qcrystal reduced figures`")


@app.command()
def write(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Reduce the results of a scale into results/reference, which is committed.

    It keeps records, figures, numbers and the tables behind them, and of everything else the digests.

    Example: `python -m qcrystal reduced write --scale reference`
    """
    folder = results_folder(crystal, scale)
    jobs = expected_jobs(Path.cwd(), {"crystal": crystal, "scale": scale}, ["figures"])
    files, size = reduced.write(Path.cwd(), jobs, crystal, scale)
    _, lacking = reduced.available(Path.cwd(), jobs, folder)
    print(f"{reduced.place(crystal, scale)}: {files} files, {size / 1e6:.1f} MB")
    _tell(lacking)


@app.command()
def restore(crystal: Crystal = "lah10", scale: Scale = "reference") -> None:
    """Put the committed results where the workflow and the audit look for them, unless there are results already.

    Example: `python -m qcrystal reduced restore --scale reference`
    """
    results_folder(crystal, scale)
    files = reduced.restore(Path.cwd(), crystal, scale)
    print(f"results/{crystal}/{scale}: {f'{files} files restored' if files else 'is there already'}")


@app.command()
def figures(crystal: Crystal = "lah10", scale: Scale = "reference", cores: int = 1) -> None:
    """Redraw every figure and table whose tables are there, and say which tables the others lack. No dynamics runs.

    Example: `python -m qcrystal reduced figures --scale reference`
    """
    root, folder = Path.cwd(), results_folder(crystal, scale)
    reduced.restore(root, crystal, scale)
    jobs = expected_jobs(root, {"crystal": crystal, "scale": scale}, ["figures"])
    ready, lacking = reduced.available(root, jobs, folder)
    if ready:
        targets = [job.results[0] for job in ready]
        given = ["--config", f"crystal={crystal}", f"scale={scale}"]
        command = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", str(cores), *given]
        rules = [job.rule for job in ready]
        command += ["--rerun-triggers", "mtime", "--allowed-rules", *rules, "--forcerun", *rules, "--", *targets]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        asked = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
        if asked.returncode:
            said = [line for line in (asked.stdout + asked.stderr).splitlines() if "rror" in line] or ["no word"]
            raise reduced.ReducedError(f"{folder}: the figures cannot be drawn: {said[0].strip()}")
    print(f"{folder}: {len(ready)} figures and tables redrawn, {len(lacking)} not yet")
    _tell(lacking)


def _tell(lacking: dict[str, list[str]]) -> None:
    """What figures lack, one line each."""
    for figure, paths in lacking.items():
        print(f"  {figure}: waits for {', '.join(paths)}")
