"""Accuracy of the potential by pressure, force and system, and the limits beyond which a run extrapolates."""

from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.card import read_card
from qcrystal.potential.extrapolation import binned, limits
from qcrystal.provenance.record import job

COLUMNS = ("system", "atoms", "pressure", "force_rms", "energy_error", "force_rmse", "deviation_max", "deviation_rms")

with job(snakemake) as log:
    card = read_card(snakemake.input.card)
    frames = read_table(snakemake.input.frames, COLUMNS)
    write_table(binned(frames), snakemake.output.conditions)
    bounds = limits(card, frames)
    for row in bounds.itertuples():
        log.info("%s: %g %s (%s)", row.limit, row.value, row.unit, row.rule)
    write_table(bounds, snakemake.output.limits)
