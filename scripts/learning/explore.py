"""One run of the exploration: dynamics with the newest potential, kept as far as it holds together."""

import json
import shutil
from pathlib import Path

from qcrystal.config.dft import Recipe
from qcrystal.crystal.prototype import Prototype
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.files import write_whole
from qcrystal.io.structures import write_structures
from qcrystal.io.trajectory import Trajectory, TrajectoryError
from qcrystal.learning.generations import labelled_volumes, lattice_constant_at, start_frame, whole_frames
from qcrystal.provenance.record import job

with job(snakemake) as log:
    parameters = snakemake.params
    spec, prototype = RunSpec(**parameters.specification), Prototype(**parameters.prototype)
    labels = read_dataset(Path(snakemake.input.data) / "train", list(spec.species))
    lattice_constant = lattice_constant_at(spec.pressure, labels, prototype)
    start = start_frame(prototype, Recipe(**parameters.recipe), spec, lattice_constant)
    output = Path(snakemake.output.frames)
    folder = output.with_suffix(".run")
    ended = "complete"
    try:
        lammps.run(spec, start, Path(snakemake.input.model), folder)
    except RunError as error:
        # An early potential may fail anywhere: that is what the exploration is to find out.
        ended = " ".join(str(error).split())
    frames, times = [], []
    path = folder / "trajectory.h5"
    try:
        trajectory = Trajectory(path if path.is_file() else path.with_name(path.name + ".partial"))
        every, first = [trajectory.atoms(i) for i in range(1, len(trajectory))], spec.species[0]
        frames = whole_frames(every, parameters.nearest, labelled_volumes(labels, first), first)
        times = trajectory.time[1 : 1 + len(frames)]
        if ended == "complete" and len(frames) < len(trajectory) - 1:
            ended = (
                f"atoms or the cell have collapsed, or the cell has burst, at {trajectory.time[1 + len(frames)]:.3f} ps"
            )
    except TrajectoryError as error:
        ended = ended if ended != "complete" else str(error)
    for atoms, time in zip(frames, times, strict=True):
        atoms.info["time"] = float(time)
        atoms.wrap()
    log.info("start at %.4f Å; %d frames; %s", lattice_constant, len(frames), ended)
    write_structures(frames, output)
    write_whole(snakemake.output.report, json.dumps({"frames": len(frames), "ended": ended}, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
