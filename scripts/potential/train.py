"""Train a deep potential, or a member of a committee, and finish it."""

import json
from pathlib import Path

from qcrystal.files import write_whole
from qcrystal.potential.settings import Training
from qcrystal.potential.training import description, train_on_dataset
from qcrystal.provenance.job import job

with job(snakemake):
    parameters, data = snakemake.params, Path(snakemake.input.data)
    training = Training.model_validate(parameters.training)
    train_on_dataset(
        training,
        data,
        Path(snakemake.output.model),
        Path(snakemake.output.curve),
        snakemake.threads,
        parameters.code,
        parameters.compress,
    )
    document = description(training, snakemake.wildcards.dataset, data)
    write_whole(snakemake.output.settings, json.dumps(document, indent=1) + "\n")
