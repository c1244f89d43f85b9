"""Losses of every stage of the funnel, measured by DFT of a sample of its rejects."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds, false_rejects, told

with job(snakemake):
    p = snakemake.params
    table = read_table(snakemake.input.all, "ternary_all")
    tested = read_table(snakemake.input.dft, "ternary_dft").rename(columns={"part": "stage"})
    found = false_rejects(table, tested, Thresholds(**p.thresholds))
    if p.dft_atoms is not None:
        found["dft_atoms"] = p.dft_atoms
    write_table(told(found, table), snakemake.output.table, "ternary_rejects")
