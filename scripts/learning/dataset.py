"""The data set that the generations leave: every labelled frame, those for testing in a set of their own, and their tables."""

from pathlib import Path

from qcrystal.dataset.labelled_frames import summary
from qcrystal.io.tables import write_table
from qcrystal.learning.generations import gather, separate, write_generations
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters, folder = snakemake.params, Path(snakemake.output.folder)
    source = Path(parameters.source) if parameters.source else None
    systems = gather([Path(path) for path in snakemake.input.labels], source, parameters.species)
    train, test = separate(systems, parameters.test_fraction, parameters.seed)
    write_generations(train, test, [Path(path) for path in snakemake.input.tables], folder)
    write_table(summary(systems), folder / "summary.csv", "data_summary")
    counts = sum(map(len, train)), sum(map(len, test))
    log.info("%d systems, %d frames to train on, %d to test on", len(systems), *counts)
