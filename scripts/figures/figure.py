"""Draw one figure, or write one table, from tidy tables."""

from pathlib import Path

from qcrystal.figures.registry import FIGURES
from qcrystal.io.structures import read_structures
from qcrystal.io.tables import read_table
from qcrystal.manuscript.published import read_published
from qcrystal.provenance.record import job

with job(snakemake):
    tables = {}
    for number, name in enumerate(snakemake.params.names):
        path = snakemake.input.get(f"input{number}")
        if not path:  # an optional one that is not there
            continue
        tables[name] = read_structures(path) if path.endswith(".extxyz") else read_table(path)
    figure = FIGURES[snakemake.params.figure]
    published = read_published(snakemake.input.published)
    result = figure.draw(tables, published, snakemake.params.converged_length)
    figure.write(result, Path(snakemake.output[0]).with_suffix(""))
