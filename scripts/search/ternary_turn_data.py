"""The data set with the labels of all turns before; frames that are set apart for testing stay apart."""

from pathlib import Path

from qcrystal.dataset.checks import Limits, check_dataset
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dataset.split import write_split
from qcrystal.learning.generations import grown
from qcrystal.provenance.job import job

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    limits = Limits.model_validate(p.limits)
    train, test = (read_dataset(Path(given.data) / part, p.species) for part in ("train", "test"))
    train = grown(train, [Path(path) for path in given.labels], limits)
    check_dataset([*train, *test], limits)
    write_split(train, test, Path(snakemake.output.folder), {"turn": int(snakemake.wildcards.turn)})
