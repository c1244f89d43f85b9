"""Vibrational densities of states of all runs in real time that the crystal names."""

from pathlib import Path

import pandas as pd

from qcrystal.analysis.vibrations import vibrations
from qcrystal.dynamics.trajectory import read_run
from qcrystal.io.table_schemas.registry import TABLES
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake):
    tables = [pd.DataFrame(columns=TABLES["vibrations"].names)]
    for file in snakemake.input.trajectories:
        trajectory, thermo = read_run(Path(file).parent, Path(file).parent.name)
        spec = trajectory.spec
        tables.append(
            vibrations(trajectory, thermo, snakemake.params.resolution).assign(
                run=spec.run,
                method=spec.method,
                isotope=spec.isotope,
                pressure=spec.pressure,
                temperature=spec.temperature,
            )
        )
    write_table(pd.concat(tables, ignore_index=True), snakemake.output.table, "vibrations")
