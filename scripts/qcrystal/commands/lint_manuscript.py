"""Find results that were typed into the manuscript by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qcrystal.commands._options import application
from qcrystal.manuscript.typed_numbers import typed_numbers

app = application()


@app.command()
def main(files: Annotated[list[Path], typer.Argument(help="LaTeX files.")]) -> None:
    """Find results that were typed into the manuscript by hand, where a macro of the workflow should stand.

    Example: `python -m qcrystal lint-manuscript manuscript/lah10.tex`
    """
    found = [(path, typed) for path in files for typed in typed_numbers(path.read_text(encoding="utf-8"))]
    for path, typed in found:
        print(
            f"{path}:{typed.line}: {typed.text!r} is typed in; print a macro of numbers.json, or, if it is chosen and not found, "
            f"name it in a comment '% typed: {typed.text}'",
            file=sys.stderr,
        )
    raise typer.Exit(bool(found))
