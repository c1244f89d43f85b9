"""The data set that the generations leave: every labelled frame, those for testing in a set of their own, and their tables."""

import shutil
from pathlib import Path

from qcrystal.dataset.deepmd_npy import write_deepmd
from qcrystal.dataset.labelled_frames import summary
from qcrystal.io.tables import write_table
from qcrystal.learning.generations import gather, separate
from qcrystal.provenance.record import job

with job(snakemake) as log:
    parameters = snakemake.params
    source = Path(parameters.source) if parameters.source else None
    systems = gather([Path(path) for path in snakemake.input.labels], source, parameters.species)
    train, test = separate(systems, parameters.test_fraction, parameters.seed)
    folder = Path(snakemake.output.folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    origins = {}
    for name, group in (("set.000", train), ("set.001", test)):
        for system in group:
            origins.setdefault(system.name, []).extend(system.provenance["origins"])
            write_deepmd(system, partial / system.name, name, {"origins": origins[system.name]})
    write_table(summary(systems), partial / "summary.csv")
    for table in snakemake.input.tables:
        shutil.copy(table, partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    log.info(
        "%d systems, %d frames to train on, %d to test on", len(systems), *(sum(map(len, g)) for g in (train, test))
    )
