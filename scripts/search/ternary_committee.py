"""Enthalpies of candidates and references by every member of the committee."""

from qcrystal.io.structures import read_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.hull_errors import member_enthalpies
from qcrystal.search.ternary import by_committee

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    crystals = [atoms for path in given.structures for atoms in read_structures(path)]
    energies = by_committee(given.models, p.engine, p.stand_in, crystals)[0]
    write_table(member_enthalpies(energies, crystals, p.pressure), snakemake.output.table, "ternary_committee")
