"""Static enthalpies of the cubic phase and of the structures that the search found, with what a committee says about them."""

from pathlib import Path

import pandas as pd

from qcrystal.crystal.prototype import Prototype
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import read_table, write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.card import trained_pressures
from qcrystal.potential.committee import Committee
from qcrystal.provenance.record import job
from qcrystal.search.candidates import Effort, committee_columns, enthalpies, pair_distances, read_candidates
from qcrystal.statics.phonons import beyond_training, covered_pressures

with job(snakemake):
    parameters = snakemake.params
    trained = trained_pressures(snakemake.input.card)
    pressures = covered_pressures(
        parameters.pressures, trained, parameters.number_of_pressures, parameters.beyond_training
    )
    result = enthalpies(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        pressures,
        [candidate for path in snakemake.input.candidates for candidate in read_candidates(Path(path))],
        parameters.phases,
        parameters.keep,
        Effort(max_steps=parameters.max_steps, shortest=pair_distances(parameters.shortest)),
    )
    table = result.table.assign(beyond_training=beyond_training(result.table["pressure"], trained))
    members = [Path(path) for path in snakemake.input.committee]
    if len(members) > 1:
        table = table.join(committee_columns(Committee(members), result.structures))
    write_structures(result.structures, snakemake.output.structures)
    write_table(table, snakemake.output.table)
    write_table(result.found, snakemake.output.found)
    counts = pd.concat([read_table(path) for path in snakemake.input.counts])
    counts = counts.groupby(["origin", "pressure", "fate"], as_index=False)["number"].sum()
    write_table(counts, snakemake.output.counts)
