"""Train one member of a generation's committee."""

import os
import shutil
from pathlib import Path

from qcrystal.files import file_digest
from qcrystal.io.tables import write_table
from qcrystal.potential.deepmd import TrainingSettings, learning_curve, render_input, train
from qcrystal.provenance.record import job

with job(snakemake):
    parameters = snakemake.params
    settings = TrainingSettings(
        **parameters.architecture,
        species=parameters.species,
        steps=parameters.steps,
        checkpoint_every=max(1, parameters.steps // 4),
        seeds={"descriptor": parameters.seed, "fitting": parameters.seed + 1, "batches": parameters.seed + 2},
    )
    data = Path(snakemake.input.data).resolve()
    # the test frames are not shown to the training at all, not even for its log
    document = render_input(settings, sorted((data / "train").iterdir()), [])
    model = Path(snakemake.output.model)
    folder = model.with_suffix(".training")
    identity = f"{parameters.code} {file_digest(data)}"
    os.replace(train(document, folder, snakemake.threads, identity, compress=False, trainer=settings.trainer), model)
    write_table(learning_curve(folder), snakemake.output.curve)
    shutil.rmtree(folder)
