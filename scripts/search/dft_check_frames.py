"""Choose the found structures that DFT checks: the lowest few at three pressures, and the cubic phase beside them."""

import os

from ase.io import write

from qcrystal.io.tables import read_structures, read_table
from qcrystal.provenance.record import job
from qcrystal.search.candidates import frames_to_check

with job(snakemake):
    frames = frames_to_check(
        read_table(snakemake.input.table), read_structures(snakemake.input.structures), snakemake.params.check
    )
    partial = f"{snakemake.output.frames}.partial"
    write(partial, frames, format="extxyz")
    os.replace(partial, snakemake.output.frames)
