"""Pack results with their history as a Provenance Run Crate, or check that a crate is unchanged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import application

app = application(help=f"{__doc__}\n\nExample: `python -m qcrystal crate verify results/lah10/laptop/crate.zip`")
Crate = Annotated[Path, typer.Argument(help="The crate: a .zip or a folder.")]


def _end_if(faults: list[str]) -> None:
    """Say what is wrong, a line each, and end with status 1; go on if nothing is."""
    for line in faults:
        print(line, file=sys.stderr)
    if faults:
        raise typer.Exit(1)


@app.command()
def write(
    results: Annotated[Path, typer.Argument(help="Folder `results/<crystal>/<scale>` of a finished workflow.")],
    output: Annotated[Path, typer.Argument(help="The crate: a .zip, which is replaced, or a new folder.")],
    with_trajectories: Annotated[
        bool, typer.Option("--with-trajectories", help="Put trajectories in, not only their digests.")
    ] = False,
) -> None:
    """Pack the results of a scale with the record of every job, the code and the configuration.

    Example: `python -m qcrystal crate write results/lah10/laptop results/lah10/laptop/crate.zip`
    """
    from qcrystal.provenance.crate import builder

    files, jobs = builder.write(results, output, with_trajectories)
    print(f"{output}: {files} files, {jobs} jobs")


@app.command()
def verify(crate: Crate) -> None:
    """Compare every file of a crate with its metadata, its records, and the identifier that it carries.

    Example: `python -m qcrystal crate verify results/lah10/laptop/crate.zip`
    """
    from qcrystal.provenance.crate import verify as verifying

    wrong = verifying.verify(crate)
    _end_if(wrong)
    print(f"{crate}: every file is as metadata and records describe it")


@app.command()
def validate(crate: Crate) -> None:
    """Check with rocrate-validator that the crate has all that its profile requires. No network is needed.

    Example: `python -m qcrystal crate validate results/lah10/laptop/crate.zip`
    """
    from qcrystal.provenance.crate import verify as verifying

    issues = verifying.required_issues(crate)
    _end_if(issues)
    print(f"{crate}: has all that {verifying.PROFILE} requires")
