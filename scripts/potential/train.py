"""Train a deep potential, or a member of a committee, and finish it; the learning curve is kept."""

import json
import os
import shutil
from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.files import file_digest, write_whole
from qcrystal.io.tables import write_table
from qcrystal.potential.deepmd import TrainingSettings, learning_curve, portable_input, render_input, train
from qcrystal.potential.shortrange import refuse_overlap
from qcrystal.provenance.record import job

with job(snakemake):
    parameters = snakemake.params
    seed = parameters.seed
    settings = TrainingSettings(
        **parameters.architecture,
        species=parameters.species,
        repulsion=parameters.repulsion,
        steps=parameters.steps,
        checkpoint_every=parameters.checkpoint_every,
        seeds={"descriptor": seed, "fitting": seed + 1, "batches": seed + 2},
    )
    data = Path(snakemake.input.data).resolve()
    systems = {part: sorted(path for path in (data / part).iterdir()) for part in ("train", "test")}
    refuse_overlap(
        settings.repulsion,
        [system for part in systems for system in read_dataset(data / part, settings.species)],
        settings.species,
    )
    document = render_input(settings, systems["train"], systems["test"])
    model = Path(snakemake.output.model)
    folder = model.with_suffix(".training")
    identity = f"{parameters.code} {file_digest(data)}"
    finished = train(
        document,
        folder,
        snakemake.threads,
        identity,
        parameters.compress,
        settings.trainer,
        settings.repulsion,
        settings.table_spacing,
    )
    os.replace(finished, model)
    portable = portable_input(document, snakemake.wildcards.dataset)
    write_whole(snakemake.output.settings, json.dumps(portable, indent=1) + "\n")
    write_table(learning_curve(folder), snakemake.output.curve)
    shutil.rmtree(folder)
