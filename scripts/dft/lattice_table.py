"""Lattices at rest by DFT: lattice constant, internal coordinate, pressure and distances."""

from pathlib import Path

from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dft.gpaw_process import gpaw_python, run_program
from qcrystal.dft.lattices import cells_to_relax, lattice_table
from qcrystal.io.structures import write_structures
from qcrystal.io.tables import write_table
from qcrystal.provenance.job import job

with job(snakemake):
    parameters, table = snakemake.params, Path(snakemake.output.table)
    prototype, constants = Prototype(**parameters.prototype), parameters.lattice_constants
    cells, result = table.with_suffix(".extxyz"), table.with_suffix(".json")
    write_structures(cells_to_relax(prototype, constants), cells)
    python = gpaw_python(parameters.python)
    run_program(python, "lattice.py", cells, snakemake.input.setups, parameters.settings, result)
    cage = parameters.cage and Cage(**parameters.cage)
    write_table(lattice_table(prototype, constants, result, cage), table, "lattice")
