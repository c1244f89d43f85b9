"""Committee deviation along runs, and whether they extrapolate."""

from pathlib import Path

import pandas as pd

from qcrystal.analysis.deviation import run_deviation, run_summary
from qcrystal.analysis.equilibration import production_start
from qcrystal.dynamics.trajectory import read_run
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.committee import Committee
from qcrystal.provenance.job import job

with job(snakemake) as log:
    models = [Path(path) for path in snakemake.input.models]
    committee = Committee(models, snakemake.params.engine) if len(models) > 1 else None
    bounds = read_table(snakemake.input.limits, "accuracy_limits")
    frames, runs = [], []
    for path in map(Path, snakemake.input.trajectories):
        run = path.parent.name
        trajectory, thermo = read_run(path.parent, run)
        deviation = run_deviation(committee, trajectory, production_start(thermo, None), snakemake.params.frames)
        rows, extrapolates = run_summary(deviation, thermo, bounds)
        log.info("%s: %d frames, extrapolates: %s", run, len(deviation), extrapolates)
        frames.append(deviation.assign(run=run))
        runs.append(rows.assign(run=run, extrapolates=extrapolates))
    write_table(pd.concat(frames, ignore_index=True), snakemake.output.frames, "deviation_frames")
    write_table(pd.concat(runs, ignore_index=True), snakemake.output.runs, "deviation_runs")
