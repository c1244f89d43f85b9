"""Label displaced frames of the references by the stand-in, and split them."""

from pathlib import Path

from qcrystal.dataset.split import split, write_split
from qcrystal.io.structures import read_structures
from qcrystal.provenance.job import job
from qcrystal.search.stand_in_labels import labelled
from qcrystal.search.ternary import search_potential

with job(snakemake):
    p = snakemake.params
    potential = search_potential([], p.engine, p.stand_in)
    crystals = read_structures(snakemake.input.crystals)[: p.systems]
    systems = labelled(crystals, potential, p.frames, p.seed)
    train, test = split(systems, "fraction", p.test_fraction, p.seed)
    write_split(train, test, Path(snakemake.output.folder), {"dataset": "stand-in", "seed": p.seed})
