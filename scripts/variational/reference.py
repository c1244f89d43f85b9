"""Free energy by thermodynamic integration, with classical atoms and with path integrals, in the cell of a variational state."""

from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.references import reference_table
from qcrystal.variational.training import read_weights

with job(snakemake):
    given = snakemake.input
    task = opened(snakemake.params.specification, given.basis, given.model)
    weights = read_weights(given.weights, task.spec, task.basis, task.digest)
    table = reference_table(task.spec, task.basis, task.symbols, task.energy, task.potential, weights)
    write_table(table, snakemake.output.table, "nct_summary")
