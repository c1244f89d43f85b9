"""Make and test the pseudopotential of one element."""

from pathlib import Path

from qcrystal.provenance.job import job
from qcrystal.superconductivity.pseudopotentials import RECIPES, generate

with job(snakemake):
    generate(RECIPES[snakemake.wildcards.element], Path(snakemake.output.file).parent)
