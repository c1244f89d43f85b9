"""Cubic lattices relaxed by DFT: lattice constant, internal coordinate, pressure and distances."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dft.frames import DftError, gpaw_python, run_gpaw
from qcrystal.files import write_whole
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.record import SCRIPTS, job
from qcrystal.statics.equation_of_state import lattice_row

with job(snakemake):
    prototype, cage = Prototype(**snakemake.params.prototype), Cage(**snakemake.params.cage)
    table = Path(snakemake.output.table)
    cells, settings, result = (table.with_suffix(suffix) for suffix in (".extxyz", ".settings.json", ".json"))
    frames = [primitive_cell(prototype, a) for a in snakemake.params.lattice_constants]
    write_structures(frames, cells)
    write_whole(settings, json.dumps(snakemake.params.settings))
    arguments = ["--frames", str(cells), "--setups", snakemake.input.setups]
    arguments += ["--settings", str(settings), "--output", str(result)]
    run_gpaw(
        gpaw_python(snakemake.params.python),
        [str(SCRIPTS / "dft/lattice.py"), *arguments],
        "relaxation of cubic lattices",
    )
    rows = []
    for lattice_constant, cell in zip(
        snakemake.params.lattice_constants, json.loads(result.read_text())["cells"], strict=True
    ):
        if not cell["converged"]:
            raise DftError(f"{result}: the cell at {lattice_constant} Å did not relax to 5 meV/Å in 30 steps")
        atoms = primitive_cell(prototype, lattice_constant)
        atoms.set_scaled_positions(np.array(cell["positions"]))
        rows.append(lattice_row(prototype, atoms, lattice_constant, cell["energy"], cell["pressure"], cage))
    write_table(pd.DataFrame(rows), table)
