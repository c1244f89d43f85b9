"""Typeset the manuscript; its figures, tables, captions and numbers are results of the workflow."""

from pathlib import Path

from qcrystal.manuscript.typesetting import typeset
from qcrystal.provenance.job import job

with job(snakemake) as log:
    given = snakemake.input
    inputs = [given.bibliography, given.macros, *given.figures, *given.tables]
    log.info("%s", typeset(Path(given.text), inputs, given.captions, Path(snakemake.output.pdf)))
