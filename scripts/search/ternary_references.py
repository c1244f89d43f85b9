"""Relax the reference crystals of the hull."""

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.ternary import relaxed_references, search_potential
from qcrystal.statics.relax import SMALLEST_VOLUME, Effort, pair_distances

with job(snakemake):
    p = snakemake.params
    potential = search_potential(snakemake.input.model, p.engine, p.stand_in)
    prototypes = {name: Prototype(**each) for name, each in p.references.items()}
    # the stand-in has lengths of its own; within the inner distances a trained potential is its repulsion alone
    shortest = 0.3 if p.stand_in else pair_distances({pair: ends[0] for pair, ends in p.repulsion.items()})
    effort = Effort(max_steps=3 * p.max_steps, shortest=shortest)
    smallest = 0.0 if p.stand_in else SMALLEST_VOLUME
    found = relaxed_references(potential, prototypes, p.pressure, effort, smallest)
    write_structures(found.crystals, snakemake.output.structures)
    write_table(found.table, snakemake.output.table, "ternary_references")
