"""Accuracy of the potential by pressure, force and system, and the limits beyond which a run extrapolates."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.accuracy import binned, limits
from qcrystal.potential.card import trained_pressures
from qcrystal.provenance.job import job

with job(snakemake) as log:
    frames = read_table(snakemake.input.frames, "held_out_frames")
    write_table(binned(frames), snakemake.output.conditions, "accuracy_conditions")
    bounds = limits(trained_pressures(snakemake.input.card), frames)
    for row in bounds.itertuples():
        log.info("%s: %g %s (%s)", row.limit, row.value, row.unit, row.rule)
    write_table(bounds, snakemake.output.limits, "accuracy_limits")
