"""Critical temperatures of every compound at each broadening and Coulomb pseudopotential."""

from pathlib import Path

import pandas as pd

from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.superconductivity.tables import compound_table

with job(snakemake):
    p = snakemake.params
    tables = [
        compound_table(name, each, Path(each["coupling"]), p.mu_star, p.lowest_frequency)
        for name, each in p.compounds.items()
    ]
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.table, "critical_temperatures")
