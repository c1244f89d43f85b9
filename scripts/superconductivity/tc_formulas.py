"""Critical temperatures of one Einstein peak by every formula."""

from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.superconductivity.tables import formula_table

with job(snakemake):
    p = snakemake.params
    write_table(formula_table(p.couplings, p.mu_star), snakemake.output.table, "tc_formulas")
