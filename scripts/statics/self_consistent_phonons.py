"""Phonons renormalised by zero-point and thermal motion, at lattices of the harmonic phonons' table."""

import pandas as pd

from qcrystal.crystal.prototype import Prototype
from qcrystal.fields import spread
from qcrystal.io.tables import read_table, records, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.provenance.job import job
from qcrystal.statics.phonons import PhononSettings
from qcrystal.statics.self_consistent import SelfConsistentSettings, self_consistent_phonons

with job(snakemake):
    p, effort = snakemake.params, snakemake.params.effort
    rows = list(records(read_table(snakemake.input.phonons, "phonons").sort_values("pressure")))
    found = [
        self_consistent_phonons(
            DeepPotential(snakemake.input.model, p.engine),
            Prototype(**p.prototype),
            row.lattice_constant,
            PhononSettings(tuple(effort["repeat"]), p.masses, p.mesh),
            SelfConsistentSettings(p.temperatures, effort["snapshots"], effort["iterations"], p.seed),
            row.pressure,
        )
        for row in spread(rows, effort["pressures"])
    ]
    table, dos, free_energy = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
    write_table(table, snakemake.output.table, "self_consistent_phonons")
    write_table(dos, snakemake.output.dos, "self_consistent_dos")
    write_table(free_energy, snakemake.output.free_energy, "self_consistent_free_energy")
