"""Path-integral dynamics (PIMD, TRPMD) with i-PI and a deep potential, all beads in one batched evaluation.

i-PI runs as a worker process in the folder ``ipi`` of the run. It speaks atomic units throughout and writes the
centroids, one bead, the thermodynamics and numbered checkpoints there; this module starts, watches and converts.
Estimators of the kinetic energy and the pressure are centroid-virial ones.
"""

from __future__ import annotations

import os
import runpy
import shutil
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms

from qcrystal.dynamics.ipi import results
from qcrystal.dynamics.ipi.input import DRIVER, simulation_input, standard_orientation, start_file
from qcrystal.dynamics.ipi.job import Job
from qcrystal.dynamics.ipi.progress import Watch
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunError, RunSpec, check_start, check_timestep
from qcrystal.errors import full_disk
from qcrystal.processes import ProcessError, supervise, thread_environment

FULL = 100_000
"""Bytes; i-PI's own message does not fit on a disk with less."""


def run(
    spec: RunSpec,
    structure: Atoms,
    model: Path,
    directory: Path,
    driver: Path = DRIVER,
    fix_centre: bool = True,
    max_frequency: float | None = None,
    trained: tuple[float, float] | None = None,
    cores: int = 1,
) -> None:
    """Run or continue path-integral dynamics; leaves trajectory.h5, thermo.csv and report.json in ``directory``.

    The trajectory holds the centroids and one of the beads, rotated to i-PI's orientation of the cell. The kinetic energy
    counts the centre of mass as thermal (3/2 kT) although it is kept at rest. So it needs no correction for the number
    of atoms.

    Parameters
    ----------
    spec
        Method ``pimd`` (ensemble ``npt`` or ``nvt``) or ``trpmd`` (``nvt``).
    structure
        Start structure.
    model
        Frozen potential.
    directory
        Folder of the run; a run that was killed there continues from its newest checkpoint.
    driver
        File of the driver that evaluates the potential.
    fix_centre
        Keep the centre of mass at rest.
    max_frequency
        Stiffest phonon in THz. When it is given, a time step that is too long for it is refused. The report then states
        P/βħω and the harmonic error.
    trained
        Lowest and highest pressure (GPa) of the potential's labels; a run that leaves them stops.
    cores
        Threads of the native engine, which change no digit.

    Raises
    ------
    RunError
        If the run cannot start, or fails; what i-PI has written stays in ``directory/ipi``.
    """
    _check(spec, structure, model, max_frequency)
    job = Job(spec, structure.get_chemical_symbols(), Path(directory))
    cell, positions = standard_orientation(structure)
    files = {
        "input.xml": simulation_input(spec, job.species, spec.ensemble == "npt", driver, fix_centre),
        "start.xyz": start_file(job.species, cell, positions),
    }
    first_step, source = job.prepare(files, Path(model), cores)
    begin, rate = time.monotonic(), None
    if first_step < spec.steps:
        rate = _work(job, source, first_step, abs(np.linalg.det(cell)), trained, cores)
    timing = results.timing(spec, first_step, time.monotonic() - begin, rate)
    thermo = results.thermodynamics(job)
    report = results.report(job, thermo) | results.bead_convergence(spec, max_frequency)
    results.write_results(job, thermo, report, timing)
    shutil.rmtree(job.folder)


def _check(spec: RunSpec, structure: Atoms, model: Path, max_frequency: float | None) -> None:
    if spec.method not in PATH_INTEGRAL_METHODS:
        raise RunError(f"run {spec.run}: i-PI runs {' and '.join(PATH_INTEGRAL_METHODS)}, not {spec.method}")
    check_start(spec, structure, model)
    if max_frequency is not None:
        try:
            check_timestep(spec.timestep, max_frequency)
        except RunError as error:
            raise RunError(f"run {spec.run}: {error}") from error


def _program(program: Path, source: str) -> None:
    """i-PI's program in a fork."""
    sys.argv = [str(program), source]
    runpy.run_path(str(program), run_name="__main__")


def _work(
    job: Job, source: str, first_step: int, volume: float, trained: tuple[float, float] | None, cores: int
) -> float | None:
    """Run i-PI to the last step; returns steps per second, None when it was over too soon to tell."""
    program = Path(sys.executable).with_name("i-pi")
    if not program.is_file():
        raise job.error(f"no i-PI at {program}; install the environment of the potential")
    watch, notes = Watch(job, volume, trained), job.vouching()

    def look() -> None:
        watch.look()
        notes.note()

    path = [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH")]  # for the driver
    threads = {**thread_environment(1), "NUMBA_NUM_THREADS": str(cores)}
    try:
        outcome = supervise(
            [sys.executable, "-P", program, source],
            directory=job.folder,
            environment={**os.environ, **threads, "PYTHONPATH": ":".join(filter(None, path))},
            log=job.log,
            on_tick=look,
            function=partial(_program, program, source) if cores == 1 else None,
        )
    except ProcessError as error:
        raise job.error(str(error)) from error
    finally:
        notes.note()  # i-PI writes a checkpoint when it is asked to end, too
    watch.check()
    step = job.newest_step() or first_step
    if outcome.status != 0 or step < job.spec.steps:
        full = shutil.disk_usage(job.folder).free < FULL
        cause = full_disk(job.folder) if full else outcome.words
        raise job.error(f"i-PI stopped after step {step} of {job.spec.steps}: {cause}")
    return watch.rate
