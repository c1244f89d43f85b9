"""Exploration in one generation: its runs, their starts, and the frames of a run that hold together."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from qcrystal.crystal.cells import unit_cell
from qcrystal.dataset.labelled_frames import LabelledFrames, nearest_distances
from qcrystal.dft.frames import Draw, displaced_frames
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.dynamics.trajectory import Trajectory, TrajectoryError

logger = logging.getLogger(__name__)

VOLUME_MARGIN = 0.05
"""Share by which a run's volume may leave the range of the labelled volumes."""
COMPLETE = "complete"
FROM_OUTSIDE = (
    *("start again", "start the run again", "make environment", "cannot be started", "is gone", "; remove it"),
    *("[Errno ", "MemoryError", "Unable to allocate"),
)
"""Parts of what a run says that the machine ended, or somebody: that tells nothing of the potential."""


def conditions(settings, runs: int, seed: int) -> list[dict]:
    """Conditions of a generation's runs: every start, pressure, temperature and method equally often, combined at random.

    Parameters
    ----------
    settings : qcrystal.config.learning.Learning
    runs
        Number of runs.

    Returns
    -------
    list of dict
        ``start`` (name of a recipe), ``pressure`` (GPa), ``temperature`` (K), ``method``.
    """
    rng = np.random.default_rng(seed)
    factors = {
        "start": settings.starts,
        "pressure": settings.pressures,
        "temperature": settings.temperatures,
        "method": settings.methods,
    }
    columns = {}
    for name, levels in factors.items():
        levels = [levels[i] for i in rng.permutation(len(levels))]
        dealt = [levels[i % len(levels)] for i in range(runs)]
        columns[name] = [dealt[i] for i in rng.permutation(runs)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def exploration(config, generation: int) -> dict[str, RunSpec]:
    """The runs of a generation, by name; ``start`` of a specification names the recipe that it starts from.

    Parameters
    ----------
    config : qcrystal.config.runs.Configuration
    """
    system, effort = config.crystal, config.scale.learning
    recipes = {recipe.name: recipe for recipe in system.dft.recipes}
    masses = {element: system.isotopes[element].mass for element in system.species}
    specs = {}
    drawn = conditions(system.learning, effort.runs, config.seed("learning", generation, "conditions"))
    for number, row in enumerate(drawn):
        recipe, method = recipes[row["start"]], row["method"]
        name = f"{number:02d}-{recipe.name}-{method}-{row['pressure']:g}GPa-{row['temperature']:g}K"
        timestep = system.dynamics.timestep[method]
        every = max(1, round(system.learning.frame_interval * 1e3 / timestep))
        specs[name] = RunSpec(
            run=name,
            system=config.crystal_name,
            method=method,
            recipe=recipe.name,
            basis=recipe.cell,
            repeat=recipe.repeat,
            species=tuple(system.species),
            mobile=system.mobile,
            masses=masses,
            temperature=row["temperature"],
            pressure=row["pressure"],
            timestep=timestep,
            steps=effort.frames_per_run * every,
            sample_every=every,
            checkpoint_every=effort.frames_per_run * every,
            seed=config.seed("learning", generation, name),
            barostat_time=system.dynamics.barostat_time,
            bath=system.dynamics.bath,
        )
    return specs


def lattice_constant_at(pressure: float, systems: Sequence[LabelledFrames], prototype) -> float:
    """Lattice constant (Å) at which the labelled frames are, on the average, under a pressure (GPa).

    Volume per atom of the prototype's first species, as a polynomial of the labels' pressures; within the volumes that
    are labelled.
    """
    first = prototype.sites[0].element
    pressures = np.concatenate([system.pressures for system in systems])
    volumes = np.concatenate([_volumes(system, first) for system in systems])
    degree = min(2, len(np.unique(volumes.round(3))) - 1)
    fit = np.polyfit(pressures, np.log(volumes), degree)
    volume = np.clip(np.exp(np.polyval(fit, pressure)), volumes.min(), volumes.max())
    cell = unit_cell(prototype, "primitive", 1.0)
    return float(np.cbrt(volume * (cell.symbols == first).sum() / cell.get_volume()))


def start_frame(prototype, recipe, spec: RunSpec, lattice_constant: float) -> Atoms:
    """The start of a run: its recipe's strained and distorted cell, drawn by the run's seed, before any thermal displacement."""
    at_rest = {"lattice_constants": [lattice_constant], "frames": 1, "temperature": 0.0, "quantum": False}
    frequencies = dict.fromkeys(spec.species, 1.0)  # of displacements that vanish
    recipe = recipe.model_copy(update=at_rest)
    atoms = displaced_frames(prototype, recipe, Draw(spec.species, frequencies, spec.seed, mobile=spec.mobile))[0]
    atoms.set_masses([spec.masses[symbol] for symbol in atoms.get_chemical_symbols()])
    return atoms


def labelled_volumes(systems: Sequence[LabelledFrames], element: str) -> tuple[float, float]:
    """Smallest and largest volume per atom of an element (Å³) among labelled frames."""
    volumes = np.concatenate([_volumes(system, element) for system in systems])
    return float(volumes.min()), float(volumes.max())


def _volumes(system: LabelledFrames, element: str) -> np.ndarray:
    return system.volumes / max(1, (system.symbols == element).sum())


def whole_frames(frames: Sequence[Atoms], nearest: float, volumes: tuple[float, float], element: str) -> list[Atoms]:
    """The frames before the first one that has collapsed, or whose cell has left what is labelled.

    Parameters
    ----------
    nearest
        Two atoms closer than this (Å) have collapsed.
    volumes
        Labelled volumes per atom of ``element`` (`labelled_volumes`); a run may leave them by `VOLUME_MARGIN`.
    """
    low, high = volumes[0] * (1 - VOLUME_MARGIN), volumes[1] * (1 + VOLUME_MARGIN)
    for number, atoms in enumerate(frames):
        volume = atoms.get_volume() / max(1, (atoms.symbols == element).sum())
        if not low <= volume <= high or _nearest(atoms) < nearest:
            return list(frames[:number])
    return list(frames)


def _nearest(atoms: Atoms) -> float:
    blank = np.zeros((1, len(atoms), 3))
    arrays = (atoms.cell.array[None], atoms.positions[None], np.zeros(1), blank, np.zeros((1, 3, 3)))
    distances = nearest_distances(LabelledFrames("frame", np.array(atoms.get_chemical_symbols()), *arrays))
    return min(float(values[0]) for values in distances.values())


@dataclass(frozen=True)
class Exploration:
    """One run of the exploration.

    Attributes
    ----------
    frames : list of Atoms
        Frames that hold together, wrapped into the cell; ``info["time"]`` in ps.
    ended : str
        ``complete``, or why the run ended early.
    lattice_constant : float
        Of the start (Å).
    """

    frames: list[Atoms]
    ended: str
    lattice_constant: float


def explore(
    spec: RunSpec, prototype, recipe, labels: Sequence[LabelledFrames], model: Path, folder: Path, nearest: float
) -> Exploration:
    """Run dynamics with a potential, and keep the frames before the run falls apart.

    A run that fails is a result, not an error: an early potential may fail anywhere, and the exploration finds out where.
    A run that was killed, or that met a full disk, is no result. It goes on when the job is started again.

    Parameters
    ----------
    prototype, recipe
        What the run starts from.
    labels
        Labelled frames; their pressures give the lattice constant of the start, and their volumes bound the run.
    folder
        Of the run; it is removed at the end.
    nearest
        Two atoms closer than this (Å) have collapsed.

    Raises
    ------
    RunError
        The run was ended from outside.
    """
    assert spec.pressure is not None  # explorations are at constant pressure
    lattice_constant = lattice_constant_at(spec.pressure, labels, prototype)
    start = start_frame(prototype, recipe, spec, lattice_constant)
    failure = ""
    try:
        lammps.run(spec, start, model, folder)
    except RunError as error:
        failure = " ".join(str(error).split())
        if any(words in failure for words in FROM_OUTSIDE):
            raise
    frames, ended = _frames_that_hold(folder / "trajectory.h5", nearest, labels, spec.species[0])
    shutil.rmtree(folder, ignore_errors=True)
    return Exploration(frames, failure or ended, lattice_constant)


def _frames_that_hold(
    path: Path, nearest: float, labels: Sequence[LabelledFrames], element: str
) -> tuple[list[Atoms], str]:
    """Frames of a trajectory, without its start, before it falls apart, and how it ended."""
    try:
        trajectory = Trajectory(path if path.is_file() else path.with_name(path.name + ".partial"))
        every = [trajectory.atoms(i) for i in range(1, len(trajectory))]
        times = trajectory.time[1:]
    except TrajectoryError as error:
        return [], str(error)
    frames = whole_frames(every, nearest, labelled_volumes(labels, element), element)
    for atoms, time in zip(frames, times, strict=False):
        atoms.info["time"] = float(time)
        atoms.wrap()
    if len(frames) == len(every):
        return frames, COMPLETE
    reason = "atoms or the cell have collapsed, or the cell has burst"
    return frames, f"{reason}, at {times[len(frames)]:.3f} ps"
