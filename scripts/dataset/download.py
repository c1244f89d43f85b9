"""Bring a public data set here, downloaded or from a local copy, every file checked against its SHA-256."""

from pathlib import Path

from qcrystal.dataset.download import download
from qcrystal.provenance.job import job

with job(snakemake) as log:
    key = f"datasets.{snakemake.wildcards.dataset}.path"
    report = download(Path(snakemake.output.folder), snakemake.params.source, key)
    log.info("%d files verified from %s", report.verified, report.source)
    if report.missing_test_sets:
        log.info("the copy lacks the published test split (%d systems)", len(report.missing_test_sets))
