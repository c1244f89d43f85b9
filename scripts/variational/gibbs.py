"""Tables of all calculations of a sweep, and Gibbs energies where it has several volumes."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.variational.gibbs import gibbs_table

with job(snakemake):
    given, output = snakemake.input, snakemake.output
    for paths, target, schema in (
        (given.trainings, output.training, "nct_training"),
        (given.phonons, output.phonons, "nct_phonons"),
        (given.summaries, output.summary, "nct_summary"),
    ):
        table = pd.concat([read_table(path, schema) for path in paths], ignore_index=True)
        write_table(table, target, schema)
    write_table(gibbs_table(table), output.gibbs, "nct_gibbs")
