"""Relax one batch of random symmetric crystals."""

from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.search.candidates import search_pressures, write_candidates
from qcrystal.search.random_crystals import random_candidates
from qcrystal.search.settle import SearchTask
from qcrystal.statics.coverage import covered_pressures
from qcrystal.statics.relax import Effort, pair_distances

with job(snakemake):
    parameters, batch = snakemake.params, int(snakemake.wildcards.batch)
    trained = read_trained_pressures(snakemake.input.trained)
    task = SearchTask(
        DeepPotential(Path(snakemake.input.model), snakemake.params.engine),
        Prototype(**parameters.prototype),
        search_pressures(covered_pressures(parameters.pressures, trained, parameters.number_of_pressures)),
        Effort(max_steps=parameters.max_steps, shortest=pair_distances(parameters.shortest)),
        parameters.window,
        parameters.seed,
    )
    starts = range(batch * parameters.starts, (batch + 1) * parameters.starts)
    candidates, counts = random_candidates(task, starts, parameters.formula_units, parameters.space_groups)
    write_candidates(candidates, Path(snakemake.output.structures))
    write_table(counts, snakemake.output.counts, "search_counts")
