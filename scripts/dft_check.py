"""Compare DFT's enthalpies of the found structures with the potential's."""

import json
import os
from pathlib import Path

from ase.io import read, write

from qcrystal.card import read_card
from qcrystal.provenance import job
from qcrystal.search import check_table
from qcrystal.tables import write_table

with job(snakemake):
    frames = read(snakemake.input.frames, ":")
    labels = json.loads(Path(snakemake.input.labels).read_text())["frames"]
    name = read_card(snakemake.input.card)["name"]
    write_table(check_table(frames, labels, name), snakemake.output.table)
    partial = f"{snakemake.output.structures}.partial"
    write(partial, frames, format="extxyz")
    os.replace(partial, snakemake.output.structures)
