"""Paths of least energy of the mobile atoms' hops, their saddle points, and rates along them."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.provenance.job import job
from qcrystal.statics.hop_path import BandEffort, hop_tables
from qcrystal.statics.quasiharmonic import start_lattice_constant

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    statics = [read_table(given[name], name) for name in ("equation_of_state", "phonons", "harmonic_energy")]
    lattice_constant = start_lattice_constant(*statics, p.pressure, 0.0, quantum=True)
    tables = hop_tables(
        DeepPotential(given.model, p.engine),
        Prototype(**p.prototype),
        lattice_constant,
        p.mobile,
        p.masses,
        p.temperatures,
        p.mechanisms,
        BandEffort(tuple(p.effort["repeat"]), *(p.effort[name] for name in ("images", "force", "steps"))),
    )
    write_table(tables.paths, snakemake.output.paths, "hop_paths")
    saddles = tables.saddles.assign(pressure=p.pressure, lattice_constant=lattice_constant)
    write_table(saddles, snakemake.output.saddles, "hop_saddles")
    write_table(tables.rates, snakemake.output.rates, "hop_rates")
