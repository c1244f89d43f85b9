"""Energies above the hull by DFT, or by its stand-in."""

from qcrystal.dft.labels import read_labels
from qcrystal.io.structures import read_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job
from qcrystal.search.ternary import DFT_STAND_IN, dft_table, search_potential

with job(snakemake):
    p, frames = snakemake.params, read_structures(snakemake.input.frames)
    if not p.dft:
        frames, energies = [], []
    elif p.stand_in:
        potential = search_potential([], p.engine, p.stand_in, DFT_STAND_IN)
        energies = [potential.get_potential_energy(atoms) for atoms in frames]
    else:
        energies = [label.energy for label in read_labels(snakemake.input.labels).frames]
    table = dft_table(frames, energies, p.pressure, p.elements)
    write_table(table, snakemake.output.table, "ternary_dft")
