"""Follow the imaginary modes of the prototype, and distort it to the space groups that are looked for."""

from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.card import trained_pressures
from qcrystal.provenance.record import job
from qcrystal.search.candidates import Effort, distorted_candidates, pair_distances, search_pressures, write_candidates
from qcrystal.statics.phonons import covered_pressures

with job(snakemake):
    parameters = snakemake.params
    pressures = covered_pressures(
        parameters.pressures, trained_pressures(snakemake.input.card), parameters.number_of_pressures
    )
    candidates, counts, modes = distorted_candidates(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        search_pressures(pressures),
        parameters.seed,
        Effort(max_steps=parameters.max_steps, shortest=pair_distances(parameters.shortest)),
        parameters.phases,
        parameters.distortions,
        parameters.primitive_cells,
        parameters.window,
        parameters.masses,
    )
    write_candidates(candidates, Path(snakemake.output.structures))
    write_table(counts, snakemake.output.counts)
    write_table(modes, snakemake.output.modes)
