"""Compare the tables of a new run with the committed ones, within their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qcrystal.analysis.comparison import FAR, compare, not_compared, read_summaries
from qcrystal.commands._options import Crystal, Scale, application, results_folder
from qcrystal.provenance import reduced

app = application()


@app.command()
def main(
    crystal: Crystal = "lah10",
    scale: Scale = "laptop",
    against: Annotated[str, typer.Option(help="Scale of the committed results.")] = "reference",
) -> None:
    """Compare the tables of a new run with the committed ones, within their errors.

    The conditions that both have are compared: method, isotope, start, atoms, pressure, temperature.

    Exit status: 0 all agree, 1 more values differ by three combined errors than chance explains, 2 there is nothing to compare.

    Example: `python -m qcrystal compare --scale workstation`
    """
    results_folder(crystal, scale)
    folders = [Path("results", crystal, scale), Path(reduced.place(crystal, against))]
    ours, known = (read_summaries(folder) for folder in folders)
    found = compare(ours, known)
    if found.empty:
        raise reduced.ReducedError(
            f"{folders[0]} and {folders[1]}: no condition with errors is in both; nothing is compared"
        )
    far = found[found["distance"] > FAR]
    for row in far.itertuples():
        print(
            f"{row.observable} of {row.species}, {row.method}, {row.start}, {row.atoms:g} atoms, {row.pressure_target:g} GPa, "
            f"{row.temperature_target:g} K: {row.value:.5g} and {row.value_known:.5g}, {row.distance:.1f} errors apart"
        )
    allowed = max(1, round(0.01 * len(found)))  # of Gaussian errors 0.3 % are that far, and errors are estimates
    print(f"{len(found)} values compared, {len(far)} more than {FAR:g} errors apart ({allowed} expected at most)")
    for folder, table in zip(folders, (ours, known), strict=True):
        left, every = not_compared(table, found)
        if left:
            print(
                f"{folder}: {left} of {every} conditions are not compared, as the other has not run them or has no errors"
            )
    raise typer.Exit(int(len(far) > allowed))
