"""Make and test the pseudopotential of one element."""

from pathlib import Path

from qcrystal.provenance.job import job
from qcrystal.superconductivity.pseudopotentials import generate, recipe_of

with job(snakemake):
    recipe = recipe_of(snakemake.wildcards.element, snakemake.params.recipe)
    generate(recipe, Path(snakemake.output.file).parent)
