"""Free energies of all calculations of a sweep, and Gibbs energies where it has several volumes."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.variational.gibbs import gibbs_table

with job(snakemake):
    output = snakemake.output
    table = pd.concat([read_table(path, "nct_summary") for path in snakemake.input.summaries], ignore_index=True)
    write_table(table, output.summary, "nct_summary")
    write_table(gibbs_table(table), output.gibbs, "nct_gibbs")
