"""Phonons of one wave vector and their couplings."""

from pathlib import Path

from qcrystal.provenance.job import job
from qcrystal.superconductivity.coupling_run import Phonons, couple
from qcrystal.superconductivity.espresso import Mesh

with job(snakemake):
    p, number = snakemake.params, int(snakemake.wildcards.number)
    phonons = Phonons(p.sigma, p.sigmas, p.threshold)
    places = [Path(snakemake.output.couplings), Path(snakemake.output.matrix)]
    couple(Path(snakemake.input.folder), Mesh(**p.meshes), number, p.wave_vectors, phonons, Path(p.work), places)
