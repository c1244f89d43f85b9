"""Observables of one run, each with its error."""

import json
from pathlib import Path

from qcrystal.analysis.observe import ObserveSettings, observe
from qcrystal.config import Cage, Prototype
from qcrystal.provenance import job
from qcrystal.tables import read_table, write_table
from qcrystal.trajectory import Trajectory

with job(snakemake):
    settings = ObserveSettings(prototype=Prototype(**snakemake.params.prototype), cage=Cage(**snakemake.params.cage))
    trajectory = Trajectory(Path(snakemake.input.trajectory))
    thermo, eos = read_table(snakemake.input.thermo), read_table(snakemake.input.eos)
    report = json.loads(Path(snakemake.input.report).read_text(encoding="utf-8"))
    tables = observe(trajectory, thermo, eos, settings, report)
    for name in ("summary", "msd", "rdf", "paths", "cell"):
        write_table(tables[name], snakemake.output[name])
