"""How far both learning loops are: errors on what they chose, before the potential is trained on it."""

from qcrystal.dft.labels import read_labels
from qcrystal.io.structures import read_structures
from qcrystal.io.tables import read_table, write_table
from qcrystal.provenance.job import job
from qcrystal.search.loops import progress
from qcrystal.search.ternary import DFT_STAND_IN, search_potential

with job(snakemake):
    p, given, frames = snakemake.params, snakemake.input, read_structures(snakemake.input.frames)
    own = search_potential(given.model, p.engine, p.stand_in)
    if p.stand_in:
        other = search_potential([], p.engine, p.stand_in, DFT_STAND_IN)
        labels = [other.get_potential_energy(atoms) for atoms in frames]
    else:
        labels = [label.energy for label in read_labels(given.labels).frames]
    errors = [
        (own.get_potential_energy(atoms) - label) / len(atoms) for atoms, label in zip(frames, labels, strict=True)
    ]
    table = progress(read_table(given.table, "ternary_loop_frames"), errors, p.goal)
    table = table.assign(potential="stand-in" if p.stand_in else "trained")
    write_table(table, snakemake.output.table, "ternary_progress")
