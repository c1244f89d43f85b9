"""Hop rates of quantum baths in a double well, beside those that theory knows."""

from qcrystal.analysis.double_well import Effort, double_well_table
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.statics.tunnelling import DoubleWell

with job(snakemake):
    p = snakemake.params
    well = DoubleWell(p.well["barrier"], p.well["quantum"], p.mass)
    effort = Effort(p.wells, p.length, p.seed)
    table = double_well_table(well, Bath(**p.bath), p.temperatures, p.well["methods"], effort)
    write_table(table, snakemake.output.table, "double_well")
