"""Critical temperatures of every compound at each set of meshes, broadening and Coulomb pseudopotential."""

import pandas as pd

from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.superconductivity.tables import Convergence, compound_table

with job(snakemake):
    p = snakemake.params
    rule = Convergence(*p.converged_sigmas, p.converged_change)
    tables = [compound_table(name, each, p.mu_star, p.lowest_frequency, rule) for name, each in p.compounds.items()]
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.table, "critical_temperatures")
