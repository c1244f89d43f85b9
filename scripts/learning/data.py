"""Gather the labels of all generations so far; frames that are set apart for testing stay apart."""

from pathlib import Path

from qcrystal.dataset.checks import check_dataset
from qcrystal.dataset.split import write_split
from qcrystal.learning.generations import gather, separate, up_to
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters = snakemake.params
    source = Path(parameters.source) if parameters.source else None
    systems = gather([Path(path) for path in snakemake.input.labels], source, parameters.species)
    check_dataset(systems)
    generation = int(snakemake.wildcards.generation)
    train, test = up_to(generation, *separate(systems, parameters.test_fraction, parameters.seed))
    write_split(train, test, Path(snakemake.output.folder), {"labels_of_generation": generation})
    log.info(
        "generation %d: %d frames to train on, %d to test on", generation, sum(map(len, train)), sum(map(len, test))
    )
