"""Pair distribution functions and mean sites of all levels of a trained variational density matrix."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.structures import structure_tables, without_refused_levels
from qcrystal.variational.training import read_weights

with job(snakemake):
    given, output, params = snakemake.input, snakemake.output, snakemake.params
    task = opened(params.specification, given.basis, given.model)
    weights = read_weights(given.weights, task.spec, task.basis, task.digest)
    tables = structure_tables(task.spec, task.basis, task.symbols, weights, Prototype(**params.prototype))
    summary = read_table(given.summary, "nct_summary")
    for table, target, schema in zip(tables, (output.rdf, output.sites), ("nct_rdf", "nct_sites"), strict=True):
        write_table(without_refused_levels(table, summary), target, schema)
