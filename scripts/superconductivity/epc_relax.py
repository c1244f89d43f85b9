"""Relax a compound's crystal at its pressure."""

from pathlib import Path

from ase.io import write

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.provenance.job import job
from qcrystal.superconductivity.coupling_run import relax
from qcrystal.superconductivity.espresso import Planewaves

with job(snakemake):
    p = snakemake.params
    prototype = Prototype.model_validate(p.crystal)
    start = primitive_cell(prototype, prototype.lattice_constant)
    settings = Planewaves(p.cutoff, p.width, Path(snakemake.input[0]).parent)
    atoms, found = relax(start, p.pressure, settings, p.k, Path(snakemake.output.folder))
    atoms.info = {"pressure": found}
    write(snakemake.output.crystal, atoms)
