"""Compile the native evaluator of potentials for this kind of processor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from qcrystal.commands._options import application, console
from qcrystal.dynamics.lammps.compiled_bath import compile_kick
from qcrystal.dynamics.lammps.native import callback
from qcrystal.potential.native.evaluation import advance
from qcrystal.potential.native.evaluator import Evaluator

app = application()


@app.command()
def main(models: Annotated[list[Path], typer.Argument(help="Frozen potentials (.pb).")]) -> None:
    """Compile the native evaluator of potentials for this kind of processor.

    Potentials whose harmonics have the same degree share what is compiled. It is kept beside the code; where that may not be
    written to, the variable `NUMBA_CACHE_DIR` names a folder. Processors of another kind compile for themselves, once.

    Example: `python -m qcrystal compile models/lah10-fast/model.pb models/lah10-accurate/model.pb`
    """
    for path in models:
        with console(stderr=True).status(f"compiling for {path}"):
            Evaluator(path).evaluate(np.zeros((1, 1, 3)), 4 * np.eye(3)[None], [0])
    callback()
    compile_kick()
    advance(parallel=True)
