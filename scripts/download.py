"""Bring a public data set here, downloaded or from a local copy, every file checked against its SHA-256."""

from pathlib import Path

from qcrystal.datasets import fetch_ly2022
from qcrystal.provenance import job

with job(snakemake) as log:
    source = snakemake.params.source
    report = fetch_ly2022(
        Path(snakemake.output.folder),
        Path(source["path"]) if source["path"] else None,
        Path(source["checksums"]),
        source["repository"],
        source["commit"],
        key=f"datasets.{snakemake.wildcards.dataset}.path",
    )
    log.info("%d files verified from %s", report.verified, report.source)
    if report.missing_test_sets:
        log.info("the copy lacks the published test split (%d systems)", len(report.missing_test_sets))
