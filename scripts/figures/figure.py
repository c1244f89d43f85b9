"""Draw one figure, or make one table, from tidy tables."""

from pathlib import Path

from qcrystal.figures.draw import draw, read_inputs, write
from qcrystal.manuscript.published import read_published
from qcrystal.provenance.job import job

with job(snakemake):
    p = snakemake.params
    inputs = read_inputs(p.kind, {role: list(snakemake.input.get(role, ())) for role in p.roles})
    literature = read_published(snakemake.input.published)
    published = {role: literature.cited(name) for role, name in p.published.items()}
    result = draw(p.kind, inputs, published, p.options, p.converged_length, p.not_ended)
    write(p.kind, result, Path(snakemake.output[0]).with_suffix(""), p.caption, p.not_ended)
