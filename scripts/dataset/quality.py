"""Quality report of a data set: its frames, its systems, its histograms."""

from pathlib import Path

from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dataset.quality import report
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake) as log:
    data = Path(snakemake.input.data)
    systems = {part: read_dataset(data / part, snakemake.params.species) for part in ("train", "test")}
    tables = report(systems)
    for row in tables["systems"].itertuples():
        log.info(
            "%s: %d frames to train on, %d to test on (%s), %d outliers, %d duplicates",
            row.system,
            row.train,
            row.test,
            row.verdict,
            row.outliers,
            row.duplicates,
        )
    for name, table in tables.items():
        write_table(table, snakemake.output[name], f"quality_{name}")
