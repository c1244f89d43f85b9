"""Losses of every stage of the funnel, measured by DFT of a sample of its rejects."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds, false_rejects

with job(snakemake):
    table = read_table(snakemake.input.all, "ternary_all")
    tested = read_table(snakemake.input.dft, "ternary_dft").rename(columns={"part": "stage"})
    found = false_rejects(table, tested, Thresholds(**snakemake.params.thresholds))
    found["potential"] = table["potential"].iloc[0]
    write_table(found, snakemake.output.table, "ternary_rejects")
