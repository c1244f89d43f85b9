"""Write the pages of origin of figures, tables and numbers."""

from pathlib import Path

from qcrystal.manuscript.origin_pages import Subject, write_pages
from qcrystal.provenance.job import job


def subject(entry) -> Subject:
    """A figure or table with its picture, if it has one."""
    first = Path(entry["files"][0])
    picture = first if first.suffix == ".png" else None
    return Subject(entry["name"], first.with_suffix(".prov.json"), picture, first.with_suffix(".caption.json"))


with job(snakemake):
    p = snakemake.params
    folder = Path(snakemake.output[0]).parent
    write_pages([subject(entry) for entry in p.entries], Path(snakemake.input.numbers), p.command, folder)
