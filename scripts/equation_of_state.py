"""Tabulate the cubic phase's energy, pressure and internal coordinate over a range of lattice constants."""

from pathlib import Path

import numpy as np

from qcrystal.card import trained_pressures
from qcrystal.potential import DeepPotential
from qcrystal.prototypes import Prototype
from qcrystal.provenance import job
from qcrystal.statics import equation_of_state
from qcrystal.tables import write_table

with job(snakemake):
    parameters, cage = snakemake.params, snakemake.params.cage
    low, high = parameters.range
    # DFT's own lattice constants besides, so that no interpolation comes between the two methods.
    same = [a for a in parameters.dft_lattice_constants if low <= a <= high]
    table = equation_of_state(
        DeepPotential(Path(snakemake.input.model)),
        Prototype(**parameters.prototype),
        [*np.linspace(low, high, parameters.points), *same],
        cage["centre"],
        cage["member"],
        trained_pressures(snakemake.input.card),
    )
    write_table(table, snakemake.output.table)
