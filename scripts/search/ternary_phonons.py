"""Phonons of the candidates that pass the first three stages."""

from qcrystal.io.structures import read_structures
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds
from qcrystal.search.ternary import Candidates, lowest_frequencies, search_potential

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    potential = search_potential(given.model, p.engine, p.stand_in)
    candidates = Candidates(read_table(given.table, "ternary_candidates"), read_structures(given.structures))
    table = lowest_frequencies(potential, candidates, Thresholds(**p.thresholds), p.supercell)
    write_table(table, snakemake.output.table, "ternary_phonons")
