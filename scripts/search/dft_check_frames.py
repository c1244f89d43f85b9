"""Choose the found crystals that DFT checks: the lowest few at three pressures, and the prototype beside them."""

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table
from qcrystal.provenance.job import job
from qcrystal.search.dft_check import frames_to_check

with job(snakemake):
    found = read_table(snakemake.input.table, "enthalpies"), read_structures(snakemake.input.structures)
    write_structures(frames_to_check(*found, snakemake.params.check), snakemake.output.frames)
