"""Minimise the free energy of a variational density matrix, level by level."""

import shutil
from pathlib import Path

from qcrystal.io.tables import write_table
from qcrystal.provenance import begun
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.training import Training, write_weights

with job(snakemake):
    task = opened(snakemake.params.specification, snakemake.input.basis, snakemake.input.model)
    folder = Path(snakemake.output.weights).parent / "training"
    begun.begin(folder, (), snakemake.params.code)  # checkpoints of other code do not go on
    table, weights = Training(task.spec, task.basis, task.potential, folder, task.digest).run()
    write_table(table.assign(run=task.spec.run), snakemake.output.table, "nct_training")
    write_weights(snakemake.output.weights, task.spec, task.basis, task.digest, weights)
    shutil.rmtree(folder)  # its checkpoints are of no use any more
