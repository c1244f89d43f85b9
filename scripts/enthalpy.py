"""Static enthalpies of the cubic phase and of the structures that distorted cells relax to."""

import os
from pathlib import Path

from ase.io import write

from qcrystal.config import Prototype
from qcrystal.potential import DeepPotential
from qcrystal.provenance import job
from qcrystal.statics import relaxed_enthalpies
from qcrystal.tables import write_table

with job(snakemake):
    parameters = snakemake.params
    table, structures = relaxed_enthalpies(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        parameters.pressures,
        parameters.seed,
        n_starts=parameters.starts,
        max_steps=parameters.max_steps,
    )
    partial = f"{snakemake.output.structures}.partial"
    write(partial, structures, format="extxyz")
    os.replace(partial, snakemake.output.structures)
    write_table(table, snakemake.output.table)
