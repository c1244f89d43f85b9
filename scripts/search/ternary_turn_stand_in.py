"""Fit the stand-in to the labels of all turns before; another stand-in labels."""

import json

from qcrystal.files import write_whole
from qcrystal.io.structures import read_structures
from qcrystal.provenance.job import job
from qcrystal.search.ternary import DFT_STAND_IN, STAND_IN_COMMITTEE, search_potential
from qcrystal.search.turns import fitted_scales

with job(snakemake) as log:
    p = snakemake.params
    frames = [frame for path in snakemake.input.frames for frame in read_structures(path)]
    other = search_potential([], p.engine, p.stand_in, DFT_STAND_IN)
    energies = [other.get_potential_energy(atoms) for atoms in frames]
    scales = fitted_scales(p.stand_in, frames, energies, len(STAND_IN_COMMITTEE), p.seed)
    log.info("%d labels, scales %s", len(frames), ", ".join(f"{scale:.6f}" for scale in scales))
    write_whole(snakemake.output.model, json.dumps({"labels": len(frames), "scales": scales}, indent=1) + "\n")
