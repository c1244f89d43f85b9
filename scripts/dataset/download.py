"""Bring a public data set here, downloaded or from a local copy, every file checked against its SHA-256.

The files gather in a hidden folder beside the output, which Snakemake does not remove after a failure: a broken-off download
continues, if it is still the same source that is asked for.
"""

import json
import os
import shutil
from pathlib import Path

from qcrystal.dataset.download import fetch_ly2022
from qcrystal.files import file_digest, write_whole
from qcrystal.provenance.record import job

with job(snakemake) as log:
    source = snakemake.params.source
    folder = Path(snakemake.output.folder)
    partial = folder.with_name(f".{folder.name}.partial")
    mark, wanted = partial / "source.json", json.dumps([source, file_digest(source["checksums"])], sort_keys=True)
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(partial, ignore_errors=True)
        write_whole(mark, wanted)
    report = fetch_ly2022(
        partial / "files",
        Path(source["path"]) if source["path"] else None,
        Path(source["checksums"]),
        source["repository"],
        source["commit"],
        key=f"datasets.{snakemake.wildcards.dataset}.path",
    )
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial / "files", folder)
    shutil.rmtree(partial)
    log.info("%d files verified from %s", report.verified, report.source)
    if report.missing_test_sets:
        log.info("the copy lacks the published test split (%d systems)", len(report.missing_test_sets))
