"""Choose the found structures that DFT checks: the lowest few at three pressures, and the cubic phase beside them."""

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table
from qcrystal.provenance.record import job
from qcrystal.search.candidates import frames_to_check

with job(snakemake):
    frames = frames_to_check(
        read_table(snakemake.input.table), read_structures(snakemake.input.structures), snakemake.params.check
    )
    write_structures(frames, snakemake.output.frames)
