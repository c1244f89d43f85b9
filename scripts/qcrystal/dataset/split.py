"""The split of a data set into frames to train on and frames never to be trained on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qcrystal.dataset.deepmd_npy import write_deepmd
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.files import put_in_place


def split(
    systems: Sequence[LabelledFrames], rule: str, fraction: float = 0.1, seed: int = 0
) -> tuple[list[LabelledFrames], list[LabelledFrames]]:
    """Frames to train on and frames never to be trained on.

    Parameters
    ----------
    rule
        ``last set``: the last ``set.*`` of every system is the test split. It is [Ly]'s own rule; with a copy that lacks
        [Ly]'s test sets it is the last set that there is. ``fraction``: see ``fraction``. ``marked``: the frames whose
        origin in the provenance has ``part: test``, as concurrent learning marks them.
    fraction
        Share of the test frames, at least one of every system of two frames or more. Systems of a single frame are drawn
        together.
    seed
        Of the draw, together with the system's name.

    Raises
    ------
    DatasetError
        The rule leaves nothing to train on, or nothing to test on.
    """
    if rule not in ("last set", "fraction", "marked"):
        raise DatasetError(f"test split: unknown rule {rule!r}; use 'last set', 'fraction' or 'marked'")
    train: list[LabelledFrames] = []
    test: list[LabelledFrames] = []
    single = _drawn_systems(systems, fraction, seed)
    for system in systems:
        if rule == "marked":
            chosen = _marked(system)
        elif rule == "last set":
            chosen = _last_set(system)
        else:
            chosen = _drawn(system, fraction, seed) if len(system) > 1 else np.array([system.name in single])
        for part, frames in ((test, chosen), (train, ~chosen)):
            if frames.any():
                part.append(system.take(np.flatnonzero(frames)))
    for part, purpose in ((train, "train"), (test, "test")):
        if not part:
            count = sum(map(len, systems))
            raise DatasetError(f"test split: rule {rule!r} leaves no frame of {count} to {purpose} on; add frames")
    return train, test


def _drawn_systems(systems: Sequence[LabelledFrames], fraction: float, seed: int) -> set[str]:
    """Systems of a single frame that are for testing."""
    names = [system.name for system in systems if len(system) == 1]
    others = len(names) < len(systems)
    count = min(max(round(fraction * len(names)), 0 if others else 1), len(names) - (not others))
    order = _generator(seed, "systems of a single frame").permutation(len(names))
    return {names[i] for i in order[: max(count, 0)]}


def _last_set(system: LabelledFrames) -> np.ndarray:
    if len(set(system.sets)) < 2:
        raise DatasetError(f"{system.source}: only one set.*, so the rule 'last set' leaves nothing to train on")
    return system.sets == max(system.sets)


def _marked(system: LabelledFrames) -> np.ndarray:
    origins = system.provenance.get("origins", [])
    if len(origins) != len(system) or any("part" not in entry for entry in origins):
        raise DatasetError(
            f"{system.source}: provenance.json does not say of each frame whether it is for testing (origins: part), "
            "as the rule 'marked' needs; use 'fraction'"
        )
    return np.array([entry["part"] == "test" for entry in origins])


def _drawn(system: LabelledFrames, fraction: float, seed: int) -> np.ndarray:
    chosen = np.zeros(len(system), dtype=bool)
    order = _generator(seed, system.name).permutation(len(system))
    chosen[order[: min(len(system) - 1, max(1, round(fraction * len(system))))]] = True
    return chosen


def _generator(seed: int, name: str) -> np.random.Generator:
    """A generator that is keyed with a seed and a name."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


def write_split(
    train: Sequence[LabelledFrames], test: Sequence[LabelledFrames], destination: Path, provenance: dict
) -> None:
    """Write ``train/<system>`` and ``test/<system>`` below ``destination``, whole or not at all."""
    destination = Path(destination)
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for part, systems in (("train", train), ("test", test)):
        (partial / part).mkdir(parents=True)
        for system in systems:
            origin = {"split": part, "sets": sorted(set(system.sets.tolist()))}
            write_deepmd(system, partial / part / system.name, provenance={**provenance, **origin})
    put_in_place(partial, destination)
