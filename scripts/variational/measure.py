"""Free energy, energies, pressure and samples of a trained variational density matrix."""

import json
from pathlib import Path

from qcrystal.files import write_whole
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.variational.jobs import opened
from qcrystal.variational.judges import judge
from qcrystal.variational.measuring import measure, write_samples
from qcrystal.variational.training import read_weights

PATHS = {"summaries": "run_summary", "displacements": "run_msd", "cells": "run_cell"}

with job(snakemake):
    given, output = snakemake.input, snakemake.output
    task = opened(snakemake.params.specification, given.basis, given.model)
    weights = read_weights(given.weights, task.spec, task.basis, task.digest)
    references = read_table(given.reference, "nct_summary") if given.get("reference") else None
    tables = [[read_table(path, schema) for path in given[role]] for role, schema in PATHS.items()]
    by = judge(task.spec, *tables, snakemake.params.atoms)
    summary, samples, report = measure(
        task.spec, task.basis, task.symbols, task.energy, task.potential, weights, references, by
    )
    write_samples(Path(output.samples), task.spec, task.basis, task.symbols, samples)
    write_table(summary, output.summary, "nct_summary")
    write_whole(output.report, json.dumps(report, indent=1, sort_keys=True) + "\n")
