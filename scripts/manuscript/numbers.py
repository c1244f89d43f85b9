"""Look up the numbers of the text and write them as JSON and as LaTeX macros."""

from pathlib import Path

from qcrystal.manuscript.numbers import NumberSet, write_numbers
from qcrystal.provenance.job import job

with job(snakemake):
    p = snakemake.params
    files = dict(zip(p.sources, snakemake.input, strict=True))
    numbers = NumberSet.model_validate({"numbers": p.numbers}).numbers
    write_numbers(numbers, files, p.scale, Path(snakemake.output.numbers), Path(snakemake.output.macros), p.partial)
