"""Survivors of every stage of the funnel."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds, survivors, told
from qcrystal.search.ternary import joined

with job(snakemake):
    given = snakemake.input
    table = joined(
        read_table(given.candidates, "ternary_candidates"),
        read_table(given.phonons, "ternary_phonons"),
        read_table(given.dft, "ternary_dft"),
    )
    write_table(table, snakemake.output.all, "ternary_all")
    found = survivors(table, Thresholds(**snakemake.params.thresholds))
    write_table(told(found, table), snakemake.output.table, "ternary_funnel")
