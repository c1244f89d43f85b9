"""Train one architecture, and measure it on the frames held out."""

from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import write_table
from qcrystal.potential.settings import Training
from qcrystal.potential.training import train_on_dataset
from qcrystal.provenance.job import job
from qcrystal.search.trainers import trainer_row

with job(snakemake):
    p, made, data = snakemake.params, snakemake.output, Path(snakemake.input.data)
    training = Training.model_validate(p.training)
    train_on_dataset(training, data, Path(made.model), Path(made.curve), snakemake.threads, p.code, compress=False)
    train, test = (read_dataset(data / part, training.species) for part in ("train", "test"))
    row = trainer_row(snakemake.wildcards.trained, training, Path(made.model), train, test, p.labels)
    write_table(row, made.table, "ternary_trainers")
