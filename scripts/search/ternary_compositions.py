"""List the compositions that are searched."""

from qcrystal.crystal.formulas import Space
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.ternary import composition_table

with job(snakemake):
    p = snakemake.params
    table = composition_table(p.elements, Space(*p.space[:2], tuple(p.space[2])), p.max_atoms)
    write_table(table, snakemake.output.table, "ternary_compositions")
