"""Draw the frames that are to be labelled and deal them out to the batches."""

from qcrystal.config.dft import Recipe, StructureRecipe
from qcrystal.crystal.prototype import Prototype
from qcrystal.dft.frames import Draw, displaced_frames, displaced_structures
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters, batches = snakemake.params, snakemake.output.frames
    prototype = Prototype(**parameters.prototype)
    effort = parameters.frames_per_recipe
    draw = Draw(parameters.species, parameters.frequencies, parameters.seed, effort, parameters.mobile)
    frames = []
    for recipe in parameters.recipes:
        frames += displaced_frames(prototype, Recipe(**recipe), draw)
    for number, recipe in enumerate(parameters.structure_recipes):
        given = read_structures(snakemake.input[f"structures{number}"])
        frames += displaced_structures(StructureRecipe(**recipe), given, draw)
    log.info("%d frames", len(frames))
    for number, path in enumerate(batches):
        write_structures(frames[number :: len(batches)], path)
