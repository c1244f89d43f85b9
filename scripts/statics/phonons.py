"""Harmonic phonons of the cubic phase, at pressures that contain the zero-point pressure at 0 K."""

import sys
from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.card import trained_pressures
from qcrystal.provenance.record import job
from qcrystal.statics.phonons import (
    StaticsError,
    beyond_training,
    check_highest_frequency,
    covered_pressures,
    phonons_with_zero_point_pressure,
)

with job(snakemake) as log:
    parameters = snakemake.params
    trained = trained_pressures(snakemake.input.card)
    pressures = covered_pressures(
        parameters.pressures, trained, parameters.number_of_pressures, parameters.beyond_training
    )
    tables = phonons_with_zero_point_pressure(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        read_table(snakemake.input.eos),
        pressures,
        parameters.repeat,
        mesh=parameters.mesh,
        masses=parameters.masses,
    )
    try:
        check_highest_frequency(
            tables.summary, parameters.max_frequency, parameters.highest_run_pressure, parameters.crystal_file
        )
    except StaticsError as error:
        # A released potential and its configuration fit; one that was just trained, perhaps briefly, need not.
        if parameters.released:
            raise
        log.warning("%s", error)
        print(f"phonons: warning: {error}", file=sys.stderr)
    summary = tables.summary.assign(beyond_training=beyond_training(tables.summary["static_pressure"], trained))
    write_table(summary, snakemake.output.table)
    write_table(tables.dos, snakemake.output.dos)
    write_table(tables.harmonic_energy, snakemake.output.energy)
