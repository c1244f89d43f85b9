"""Relax one batch of random symmetric crystals."""

from pathlib import Path

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.card import trained_pressures
from qcrystal.provenance.record import job
from qcrystal.search.candidates import Effort, pair_distances, random_candidates, search_pressures, write_candidates
from qcrystal.statics.phonons import covered_pressures

with job(snakemake):
    parameters, batch = snakemake.params, int(snakemake.wildcards.batch)
    pressures = covered_pressures(
        parameters.pressures, trained_pressures(snakemake.input.card), parameters.number_of_pressures
    )
    candidates, counts = random_candidates(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        search_pressures(pressures),
        range(batch * parameters.starts, (batch + 1) * parameters.starts),
        parameters.seed,
        Effort(max_steps=parameters.max_steps, shortest=pair_distances(parameters.shortest)),
        parameters.formula_units,
        parameters.space_groups,
        parameters.window,
    )
    write_candidates(candidates, Path(snakemake.output.structures))
    write_table(counts, snakemake.output.counts)
