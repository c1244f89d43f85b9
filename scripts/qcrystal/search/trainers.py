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


def counts_of(system: LabelledFrames) -> dict[str, int]:
    """Atoms of each element in a frame."""
    elements, numbers = np.unique(system.symbols, return_counts=True)
    return dict(zip(elements.tolist(), numbers.tolist(), strict=True))


def trainer_row(
    name: str, training: Training, model: Path, test: Sequence[LabelledFrames], frames: int
) -> pd.DataFrame:
    """How well a potential does on frames held out.

    Parameters
    ----------
    frames
        How many frames it was trained on.

    Returns
    -------
    pandas.DataFrame
        One row with the columns of the schema ``ternary_trainers`` but ``potential``. ``hull_scatter`` and ``hull_offset`` are
        what of the energies' error a hull feels, see `measured`. They are NaN with too few systems. ``force_rmse_lacking`` is
        that of systems without one of the species.
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
    row |= {"steps": training.effort.steps, "frames": frames, "held_out": held_out, "systems": len(test)}
    row |= {"energy_rmse": _rms(energy), "hull_scatter": errors.scatter if errors else np.nan}
    row |= {"hull_offset": errors.offset if errors else np.nan, "force_rmse": _rms(force)}
    row |= {"force_rmse_lacking": _rms(lacking), "virial_rmse": _rms(virial)}
    return pd.DataFrame([row])


def _rms(parts: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) if parts else float("nan")
