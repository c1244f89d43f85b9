"""All architectures beside each other."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job

with job(snakemake):
    rows = [read_table(path, "ternary_trainers") for path in snakemake.input]
    write_table(pd.concat(rows, ignore_index=True), snakemake.output.table, "ternary_trainers")
