"""Choose what both learning loops label next: frames on the way of relaxations, and relaxed crystals near the hull."""

from pathlib import Path

from qcrystal.crystal.soap import SoapSettings
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table, write_table
from qcrystal.learning.generations import frames_of
from qcrystal.provenance.job import job
from qcrystal.search.loops import Loops, chosen
from qcrystal.search.ternary import by_committee

with job(snakemake):
    p, given = snakemake.params, snakemake.input
    labelled = [frame for path in given.labelled for frame in frames_of(read_dataset(Path(path) / "train", p.species))]
    labelled += [frame for path in given.earlier for frame in read_structures(path)]
    paths = [frame for path in given.paths for frame in read_structures(path)]
    ends, heights = read_structures(given.structures), read_table(given.table, "ternary_candidates")["above_hull"]
    forces = [by_committee(given.models, p.engine, p.stand_in, frames)[1] for frames in (paths, ends)]
    table, frames = chosen(
        paths, forces[0], ends, forces[1], heights, labelled, p.species, SoapSettings(**p.soap), Loops(*p.loops)
    )
    write_table(table, snakemake.output.table, "ternary_loop_frames")
    write_structures(frames, snakemake.output.frames)
