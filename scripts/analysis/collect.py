"""Concatenate the observables of a sweep's runs, with their conditions, and whether they extrapolate, in front."""

from pathlib import Path

from qcrystal.analysis.collect import read_deviations, sweep_table
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.table_schemas.runs import OBSERVABLES
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake):
    specs = [RunSpec(**run) for run in snakemake.params.runs]
    folders = {Path(file).parent.name: Path(file).parent for file in snakemake.input.observables}
    deviations = read_deviations(snakemake.input.deviation)
    for name in OBSERVABLES:
        write_table(sweep_table(name, specs, folders, deviations), snakemake.output[name], f"sweep_{name}")
