"""Concatenate a table of a sweep's runs, with their conditions, and whether they extrapolate, in front."""

from pathlib import Path

from qcrystal.analysis.collect import read_deviations, sweep_table
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake):
    name = snakemake.wildcards.table
    specs = [RunSpec(**run) for run in snakemake.params.runs]
    folders = {Path(file).parent.name: Path(file).parent for file in snakemake.input.observables}
    table = sweep_table(name, specs, folders, read_deviations(snakemake.input.deviation))
    write_table(table, snakemake.output.table, f"sweep_{name}")
