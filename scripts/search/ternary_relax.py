"""Relax one batch of starts."""

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.candidates import write_candidates
from qcrystal.search.ternary import relaxed_starts, search_potential
from qcrystal.statics.relax import Effort, pair_distances

with job(snakemake):
    p = snakemake.params
    potential = search_potential(snakemake.input.model, p.engine, p.stand_in)
    effort = Effort(fmax=p.fmax, max_steps=p.max_steps, shortest=pair_distances(p.shortest))
    relaxed = relaxed_starts(potential, read_structures(snakemake.input.starts), p.pressure, effort)
    write_candidates(relaxed.found, snakemake.output.structures)
    write_table(relaxed.counts, snakemake.output.counts, "search_counts")
    write_structures(relaxed.paths, snakemake.output.paths)
