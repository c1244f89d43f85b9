"""Accuracy of a potential on the frames that it was trained on and, apart, on those that it was not; its model card."""

from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.files import file_digest
from qcrystal.io.tables import write_table
from qcrystal.manuscript.published import published_entry, read_published
from qcrystal.potential.committee import Committee, deviation_statistics
from qcrystal.potential.deepmd import TrainingSettings, model_card, parity, write_card
from qcrystal.provenance.record import job

TRAINING_FRAMES = 250

with job(snakemake):
    data, models = Path(snakemake.input.data), [Path(path) for path in snakemake.input.models]
    parameters = snakemake.params
    systems = {part: read_dataset(data / part, parameters.species) for part in ("train", "test")}
    every = {"train": max(1, sum(map(len, systems["train"])) // TRAINING_FRAMES)}
    errors, histograms = parity(models[0], systems, every)
    settings = TrainingSettings(
        **parameters.architecture,
        species=parameters.species,
        repulsion=parameters.repulsion,
        steps=parameters.steps,
        checkpoint_every=parameters.checkpoint_every,
        seeds={"descriptor": parameters.seed, "fitting": parameters.seed + 1, "batches": parameters.seed + 2},
    )
    known = read_published(Path(snakemake.input.published))
    literature = {
        source: {
            "energy_meV_per_atom": published_entry(known, f"{study}_energy_rmse")["value"],
            "force_meV_per_angstrom": 1e3 * published_entry(known, f"{study}_force_rmse")["value"],
        }
        for source, study in (("qin2023", "qin"), ("ly2022", "ly"))
    }
    committee = None
    if len(models) > 1:
        committee = deviation_statistics(Committee(models), systems["test"])
        committee["sha256"] = {path.name: file_digest(path) for path in models}
    card = model_card(
        models[0],
        snakemake.wildcards.dataset,
        settings,
        {"name": snakemake.wildcards.dataset, **parameters.dataset},
        systems,
        errors,
        every,
        literature,
        committee=committee,
    )
    write_card(card, Path(snakemake.output.card))
    write_table(errors, snakemake.output.errors)
    write_table(histograms, snakemake.output.histograms)
