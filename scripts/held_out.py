"""Errors and committee deviations of a trained potential on each labelled frame that it was not trained on."""

from pathlib import Path

from qcrystal.committee import Committee
from qcrystal.conditions import held_out_frames
from qcrystal.datasets import read_dataset
from qcrystal.provenance import job
from qcrystal.tables import write_table

with job(snakemake):
    systems = read_dataset(Path(snakemake.input.data) / "test", snakemake.params.species)
    committee = Committee([Path(path) for path in snakemake.input.models])
    write_table(held_out_frames(committee, systems), snakemake.output.table)
