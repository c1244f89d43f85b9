"""Selection of the explored frames to label: the committee judges them, and diversity chooses among its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.crystal.soap import SoapSettings, averaged_soap, farthest_points
from qcrystal.dynamics.spec import RunSpec
from qcrystal.io.structures import read_structures
from qcrystal.io.tables import read_json
from qcrystal.learning.explore import COMPLETE
from qcrystal.learning.generations import TEST, TRAIN, LearningError
from qcrystal.potential.committee import Committee, force_deviation, force_deviation_rms
from qcrystal.potential.trust_levels import ACCURATE, CANDIDATE, FAILED, classify


def origin_text(recipe: str, generation: int, part: str, run: str, time: float, deviation: float) -> str:
    """Origin of an explored frame; its first word becomes the system's name in the data set."""
    return f"{recipe}_md generation={generation} part={part} run={run} time={time:.3f}ps deviation={deviation:.3f}eV/A"


@dataclass(frozen=True)
class Run:
    """An explored run: its specification, its frames that hold together, and how it ended."""

    spec: RunSpec
    frames: list[Atoms]
    ended: str


def read_runs(specifications: Sequence[dict], frames: Sequence[Path], reports: Sequence[Path]) -> list[Run]:
    """Runs from their specifications, the files of their frames, and their reports, in this order."""
    return [
        Run(RunSpec(**specification), read_structures(path), read_json(report)["ended"])
        for specification, path, report in zip(specifications, frames, reports, strict=True)
    ]


@dataclass(frozen=True)
class Selection:
    """Frames that are labelled next.

    Attributes
    ----------
    table : DataFrame
        One row per explored frame: run, start, method, pressure (GPa), temperature (K), time_ps, part, deviation and
        deviation_rms (eV/Å), kind, chosen.
    batches : list of list of Atoms
        Chosen frames by labelling job; ``info`` holds their origin only.
    summary : dict
        Counts and deviations of the generation.
    """

    table: pd.DataFrame
    batches: list[list[Atoms]]
    summary: dict[str, int | float]

    def __str__(self) -> str:
        """The summary as one line for a log."""
        return (
            "generation {generation}: {candidate} candidates, {accurate} accurate, {failed} failed of {explored} explored "
            "frames ({runs_ended_early} of {runs} runs ended early); {chosen_train} are labelled to train on, "
            "{chosen_test} to test on"
        ).format(**self.summary)


@dataclass(frozen=True)
class Choice:
    """How many frames are chosen, and how.

    Attributes
    ----------
    bounds : tuple of float
        Deviations (eV/Å) between which a frame is a candidate.
    train, test : int
        Frames to label for training and for testing, at most.
    test_runs : int
        The first runs, whose frames are for testing only.
    batches : int
        Labelling jobs.
    soap : SoapSettings
        Of the distances between frames.
    seed : int
        Of the draw of the test frames.
    """

    bounds: tuple[float, float]
    train: int
    test: int
    test_runs: int
    batches: int
    soap: SoapSettings
    seed: int


def select(
    runs: Sequence[Run],
    committee: Committee,
    labelled: Sequence[Atoms],
    species: Sequence[str],
    choice: Choice,
    generation: int,
) -> Selection:
    """Judge explored frames by a committee, and choose those that are labelled next.

    Frames to train on are candidates that lie farthest from all labelled frames ([Ly] eq. 2). Frames to test on are drawn
    blindly among all that have not failed: otherwise they would test what the choice prefers.

    Raises
    ------
    LearningError
        No run has a frame, or fewer frames are chosen than there are labelling jobs.
    """
    table, frames = judged(runs, committee, choice)
    if not frames:
        raise LearningError(f"generation {generation}: no run gave a frame; the first one: {runs[0].ended}")
    train = _diverse(table, frames, labelled, species, choice)
    usable = np.flatnonzero((table["part"] == TEST) & (table["kind"] != FAILED))
    test = np.sort(np.random.default_rng(choice.seed).permutation(usable)[: choice.test])
    picked = [int(i) for i in (*train, *test)]
    counts = {kind: int((table["kind"] == kind).sum()) for kind in (CANDIDATE, ACCURATE, FAILED)}
    if len(picked) < choice.batches:
        raise LearningError(
            f"generation {generation}: {len(picked)} frames to label for {choice.batches} jobs (explored: {counts}); "
            "lower learning.batches, or widen learning.bounds where all frames fail"
        )
    table.loc[picked, "chosen"] = True
    rows = table.to_dict("records")
    for i in picked:
        row = rows[i]
        origin = origin_text(row["start"], generation + 1, row["part"], row["run"], row["time_ps"], row["deviation"])
        frames[i].info = {"origin": origin}
    summary = {
        "generation": generation,
        "labelled_train": len(labelled),
        "runs": len(runs),
        "runs_ended_early": sum(run.ended != COMPLETE for run in runs),
        "explored": len(table),
        **counts,
        "deviation_median": table["deviation"].median(),
        "deviation_max": table["deviation"].max(),
        "chosen_train": len(train),
        "chosen_test": len(test),
    }
    batches = [[frames[i] for i in picked[number :: choice.batches]] for number in range(choice.batches)]
    return Selection(table, batches, summary)


def judged(runs: Sequence[Run], committee: Committee, choice: Choice) -> tuple[pd.DataFrame, list[Atoms]]:
    """The table of `Selection` before anything is chosen, and the frames of its rows."""
    rows, frames = [], []
    for number, run in enumerate(runs):
        if not run.frames:
            continue
        forces = committee.evaluate(run.frames)[1]
        deviations, rms = force_deviation(forces), force_deviation_rms(forces)
        kinds = classify(deviations, choice.bounds)
        for atoms, deviation, mean, kind in zip(run.frames, deviations, rms, kinds, strict=True):
            rows.append(
                {
                    "run": run.spec.run,
                    "start": run.spec.recipe,
                    "method": run.spec.method,
                    "pressure": run.spec.pressure,
                    "temperature": run.spec.temperature,
                    "time_ps": atoms.info["time"],
                    "part": TEST if number < choice.test_runs else TRAIN,
                    "deviation": deviation,
                    "deviation_rms": mean,
                    "kind": kind,
                    "chosen": False,
                }
            )
            frames.append(atoms)
    return pd.DataFrame(rows), frames


def _diverse(
    table: pd.DataFrame, frames: Sequence[Atoms], labelled: Sequence[Atoms], species: Sequence[str], choice: Choice
) -> np.ndarray:
    """Rows of the candidates that lie farthest from all labelled frames and from each other."""
    candidates = np.flatnonzero((table["part"] == TRAIN) & (table["kind"] == CANDIDATE))
    if not len(candidates):
        return candidates
    vectors = averaged_soap([frames[int(i)] for i in candidates], species, choice.soap)
    known = averaged_soap(labelled, species, choice.soap)
    return candidates[farthest_points(vectors, known, choice.train)]
