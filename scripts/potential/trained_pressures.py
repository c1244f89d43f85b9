"""Pressures that the potential was trained on, from its card."""

from qcrystal.potential.card import trained_pressures
from qcrystal.potential.trained import write_trained_pressures
from qcrystal.provenance.job import job

with job(snakemake):
    write_trained_pressures(trained_pressures(snakemake.input.card), snakemake.output.table)
