"""Write the front page of the results."""

from pathlib import Path

from qcrystal.manuscript.index_page import Item, write_index
from qcrystal.provenance.job import job

with job(snakemake):
    p = snakemake.params
    items = [
        Item(each["name"], each["category"], tuple(map(Path, each["files"])), tuple(map(Path, each["sources"])))
        for each in p.entries
    ]
    write_index(p.title, p.subtitle, items, Path(snakemake.input.numbers), Path(snakemake.output.page))
