"""One table of all calculations of a sweep."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job

with job(snakemake):
    schema = snakemake.params.schema
    tables = [read_table(path, schema) for path in snakemake.input.tables]
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.table, schema)
