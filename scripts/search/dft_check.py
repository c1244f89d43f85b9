"""Compare DFT's enthalpies of the found structures with the potential's."""

from qcrystal.dft.convergence import read_labels
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import write_table
from qcrystal.potential.card import read_card
from qcrystal.provenance.record import job
from qcrystal.search.candidates import check_table

with job(snakemake):
    frames = read_structures(snakemake.input.frames)
    labels = read_labels(snakemake.input.labels)
    card = read_card(snakemake.input.card)
    write_table(check_table(frames, labels, f"{card['name']} {card['sha256'][:8]}"), snakemake.output.table)
    write_structures(frames, snakemake.output.structures)
