"""Observables of one run, each with its error."""

from pathlib import Path

from qcrystal.analysis.observe import observe
from qcrystal.analysis.production import ObserveSettings
from qcrystal.crystal.order_parameters import OrderParameters
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dynamics.trajectory import read_run
from qcrystal.io.table_schemas.runs import OBSERVABLES
from qcrystal.io.tables import read_json, read_table, write_table
from qcrystal.provenance.job import job

with job(snakemake):
    parameters = snakemake.params
    settings = ObserveSettings(
        Prototype(**parameters.prototype),
        parameters.cage and Cage(**parameters.cage),
        OrderParameters(**parameters.order_parameters),
    )
    trajectory, thermo = read_run(Path(snakemake.input.trajectory).parent, snakemake.wildcards.run)
    eos, report = read_table(snakemake.input.eos, "equation_of_state"), read_json(snakemake.input.report)
    tables = observe(trajectory, thermo, eos, settings, report)
    for name in OBSERVABLES:
        write_table(tables[name], snakemake.output[name], f"run_{name}")
