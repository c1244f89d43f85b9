"""Concurrent learning: what a committee explores, which frames it disagrees about, and which of these are labelled.

The protocol is DP-GEN's (Zhang et al., Comput. Phys. Commun. 253, 107206 (2020)) as [Ly] used it (sec. II C). Generation g: a
committee is trained on all labels so far, its first member drives dynamics from the starts and at the conditions of the
configuration, the committee's deviation (eq. 1) calls each frame accurate, candidate or failed, and of the candidates
those are labelled that lie farthest from all labelled frames in SOAP space (eq. 2). They are new in generation g + 1;
the recipes' frames are generation 0. Some runs are set apart: their frames are labelled for testing only.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms

from qcrystal.crystal.cells import unit_cell
from qcrystal.dataset.checks import Limits, robust_polynomial
from qcrystal.dataset.deepmd_npy import read_dataset
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames, nearest_distances
from qcrystal.dft.frames import Draw, displaced_frames
from qcrystal.dft.labels import labels_to_systems
from qcrystal.dynamics.spec import RunSpec

logger = logging.getLogger(__name__)

ACCURATE, CANDIDATE, FAILED = "accurate", "candidate", "failed"
TRAIN, TEST = "train", "test"
VOLUME_MARGIN = 0.05
"""Share by which a run's volume may leave the range of the labelled volumes."""
ENOUGH_FOR_TREND = 8
"""Frames from which on a trend of the energy with volume is looked for."""


class LearningError(ValueError):
    """A generation that cannot go on; one line that says why and what to change."""


# ---------------------------------------------------------------------------------------------------------------------
# exploration


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
            start=recipe.name,
            basis=recipe.cell,
            repeat=recipe.repeat,
            species=tuple(system.species),
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
    atoms = displaced_frames(prototype, recipe, Draw(spec.species, frequencies, spec.seed))[0]
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


# ---------------------------------------------------------------------------------------------------------------------
# judgement


