"""Densities and bands of a compound on the dense and the coarse mesh."""

from pathlib import Path

from ase.io import read

from qcrystal.provenance.job import job
from qcrystal.superconductivity.coupling_run import densities
from qcrystal.superconductivity.espresso import Mesh, Planewaves

with job(snakemake):
    p = snakemake.params
    settings = Planewaves(p.cutoff, p.width, Path(snakemake.input.pseudopotentials[0]).parent)
    densities(read(snakemake.input.crystal), settings, Mesh(**p.meshes), Path(snakemake.output.folder))
