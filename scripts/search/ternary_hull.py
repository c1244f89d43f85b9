"""The different crystals of all batches, on the hull with the references."""

from pathlib import Path

from qcrystal.io.structures import write_structures
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.card import read_card
from qcrystal.provenance.job import job
from qcrystal.search.candidates import read_all_candidates
from qcrystal.search.funnel import Thresholds
from qcrystal.search.ternary import candidate_table, read_references

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    references = read_references(read_table(given.references, "ternary_references"), given.crystals)
    candidates = read_all_candidates(given.candidates)
    thresholds = Thresholds(**p.thresholds)
    found = candidate_table(candidates, references, p.elements, thresholds, p.error, p.draws, p.seed)
    write_structures(found.crystals, snakemake.output.structures)
    table = found.table.assign(potential="stand-in" if p.stand_in else "trained")
    if given.get("card"):  # a stand-in and the potentials of later turns have none
        table["frames"] = sum(part.frames or 0 for part in read_card(Path(given.card)).split.values())
    write_table(table, snakemake.output.table, "ternary_candidates")
