"""Effective frequency of the transverse phonon at N of bcc lithium against its amplitude, by published potentials."""

from pathlib import Path

from qcrystal.figures import frozen_phonon
from qcrystal.figures.draw import write
from qcrystal.io.tables import write_table
from qcrystal.potential.engines import open_potential
from qcrystal.provenance.job import job
from qcrystal.variational.frozen_phonon import wrinkle_table

with job(snakemake):
    p, output = snakemake.params, snakemake.output
    potentials = {name: open_potential(path) for name, path in zip(p.potentials, snakemake.input.models, strict=True)}
    table = wrinkle_table(potentials, p.volumes, p.amplitudes, p.mass)
    write_table(table, output.table, "frozen_phonon")
    write("figure", frozen_phonon.draw(table), Path(output.png).with_suffix(""), p.caption)
