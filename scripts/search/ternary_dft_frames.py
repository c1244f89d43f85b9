"""Choose what DFT tests: references, survivors, and a sample of every stage's rejects."""

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table
from qcrystal.provenance.job import job
from qcrystal.search.funnel import Thresholds
from qcrystal.search.ternary import Candidates, DftSample, frames_for_dft, read_references

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    references = read_references(read_table(given.references, "ternary_references"), given.crystals)
    candidates = Candidates(read_table(given.table, "ternary_candidates"), read_structures(given.structures))
    phonons = read_table(given.phonons, "ternary_phonons")
    tested = DftSample(**p.tested)
    frames = frames_for_dft(candidates, phonons, references, Thresholds(**p.thresholds), tested, p.seed)
    write_structures(frames, snakemake.output.frames)
