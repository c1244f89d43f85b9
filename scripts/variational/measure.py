"""Free energy, energies, pressure and samples of a trained variational density matrix."""

import json
from pathlib import Path

from qcrystal.files import write_whole
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.measuring import measure, write_samples
from qcrystal.variational.training import read_weights

with job(snakemake):
    given, output = snakemake.input, snakemake.output
    task = opened(snakemake.params.specification, given.basis, given.model)
    weights = read_weights(given.weights, task.spec, task.basis, task.digest)
    summary, samples, report = measure(task.spec, task.basis, task.symbols, task.energy, task.potential, weights)
    write_samples(Path(output.samples), task.spec, task.basis, task.symbols, samples)
    write_table(summary, output.summary, "nct_summary")
    write_whole(output.report, json.dumps(report, indent=1, sort_keys=True) + "\n")