def classify(deviations: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """``accurate`` below the lower bound, ``failed`` from the upper one on or where not a number, else ``candidate``.

    Parameters
    ----------
    deviations : (F,) array
        `qcrystal.potential.committee.force_deviation`, eV/Å.
    bounds
        Lower and upper bound, eV/Å; a frame exactly at the lower one is a candidate (DP-GEN's trust levels).
    """
    deviations = np.asarray(deviations, float)
    lower, upper = bounds
    return np.where(deviations < lower, ACCURATE, np.where(deviations < upper, CANDIDATE, FAILED))


def origin_text(recipe: str, generation: int, part: str, run: str, time: float, deviation: float) -> str:
    """Origin of an explored frame; its first word becomes the system's name in the data set."""
    return f"{recipe}_md generation={generation} part={part} run={run} time={time:.3f}ps deviation={deviation:.3f}eV/A"


def origin_value(origin: str, key: str, default: str) -> str:
    """Value of a key in an origin, for example ``part``; the recipes' frames have none."""
    found = re.search(rf"\b{key}=(\S+)", origin)
    return found[1] if found else default


def separate(
    systems: Sequence[LabelledFrames], test_fraction: float, seed: int
) -> tuple[list[LabelledFrames], list[LabelledFrames]]:
    """Frames to train on, and frames never to be trained on.

    Frames of a data set that an earlier loop left have their mark; explored frames are of the part that their origin names;
    of the recipes' frames ``test_fraction`` are drawn for testing. Whatever generations come later, a frame stays in its part.

    Returns
    -------
    train, test
        Each entry of ``origins`` has the frame's ``generation`` and ``part``.
    """
    known, recipes = [], []
    for system in systems:
        entries = [_mark(entry) for entry in system.provenance["origins"]]
        system = replace(system, provenance={**system.provenance, "origins": entries})
        (known if all(entry["part"] for entry in entries) else recipes).append(system)
    train, test = _drawn(recipes, test_fraction, seed) if recipes else ([], [])
    for system in known:
        parts = np.array([entry["part"] for entry in system.provenance["origins"]])
        for part, chosen in ((TRAIN, train), (TEST, test)):
            if (parts == part).any():
                chosen.append(system.take(np.flatnonzero(parts == part)))
    return [_of_part(system, TRAIN) for system in train], [_of_part(system, TEST) for system in test]


def gather(labels: Sequence[Path], source: Path | None, species: Sequence[str]) -> list[LabelledFrames]:
    """Systems of the labeller's files that are `plausible` and, if that is given, of the data set that an earlier loop left.

    Frames of both in the same system are joined, those of the data set first.

    Raises
    ------
    qcrystal.dataset.labelled_frames.DatasetError
        A file that cannot be read, or a data set with other settings than the labels.
    """
    initial = [] if source is None else read_dataset(source, species)
    systems = plausible(labels_to_systems(labels), initial) if labels else []
    if source is None:
        return systems
    for system in initial:
        if len(system.provenance.get("origins", [])) != len(system):
            raise DatasetError(
                f"{system.source}: provenance.json names no origin of each frame; label from the recipes"
            )
    for first, second in itertools.product(initial, systems):
        if first.provenance.get("settings") != second.provenance["settings"]:
            raise DatasetError(
                f"{first.source}: labelled with other settings than those of config/crystals; label from the recipes"
            )
    later = {system.name: system for system in systems}
    joined = [_joined(system, later.pop(system.name)) if system.name in later else system for system in initial]
    return joined + list(later.values())


def plausible(
    systems: Sequence[LabelledFrames], others: Sequence[LabelledFrames] = (), limits: Limits | None = None
) -> list[LabelledFrames]:
    """The systems without explored frames whose labels no crystal has; a line in the log names each that is dropped.

    An early potential may crush a cell while its committee agrees. Pressure and force have the `Limits` of every data set,
    the energy those of its distance from the trend with volume, here the trend of all frames of that stoichiometry, those of the
    ``others`` included.
    """
    limits = limits or Limits()
    kept = []
    for system in systems:
        pressures, atoms = system.pressures, len(system.symbols)
        like = [other for other in (*systems, *others) if other.stoichiometry == system.stoichiometry]
        volumes = np.concatenate([other.volumes / len(other.symbols) for other in like])
        energies = np.concatenate([other.energies / len(other.symbols) for other in like])
        explored = np.array([bool(origin_value(e["origin"], "part", "")) for e in system.provenance["origins"]])
        good = (pressures >= limits.pressure[0]) & (pressures <= limits.pressure[1])
        good &= np.linalg.norm(system.forces, axis=2).max(axis=1) <= limits.max_force
        if len(energies) >= ENOUGH_FOR_TREND:
            middle = np.median(volumes)
            trend, scale = robust_polynomial(volumes - middle, energies, 2)
            residuals = system.energies / atoms - np.polyval(trend, system.volumes / atoms - middle)
            good &= np.abs(residuals) <= max(limits.energy_deviation, limits.robust_z * scale)
        for frame in np.flatnonzero(explored & ~good):
            logger.info("dropped, %.0f GPa: %s", pressures[frame], system.provenance["origins"][frame]["origin"])
        if (good | ~explored).any():
            kept.append(system.take(np.flatnonzero(good | ~explored)))
    return kept


def _joined(first: LabelledFrames, second: LabelledFrames) -> LabelledFrames:
    names = ("cells", "positions", "energies", "forces", "virials", "sets")
    arrays = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    origins = first.provenance["origins"] + second.provenance["origins"]
    return replace(first, **arrays, provenance={**first.provenance, "origins": origins})


def up_to(generation: int, *groups: Sequence[LabelledFrames]) -> tuple[list[LabelledFrames], ...]:
    """The frames that are not of later generations, of each group of systems; ``origins`` as `separate` leaves them."""
    kept = []
    for systems in groups:
        early = [
            np.flatnonzero([entry["generation"] <= generation for entry in system.provenance["origins"]])
            for system in systems
        ]
        kept.append([system.take(frames) for system, frames in zip(systems, early, strict=True) if len(frames)])
    return tuple(kept)


def generations_within(dataset: Path) -> int:
    """The newest generation of a data set that an earlier loop left, from the ``provenance.json`` of its systems.

    Raises
    ------
    qcrystal.dataset.labelled_frames.DatasetError
        No system, or a file that does not say of each frame which generation it is of.
    """
    files = sorted(dataset.glob("*/provenance.json"))
    if not files:
        raise DatasetError(f"{dataset}: no system with a provenance.json; concurrent learning cannot go on from it")
    generations = []
    for path in files:
        try:
            generations += [int(entry["generation"]) for entry in json.loads(path.read_text())["origins"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{path}: no generation of each frame ({error!r}); set learning_from: recipes"
            ) from error
    return max(generations)


def _drawn(
    systems: Sequence[LabelledFrames], fraction: float, seed: int
) -> tuple[list[LabelledFrames], list[LabelledFrames]]:
    """``fraction`` of all frames, at least one, drawn for testing from whatever systems; the rest."""
    frames = [(number, frame) for number, system in enumerate(systems) for frame in range(len(system))]
    count = min(len(frames) - 1, max(1, round(fraction * len(frames))))
    drawn = {frames[i] for i in np.random.default_rng(seed).permutation(len(frames))[:count]}
    train, test = [], []
    for number, system in enumerate(systems):
        apart = np.array([(number, frame) in drawn for frame in range(len(system))])
        for part, chosen in ((train, ~apart), (test, apart)):
            if chosen.any():
                part.append(system.take(np.flatnonzero(chosen)))
    return train, test


def _mark(entry: dict) -> dict:
    """An entry of ``origins`` with the frame's generation and part, which is empty where it has yet to be drawn."""
    origin = entry["origin"]
    return {
        **entry,
        "generation": entry.get("generation", int(origin_value(origin, "generation", "0"))),
        "part": entry.get("part", origin_value(origin, "part", "")),
    }


def _of_part(system: LabelledFrames, part: str) -> LabelledFrames:
    entries = [{**entry, "part": part} for entry in system.provenance["origins"]]
    return replace(system, provenance={**system.provenance, "origins": entries})


def frames_of(systems: Sequence[LabelledFrames]) -> list[Atoms]:
    """Every frame as `ase.Atoms`, in order."""
    return [
        Atoms(system.symbols, positions=positions, cell=cell, pbc=True)
        for system in systems
        for cell, positions in zip(system.cells, system.positions, strict=True)
    ]
