"""How far both learning loops are after each turn."""

import pandas as pd

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job

with job(snakemake):
    tables = [read_table(path, "ternary_progress") for path in snakemake.input]
    joined = pd.concat([table.assign(turn=turn) for turn, table in enumerate(tables, 1)])
    write_table(joined, snakemake.output.table, "ternary_loops")
