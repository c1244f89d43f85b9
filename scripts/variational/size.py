"""What the small cell of a variational calculation misses of the harmonic free energy."""

import pandas as pd

from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.sizes import size_row

with job(snakemake):
    given = snakemake.input
    task = opened(snakemake.params.specification, given.basis, given.model)
    potential = DeepPotential(given.model, task.spec.engine)
    row = size_row(task.spec, task.basis, task.symbols, potential)
    write_table(pd.DataFrame([row]), snakemake.output.table, "nct_size")
