"""Concurrent learning: the labelled frames of all generations, those to train on and those to test on.

The protocol is DP-GEN's (Zhang et al., Comput. Phys. Commun. 253, 107206 (2020)) as [Ly] used it (sec. II C). Generation g has
four steps:

1. A committee is trained on all labels so far.
2. Its first member drives dynamics from the starts and at the conditions of the configuration.
3. The committee's deviation (eq. 1) calls each frame accurate, candidate or failed.
4. Of the candidates those are labelled that lie farthest from all labelled frames in SOAP space (eq. 2).

They are new in generation g + 1; the recipes' frames are generation 0. Some runs are set apart: their frames are labelled for
testing only.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from qcrystal.dataset.checks import ENOUGH_FOR_TREND, Limits, robust_polynomial
from qcrystal.dataset.deepmd_npy import read_dataset, write_deepmd
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.dft.labels import labels_to_systems, read_labels
from qcrystal.errors import QcrystalError
from qcrystal.files import put_in_place

logger = logging.getLogger(__name__)

TRAIN, TEST = "train", "test"


class LearningError(QcrystalError, ValueError):
    """A generation that cannot go on. The message is one line that says why and what to change."""


def origin_value(origin: str, key: str, default: str) -> str:
    """Value of a key in an origin, for example ``part``; the recipes' frames have none."""
    found = re.search(rf"\b{key}=(\S+)", origin)
    return found[1] if found else default


def separate(
    systems: Sequence[LabelledFrames], test_fraction: float, seed: int
) -> tuple[list[LabelledFrames], list[LabelledFrames]]:
    """Frames to train on, and frames never to be trained on.

    Frames of a data set that an earlier loop left keep the part that they are marked with. Explored frames are of the part that
    their origin names. Of the recipes' frames ``test_fraction`` are drawn for testing. Whatever generations come later, a frame
    stays in its part.

    Returns
    -------
    train, test
        Each entry of ``origins`` has the frame's ``generation`` and ``part``.
    """
    known: list[LabelledFrames] = []
    recipes: list[LabelledFrames] = []
    for system in systems:
        entries = [_mark(entry) for entry in system.provenance["origins"]]
        system = dataclasses.replace(system, provenance={**system.provenance, "origins": entries})
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

    An early potential may crush a cell while its committee agrees. Pressure and force have the `Limits` of every data
    set. The energy is limited by its distance from the trend with volume. The trend is that of all frames of the same
    stoichiometry, those of the ``others`` included.
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


def grown(train: Sequence[LabelledFrames], labels: Sequence[Path], limits: Limits) -> list[LabelledFrames]:
    """Systems to train on with the labels of loops added; those whose labels no crystal has are left out, see `plausible`.

    Raises
    ------
    qcrystal.dataset.labelled_frames.DatasetError
        The labels were made with other settings than the data set.
    """
    files = [path for path in labels if read_labels(path).frames]
    if not files:
        return list(train)
    found = labels_to_systems(files)
    for system in train:
        settings = system.provenance.get("settings")
        if settings is not None and settings != found[0].provenance["settings"]:
            raise DatasetError(
                f"{system.source}: labelled with other settings than {files[0]}; set `dft` of the crystal as the data set says"
            )
    kept = plausible(found, train, limits)
    logger.info("%d labels of loops, %d of them learnt", sum(map(len, found)), sum(map(len, kept)))
    return [*train, *kept]


def _joined(first: LabelledFrames, second: LabelledFrames) -> LabelledFrames:
    names = ("cells", "positions", "energies", "forces", "virials", "sets")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    origins = first.provenance["origins"] + second.provenance["origins"]
    return dataclasses.replace(first, provenance={**first.provenance, "origins": origins}, **arrays)


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
    train: list[LabelledFrames] = []
    test: list[LabelledFrames] = []
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
    return dataclasses.replace(system, provenance={**system.provenance, "origins": entries})


def frames_of(systems: Sequence[LabelledFrames]) -> list[Atoms]:
    """Every frame as `ase.Atoms`, in order."""
    return [
        Atoms(system.symbols, positions=positions, cell=cell, pbc=True)
        for system in systems
        for cell, positions in zip(system.cells, system.positions, strict=True)
    ]


def write_generations(
    train: Sequence[LabelledFrames], test: Sequence[LabelledFrames], tables: Sequence[Path], folder: Path
) -> None:
    """Write the data set that the generations leave: one folder, which appears whole.

    Frames to train on are ``set.000`` of each system, frames to test on ``set.001``.

    Parameters
    ----------
    train, test
        As `separate` gives them.
    tables
        Files to keep beside the systems.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    origins: dict[str, list] = {}
    for name, group in (("set.000", train), ("set.001", test)):
        for system in group:
            origins.setdefault(system.name, []).extend(system.provenance["origins"])
            write_deepmd(system, partial / system.name, name, {"origins": origins[system.name]})
    for table in tables:
        shutil.copy(table, partial)
    put_in_place(partial, folder)
