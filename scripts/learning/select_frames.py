"""Judge the explored frames by the committee, and choose those that are labelled next."""

from pathlib import Path

import pandas as pd

from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.learning.generations import frames_of
from qcrystal.learning.select import Choice, read_runs, select
from qcrystal.potential.committee import Committee
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters, files = snakemake.params, snakemake.input
    labelled = frames_of(read_dataset(Path(files.data) / "train", list(parameters.species)))
    choice = Choice(soap=SoapSettings(**parameters.soap), batches=len(snakemake.output.batches), **parameters.choice)
    runs = read_runs(parameters.runs, files.frames, files.reports)
    generation = int(snakemake.wildcards.generation)
    found = select(
        runs, Committee(files.models, snakemake.params.engine), labelled, parameters.species, choice, generation
    )
    log.info("%s", found)
    for path, frames in zip(snakemake.output.batches, found.batches, strict=True):
        write_structures(frames, Path(path))
    write_table(found.table, snakemake.output.frames, "exploration_frames")
    write_table(pd.DataFrame([found.summary]), snakemake.output.summary, "generations")
