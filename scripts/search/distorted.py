"""Follow the imaginary modes of the prototype, and distort it to the space groups that are looked for."""

from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.search.candidates import search_pressures, write_candidates
from qcrystal.search.distorted import Distortions, distorted_candidates
from qcrystal.search.settle import SearchTask
from qcrystal.statics.coverage import covered_pressures
from qcrystal.statics.relax import Effort, pair_distances

with job(snakemake):
    p, trained = snakemake.params, read_trained_pressures(snakemake.input.trained)
    task = SearchTask(
        DeepPotential(Path(snakemake.input.model), snakemake.params.engine),
        Prototype(**p.prototype),
        search_pressures(covered_pressures(p.pressures, trained, p.number_of_pressures)),
        Effort(max_steps=p.max_steps, shortest=pair_distances(p.shortest)),
        p.window,
        p.seed,
    )
    tried = Distortions(p.phases, p.distortions, p.primitive_cells, p.masses)
    candidates, counts, modes = distorted_candidates(task, tried)
    write_candidates(candidates, Path(snakemake.output.structures))
    write_table(counts, snakemake.output.counts, "search_counts")
    write_table(modes, snakemake.output.modes, "imaginary_modes")
