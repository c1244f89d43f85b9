"""Relax the reference crystals of the hull."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.ternary import relaxed_references, search_potential
from qcrystal.statics.relax import Effort

with job(snakemake):
    p = snakemake.params
    potential = search_potential(snakemake.input.model, p.engine, p.stand_in)
    prototypes = {name: Prototype(**each) for name, each in p.references.items()}
    effort = Effort(max_steps=3 * p.max_steps, shortest=0.3)
    found = relaxed_references(potential, prototypes, p.pressure, effort)
    write_structures(found.crystals, snakemake.output.structures)
    write_table(found.table, snakemake.output.table, "ternary_references")
