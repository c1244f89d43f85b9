"""Harmonic phonons of the prototype, at pressures that contain the zero-point pressure at 0 K."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.statics.coverage import beyond_training, covered_pressures
from qcrystal.statics.phonons import PhononSettings, check_highest_frequency, phonons_with_zero_point_pressure

with job(snakemake):
    p, trained = snakemake.params, read_trained_pressures(snakemake.input.trained)
    tables = phonons_with_zero_point_pressure(
        DeepPotential(snakemake.input.model, snakemake.params.engine),
        Prototype(**p.prototype),
        read_table(snakemake.input.eos, "equation_of_state"),
        covered_pressures(p.pressures, trained, p.number_of_pressures, p.beyond_training),
        PhononSettings(p.repeat, p.masses, p.mesh),
    )
    # A released potential and its configuration fit; one that was just trained, perhaps briefly, need not.
    check_highest_frequency(tables.summary, p.max_frequency, p.highest_run_pressure, p.crystal_file, refuse=p.released)
    summary = tables.summary.assign(beyond_training=beyond_training(tables.summary["static_pressure"], trained))
    write_table(summary, snakemake.output.table, "phonons")
    write_table(tables.dos, snakemake.output.dos, "phonon_dos")
    write_table(tables.harmonic_energy, snakemake.output.energy, "harmonic_energy")
