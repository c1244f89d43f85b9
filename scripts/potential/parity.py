"""Accuracy of a potential on the frames that it was trained on and, apart, on those that it was not; its model card."""

from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.tables import write_table
from qcrystal.manuscript.published import published_accuracies, read_published
from qcrystal.potential.card import write_card
from qcrystal.potential.evaluate import parity, thinning
from qcrystal.potential.model_card import committee_entry, model_card
from qcrystal.potential.settings import Training
from qcrystal.provenance.job import job

with job(snakemake):
    data, models = Path(snakemake.input.data), [Path(path) for path in snakemake.input.models]
    training, name = Training.model_validate(snakemake.params.training), snakemake.wildcards.dataset
    systems = {part: read_dataset(data / part, training.species) for part in ("train", "test")}
    every = thinning(systems)
    errors, histograms = parity(models[0], systems, every)
    dataset = {"name": name, **snakemake.params.dataset}
    literature = published_accuracies(read_published(Path(snakemake.input.published)))
    committee = committee_entry(models, systems["test"])
    card = model_card(models[0], name, training, dataset, systems, errors, every, literature, committee=committee)
    write_card(card, Path(snakemake.output.card))
    write_table(errors, snakemake.output.errors, "parity_errors")
    write_table(histograms, snakemake.output.histograms, "parity_histograms")
