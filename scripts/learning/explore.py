"""One run of the exploration: dynamics with the newest potential, kept as far as it holds together."""

import json
from pathlib import Path

from qcrystal.config.dft import Recipe
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dynamics.spec import RunSpec
from qcrystal.files import write_whole
from qcrystal.io.structures import write_structures
from qcrystal.learning.explore import explore
from qcrystal.provenance import begun
from qcrystal.provenance.job import job

with job(snakemake) as log:
    parameters, output = snakemake.params, Path(snakemake.output.frames)
    spec, recipe = RunSpec(**parameters.specification), Recipe(**parameters.recipe)
    labels = read_dataset(Path(snakemake.input.data) / "train", list(spec.species))
    prototype, model = Prototype(**parameters.prototype), Path(snakemake.input.model)
    folder = output.with_suffix(".run")
    begun.begin(folder, (), parameters.code)  # what other code began does not go on
    found = explore(spec, prototype, recipe, labels, model, folder, parameters.nearest)
    log.info("start at %.4f Å; %d frames; %s", found.lattice_constant, len(found.frames), found.ended)
    write_structures(found.frames, output)
    report = {"frames": len(found.frames), "ended": found.ended}
    write_whole(snakemake.output.report, json.dumps(report, indent=1) + "\n")
