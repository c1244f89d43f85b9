"""Properties at rest by every member of several potentials' committees."""

from qcrystal.analysis.potentials import potentials_table, properties
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.statics.coverage import covered_pressures
from qcrystal.statics.phonons import PhononSettings
from qcrystal.statics.relax import Effort, pair_distances

with job(snakemake):
    p = snakemake.params
    settings = PhononSettings(p.repeat, p.masses, p.mesh)
    effort = Effort(shortest=pair_distances(p.shortest))
    pressures = covered_pressures(p.pressures, read_trained_pressures(snakemake.input.trained), p.number_of_pressures)
    tables = {}
    for name, member, model in zip(p.names, p.members, snakemake.input.models, strict=True):
        potential = DeepPotential(model, p.engine)
        cage = p.cage and Cage(**p.cage)
        tables[name, member] = properties(potential, Prototype(**p.prototype), cage, pressures, settings, effort)
    write_table(potentials_table(tables), snakemake.output.table, "potentials")
