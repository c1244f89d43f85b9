"""Bring a published lithium potential here, verified by its checksum."""

from pathlib import Path

from qcrystal.provenance.job import job
from qcrystal.variational.published_potentials import LITHIUM, fetch

with job(snakemake):
    fetch(LITHIUM[snakemake.wildcards.published], Path(snakemake.output.model), snakemake.params.local)
