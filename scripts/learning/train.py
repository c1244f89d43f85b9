"""Train one member of a generation's committee. The test frames are not shown to it at all, not even for its log."""

from pathlib import Path

from qcrystal.potential.settings import Training
from qcrystal.potential.training import train_on_dataset
from qcrystal.provenance.job import job

with job(snakemake):
    train_on_dataset(
        Training.model_validate(snakemake.params.training),
        Path(snakemake.input.data),
        Path(snakemake.output.model),
        Path(snakemake.output.curve),
        snakemake.threads,
        snakemake.params.code,
        compress=False,
        parts=("train",),
    )
