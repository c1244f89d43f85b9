"""Energy of one quantum of each phonon in a trained variational density matrix."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.quasiphonons import quasi_phonons, without_values
from qcrystal.variational.training import given_of, read_weights, spec_state

with job(snakemake):
    given = snakemake.input
    task = opened(snakemake.params.specification, given.basis, given.model)
    spec, basis = task.spec, task.basis
    weights = read_weights(given.weights, spec, basis, task.digest)
    state, given_state = spec_state(spec, basis, spec.level), given_of(spec, basis)
    table = quasi_phonons(state, weights[spec.level], given_state, basis, task.potential, spec.samples, spec.seed + 2)
    summary = read_table(given.summary, "nct_summary").fillna({"refused": ""}).set_index("level")
    write_table(
        without_values(table.assign(run=spec.run), summary.loc[spec.level, "refused"]),
        snakemake.output.table,
        "nct_phonons",
    )
