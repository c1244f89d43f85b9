"""Draw the frames that are to be labelled and deal them out to the batches."""

from qcrystal.config.dft import Recipe, StructureRecipe
from qcrystal.crystal.prototype import Prototype
from qcrystal.dft.frames import displaced_frames, displaced_structures
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.provenance.record import job

with job(snakemake) as log:
    frames = []
    for recipe in snakemake.params.recipes:
        frames += displaced_frames(
            Prototype(**snakemake.params.prototype),
            Recipe(**recipe),
            snakemake.params.species,
            snakemake.params.frequencies,
            snakemake.params.seed,
            snakemake.params.frames_per_recipe,
        )
    for number, recipe in enumerate(snakemake.params.structure_recipes):
        frames += displaced_structures(
            StructureRecipe(**recipe),
            read_structures(snakemake.input[f"structures{number}"]),
            snakemake.params.species,
            snakemake.params.frequencies,
            snakemake.params.seed,
            snakemake.params.frames_per_recipe,
        )
    log.info("%d frames", len(frames))
    batches = snakemake.output.frames
    for number, path in enumerate(batches):
        write_structures(frames[number :: len(batches)], path)
