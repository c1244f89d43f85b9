"""Check a data set and split it into frames to train on and frames never to be trained on."""

from pathlib import Path

from qcrystal.dataset.checks import Limits, check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dataset.labelled_frames import summary
from qcrystal.dataset.split import split, write_split
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake) as log:
    settings = snakemake.params.settings
    systems = read_dataset(Path(snakemake.params.source), snakemake.params.species)
    check_dataset(systems, Limits.model_validate(settings["limits"]))
    train, test = split(systems, settings["test"], settings["test_fraction"], snakemake.params.seed)
    log.info("%d frames to train on, %d to test on", sum(map(len, train)), sum(map(len, test)))
    origin = {"dataset": snakemake.wildcards.dataset, "rule": settings["test"], "seed": snakemake.params.seed}
    write_split(train, test, Path(snakemake.output.folder), origin)
    write_table(summary(systems), snakemake.output.summary, "data_summary")
