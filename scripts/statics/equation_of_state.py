"""Tabulate the prototype's energy, pressure and distances at rest over a range of lattice constants."""

import numpy as np

from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.io.tables import write_table
from qcrystal.potential.calculator import DeepPotential
from qcrystal.potential.trained import read_trained_pressures
from qcrystal.provenance.job import job
from qcrystal.statics.equation_of_state import equation_of_state

with job(snakemake):
    parameters = snakemake.params
    low, high = parameters.range
    # DFT's own lattice constants besides, so that no interpolation comes between the two methods.
    same = [a for a in parameters.dft_lattice_constants if low <= a <= high]
    table = equation_of_state(
        DeepPotential(snakemake.input.model, snakemake.params.engine),
        Prototype(**parameters.prototype),
        [*np.linspace(low, high, parameters.points), *same],
        parameters.cage and Cage(**parameters.cage),
        read_trained_pressures(snakemake.input.trained),
    )
    write_table(table, snakemake.output.table, "equation_of_state")
