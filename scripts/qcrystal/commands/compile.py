"""Compile the native evaluator of potentials for this kind of processor."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from qcrystal.commands._options import application, console
from qcrystal.dynamics.lammps.compiled_bath import compile_kick
from qcrystal.dynamics.lammps.native import callback
from qcrystal.potential.native.evaluation import advance
from qcrystal.potential.native.evaluator import Evaluator
from qcrystal.potential.native.kernels import compiled
from qcrystal.potential.native.neighbours import find_pairs
from qcrystal.potential.native.weights import read_weights

app = application()


@app.command()
def main(models: Annotated[list[Path], typer.Argument(help="Frozen potentials (.pb).")]) -> None:
    """Compile the native evaluator of potentials for this kind of processor.

    Potentials whose harmonics have the same degree share what is compiled. It is kept beside the code; where that may not be
    written to, the variable `NUMBA_CACHE_DIR` names a folder. Processors of another kind compile for themselves, once.

    Example: `python -m qcrystal compile models/lah10-fast/model.pb models/lah10-accurate/model.pb`
    """
    degrees = sorted({read_weights(path).degree for path in models})
    said = f"compiling for harmonics up to degree {' and '.join(map(str, degrees))}"
    with console(stderr=True).status(said), ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        kernels = [processes.submit(compile_kernel, degree) for degree in degrees]
        find_pairs(np.zeros((1, 3)), 4 * np.eye(3)[None], np.array([0, 1]), 1.0)
        callback()
        compile_kick()
        advance(parallel=True)
        for kernel in kernels:
            kernel.result()
    for path in models:
        Evaluator(path).evaluate(np.zeros((1, 1, 3)), 4 * np.eye(3)[None], [0])


def compile_kernel(degree: int) -> None:
    """Compile what is made for one degree of the harmonics, in a process of its own: that takes a minute."""
    compiled(degree)
