"""The card of a trained potential, from its settings, its labels and its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.files import file_digest
from qcrystal.potential.card import Card, Digests, Labels, Settings, Split
from qcrystal.potential.committee import Committee, deviation_statistics
from qcrystal.potential.settings import Training
from qcrystal.processes import tensorflow_package

NOTE = "test: frames never trained on; their errors steer no training"
CHOSE_ARCHITECTURES = "ly2022"
"""The data set by whose test frames the shipped architectures were chosen; its cards say so."""


def model_card(
    model: Path,
    name: str,
    training: Training,
    dataset: dict[str, Any],
    systems_by_split: Mapping[str, Sequence[LabelledFrames]],
    errors: pd.DataFrame,
    every: Mapping[str, int] | None = None,
    literature: Mapping[str, Mapping[str, float]] | None = None,
    speed: dict[str, Any] | None = None,
    committee: dict[str, Any] | None = None,
    remarks: Mapping[str, Any] | None = None,
) -> Card:
    """The card of a trained potential.

    Parameters
    ----------
    dataset
        Name, source, commit and split rule of the labels, as plain data.
    literature
        Published accuracies by source: energy in meV/atom, force in meV/Å, virial in meV/atom.
    speed
        Measured cost, for example ``{"ms_per_step": 42, "atoms": 352, "device": "one CPU core"}``.
    committee
        Statistics of `qcrystal.potential.committee.deviation_statistics` on the test frames, and the members' digests by
        file name under ``sha256``; see `committee_entry`.
    remarks
        More entries, or other ones: what was tried before, where it is known to be wrong.
    """
    pressures = np.concatenate([s.pressures for systems in systems_by_split.values() for s in systems])
    split: dict[str, dict[str, Any]] = {
        part: {"systems": len(systems), "frames": sum(len(s) for s in systems)}
        for part, systems in systems_by_split.items()
    }
    for part, step in (every or {}).items():
        if step > 1:
            split[part]["accuracy_from"] = f"one frame in {step}"
    is_theirs = dataset.get("name") == CHOSE_ARCHITECTURES
    labels = {**dataset, "pressure_GPa": (round(float(pressures.min()), 1), round(float(pressures.max()), 1))}
    return Card(
        name=name,
        species=training.species,
        descriptor="se_e2_a" + (" and cubic invariants" if training.architecture.invariants else ""),
        data=Labels.model_validate(labels),
        split={part: Split.model_validate(entry) for part, entry in split.items()},
        settings=Settings.model_validate(training.model_dump(mode="json")),
        accuracy={part: _accuracy(errors, part) for part in systems_by_split},
        accuracy_note=NOTE + f", but those on {CHOSE_ARCHITECTURES} chose the shipped architectures" * is_theirs,
        literature={source: dict(values) for source, values in (literature or {}).items()},
        sha256=file_digest(model),
        versions={package: version(package) for package in _packages(training)},
        committee=Digests.model_validate(committee) if committee else None,
        speed=speed,
        **(remarks or {}),
    )


def committee_entry(models: Sequence[Path], test_systems: Sequence[LabelledFrames]) -> dict[str, Any] | None:
    """A committee's statistics on test frames and its members' digests; None of a single potential."""
    if len(models) < 2:
        return None
    statistics = deviation_statistics(Committee(models), test_systems)
    return {**statistics, "sha256": {path.name: file_digest(path) for path in models}}


def _packages(training: Training) -> list[str]:
    """Inputs that a training depends on."""
    return [
        "deepmd-kit",
        tensorflow_package(),
        "numpy",
        *(["jax", "optax"] if training.architecture.trainer == "moments" else []),
    ]


def _accuracy(errors: pd.DataFrame, split: str) -> dict[str, Any]:
    chosen = errors[(errors["split"] == split) & (errors["system"] == "all")]
    keys = zip(chosen["quantity"], chosen["species"], strict=True)
    rmse = {key: float(f"{1e3 * value:.4g}") for key, value in zip(keys, chosen["rmse"], strict=True)}
    forces = {species: value for (quantity, species), value in sorted(rmse.items()) if quantity == "force"}
    return {
        "energy_meV_per_atom": rmse["energy", "all"],
        "force_meV_per_angstrom": forces,
        "virial_meV_per_atom": rmse["virial", "all"],
    }
