"""Gather the labelled batches into a DeePMD data set."""

import shutil
from pathlib import Path

from qcrystal.dataset.checks import check_dataset
from qcrystal.dataset.deepmd_npy import write_deepmd
from qcrystal.dft.labels import labels_to_systems
from qcrystal.files import put_in_place
from qcrystal.provenance.job import job

with job(snakemake) as log:
    systems = labels_to_systems([Path(path) for path in snakemake.input.labels])
    check_dataset(systems)
    folder = Path(snakemake.output.folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for system in systems:
        write_deepmd(system, partial / system.name)
    put_in_place(partial, folder)
    log.info("%d systems, %d frames", len(systems), sum(map(len, systems)))
