"""Tabulate the cubic phase's energy, pressure and internal coordinate over a range of lattice constants."""

from pathlib import Path

import numpy as np

from qcrystal.config import Prototype
from qcrystal.potential import DeepPotential
from qcrystal.provenance import job
from qcrystal.statics import equation_of_state
from qcrystal.tables import write_table

with job(snakemake):
    parameters = snakemake.params
    potential = DeepPotential(Path(snakemake.input.model))
    lattice_constants = np.linspace(*parameters.range, parameters.points)
    cage = parameters.cage
    prototype = Prototype(**parameters.prototype)
    table = equation_of_state(potential, prototype, lattice_constants, cage["centre"], cage["member"])
    write_table(table, snakemake.output.table)
