"""Harmonic phonons of the cubic phase, at pressures that contain the zero-point pressure at 0 K."""

from pathlib import Path

from qcrystal.config import Prototype
from qcrystal.potential import DeepPotential
from qcrystal.provenance import job
from qcrystal.statics import phonons_with_zero_point_pressure
from qcrystal.tables import read_table, write_table

with job(snakemake):
    parameters = snakemake.params
    tables = phonons_with_zero_point_pressure(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        read_table(snakemake.input.eos),
        parameters.pressures,
        parameters.repeat,
        mesh=parameters.mesh,
        masses=parameters.masses,
    )
    write_table(tables.summary, snakemake.output.table)
    write_table(tables.dos, snakemake.output.dos)
    write_table(tables.harmonic_energy, snakemake.output.energy)
