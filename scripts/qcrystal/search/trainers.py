"""Potentials of several trainers on the same frames held out: errors, and those of them that matter to a hull."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.engines import Deepmd
from qcrystal.potential.evaluate import predict
from qcrystal.potential.settings import Training
from qcrystal.search.energy_errors import measured

AT_REST = 0.05
"""eV/Å: frames on which no atom feels more are crystals at rest; GPAW's forces are converged to 0.01."""


def counts_of(system: LabelledFrames) -> dict[str, int]:
    """Atoms of each element in a frame."""
    elements, numbers = np.unique(system.symbols, return_counts=True)
    return dict(zip(elements.tolist(), numbers.tolist(), strict=True))


def trainer_row(
    name: str,
    training: Training,
    model: Path,
    train: Sequence[LabelledFrames],
    test: Sequence[LabelledFrames],
    labels: str,
) -> pd.DataFrame:
    """How well a potential does on frames held out.

    Parameters
    ----------
    train, test
        Systems of the frames that it was trained on, and of those held out.
    labels
        Whose labels these are: ``stand-in``, or the name of the data set.

    Returns
    -------
    pandas.DataFrame
        One row with the columns of the schema ``ternary_trainers``. ``hull_scatter`` and ``hull_offset`` are what of the
        energies' error a hull feels, see `measured`. They are NaN with too few systems. ``force_rmse_lacking`` is that of
        systems without one of the species. ``energy_blind`` and ``force_blind`` are the errors without a potential, see
        `blind_errors`.
    """
    potential = Deepmd(model)
    energy, force, virial, lacking, each = [], [], [], [], []
    for system in test:
        energies, forces, virials = predict(potential, system)
        atoms = len(system.symbols)
        energy.append((energies - system.energies) / atoms)
        force.append((forces - system.forces).ravel())
        virial.append((virials - system.virials).ravel() / atoms)
        each += [counts_of(system)] * len(system)
        if set(system.symbols.tolist()) != set(training.species):
            lacking.append(force[-1])
    held_out = sum(map(len, test))
    errors = measured(np.concatenate(energy), each, name)
    architecture = training.architecture
    row: dict[str, Any] = {"training": name, "kind": architecture.kind, "trainer": architecture.trainer}
    row |= {"labels": labels, "steps": training.effort.steps, "frames": sum(map(len, train)), "at_rest": at_rest(train)}
    row |= {"held_out": held_out, "systems": len(test)}
    row |= {"energy_rmse": _rms(energy), "hull_scatter": errors.scatter if errors else np.nan}
    row |= {"hull_offset": errors.offset if errors else np.nan, "force_rmse": _rms(force)}
    row |= {"force_rmse_lacking": _rms(lacking), "virial_rmse": _rms(virial)}
    row["energy_blind"], row["force_blind"] = blind_errors(train, test)
    return pd.DataFrame([row])


def at_rest(systems: Sequence[LabelledFrames]) -> int:
    """Frames on which no atom feels a force above `AT_REST`."""
    return sum(int((np.linalg.norm(system.forces, axis=2).max(axis=1) <= AT_REST).sum()) for system in systems)


def blind_errors(train: Sequence[LabelledFrames], test: Sequence[LabelledFrames]) -> tuple[float, float]:
    """Errors of no potential at all: energies per atom linear in composition, fitted to ``train``, and forces of zero.

    A potential whose errors on ``test`` are as large has learnt nothing but compositions.

    Returns
    -------
    energy, force : float
        Root mean squares on ``test``, eV/atom and eV/Å (components).
    """
    elements = sorted({element for system in train for element in counts_of(system)})

    def shares(systems: Sequence[LabelledFrames]) -> np.ndarray:
        rows = [[counts_of(one).get(element, 0) / len(one.symbols) for element in elements] for one in systems]
        return np.repeat(np.array(rows), [len(one) for one in systems], axis=0)

    def energies(systems: Sequence[LabelledFrames]) -> np.ndarray:
        return np.concatenate([one.energies / len(one.symbols) for one in systems])

    known = np.linalg.lstsq(shares(train), energies(train), rcond=None)[0]
    away = energies(test) - shares(test) @ known
    return _rms([away]), _rms([one.forces.ravel() for one in test])


def _rms(parts: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) if parts else float("nan")
