"""Errors and committee deviations of a trained potential on each labelled frame that it was not trained on."""

from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import write_table
from qcrystal.potential.accuracy import held_out_frames
from qcrystal.potential.committee import Committee
from qcrystal.provenance.job import job

with job(snakemake):
    systems = read_dataset(Path(snakemake.input.data) / "test", snakemake.params.species)
    committee = Committee([Path(path) for path in snakemake.input.models], snakemake.params.engine)
    write_table(held_out_frames(committee, systems), snakemake.output.table, "held_out_frames")
