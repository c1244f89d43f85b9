"""Harmonic phonons of the cubic phase: zero-point energy, highest frequency, imaginary modes, densities of states."""

from pathlib import Path

import pandas as pd

from qcrystal.config import Prototype
from qcrystal.potential import DeepPotential
from qcrystal.provenance import job
from qcrystal.statics import lattice_at_pressure, phonons
from qcrystal.tables import read_table, write_table

with job(snakemake):
    parameters = snakemake.params
    potential = DeepPotential(Path(snakemake.input.model))
    prototype = Prototype(**parameters.prototype)
    eos = read_table(snakemake.input.eos)
    parts = [
        phonons(
            potential,
            prototype,
            lattice_at_pressure(eos, pressure),
            parameters.repeat,
            mesh=parameters.mesh,
            pressure=pressure,
            masses=parameters.masses,
        )
        for pressure in parameters.pressures
    ]
    write_table(pd.concat([part.summary for part in parts]), snakemake.output.table)
    write_table(pd.concat([part.dos for part in parts]), snakemake.output.dos)
    write_table(pd.concat([part.harmonic_energy for part in parts]), snakemake.output.energy)
