"""Run a workflow and show one line of progress; all that Snakemake says goes to a file."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qcrystal.commands._options import application
from qcrystal.errors import spelt_out

app = application()
STEPS = re.compile(r"^(\d+) of (\d+) steps \(\d+%\) done")
SAID = re.compile(r"^[a-z][\w ]*: .*\(details: .*\)$|^[a-z]\w*: warning: ")
"""Lines of a job that the user should see: its error, or a warning."""
PAUSE = 30.0
"""Seconds between two lines where no terminal is."""
LAST = 15
"""Lines that are repeated where Snakemake failed and no job said why."""
QUIET = ("Using workflow specific profile", "Config file ", "Nothing to be done", "Complete log")


def watch(lines: IO[str], log: IO[str], progress: Progress, clock=time.monotonic) -> list[str]:
    """Copy Snakemake's lines to a log and advance the progress by them; returns what jobs said to the user.

    Parameters
    ----------
    lines
        Snakemake's output, line by line.
    log
        Gets every line.
    progress
        Shows the jobs that have ended. Where its console is no terminal, it prints a line at most every `PAUSE` seconds.
    """
    task, said, shown = None, [], clock()
    started = shown
    for line in lines:
        log.write(line)
        log.flush()
        text = line.rstrip("\n")
        if SAID.match(text):
            said.append(text)
            progress.console.print(spelt_out(text), highlight=False, markup=False, soft_wrap=True)
        found = STEPS.match(text)
        if not found:
            continue
        done, total = map(int, found.groups())
        if task is None:
            task = progress.add_task("jobs", total=total)
        progress.update(task, completed=done, total=total)
        if not progress.console.is_terminal and (clock() - shown > PAUSE or done == total):
            shown = clock()
            left = (shown - started) * (total - done) / done
            progress.console.print(f"{done} of {total} jobs, about {_minutes(left)} left", highlight=False)
    return said


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def run(log: Path, command: list[str]) -> int:
    """Run Snakemake with a line of progress; returns its exit status.

    Parameters
    ----------
    log
        File for all that Snakemake says. An older one is replaced.
    command
        Snakemake and its arguments.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    # Not `supervise`: Snakemake stays in the terminal's process group, so that Ctrl-C reaches it and its jobs.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert process.stdout is not None
    with (
        log.open("w", encoding="utf-8") as file,
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        try:
            said = watch(process.stdout, file, bar)
            status = process.wait()
        except KeyboardInterrupt:  # the terminal has told Snakemake too
            console.print("stopping; what is finished is kept")
            status = process.wait()
            said = ["interrupted"]
    text = log.read_text(encoding="utf-8")
    if status and not said:
        last = [line for line in text.splitlines() if line.strip() and not line.startswith(QUIET)][-LAST:]
        console.print("\n".join(map(spelt_out, last)), highlight=False, markup=False, soft_wrap=True)
    elif not status and "Nothing to be done" in text:
        console.print("Nothing to be done: every result is there and up to date")
    if status:
        console.print(f"Stopped; the full log: {spelt_out(str(log))}", highlight=False, markup=False, soft_wrap=True)
    return status


@app.command(context_settings={"ignore_unknown_options": True})
def main(
    log: Annotated[Path, typer.Argument(help="File for all that Snakemake says; an older one is replaced.")],
    command: Annotated[list[str], typer.Argument(help="Snakemake and its arguments, after `--`.")],
) -> None:
    """Run a workflow and show one line of progress; all that Snakemake says goes to a file.

    On a terminal the line is drawn again as jobs end. Elsewhere a new line appears at most every half minute. The time left
    assumes that the jobs to come take as long as those that have ended, on average.

    Example: `python -m qcrystal progress results/lah10/smoke/logs/snakemake.log -- snakemake --cores 2`
    """
    raise typer.Exit(run(log, command))
