"""Compare DFT's enthalpies of the found structures with the potential's."""

from qcrystal.dft.labels import read_labels
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import write_table
from qcrystal.potential.card import read_card
from qcrystal.provenance.job import job
from qcrystal.search.dft_check import dft_comparison

with job(snakemake):
    frames, card = read_structures(snakemake.input.frames), read_card(snakemake.input.card)
    labels = read_labels(snakemake.input.labels).frames
    write_table(dft_comparison(frames, labels, f"{card.name} {card.sha256[:8]}"), snakemake.output.table, "dft_check")
    write_structures(frames, snakemake.output.structures)
