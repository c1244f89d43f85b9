"""Make one batch of starts: random crystals, or all orderings on a prototype."""

import itertools

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import read_table
from qcrystal.provenance.job import job
from qcrystal.search.ternary import ordered_starts, random_starts, read_references, write_starts
from qcrystal.statics.relax import pair_distances

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    references = read_references(read_table(given.references, "ternary_references"), given.crystals)
    if p.prototype is None:
        table = read_table(given.compositions, "ternary_compositions")
        shortest = pair_distances(p.shortest)
        starts = random_starts(table, range(*p.numbers), references, p.groups, shortest, p.seed)
    else:
        name, pairs = snakemake.wildcards.batch, itertools.combinations(p.elements, 2)
        starts = ordered_starts(name, Prototype(**p.prototype), pairs, p.metals, references)
    write_structures(write_starts(starts), snakemake.output.structures)
