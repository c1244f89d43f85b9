"""Predictions of a potential for labelled frames, and their errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.engines import Deepmd, Evaluator, PotentialError

logger = logging.getLogger(__name__)

UNITS = {"energy": "eV/atom", "force": "eV/Å", "virial": "eV/atom"}

TRAINING_FRAMES = 250
"""Training frames whose errors are measured, about; more of them tell nothing new."""
BIN_WIDTHS = {"energy": 0.005, "force": 0.2}
"""Widest bins of the histograms of labels and predictions, eV/atom and eV/Å."""
FEWEST_BINS = 75
"""Bins that the labels of a quantity span at least."""


def predict(
    potential: Evaluator, system: LabelledFrames, atoms_per_batch: int = 3000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies (F,) eV, forces (F, N, 3) eV/Å and virials (F, 3, 3) eV of labelled frames.

    ``atoms_per_batch`` bounds the memory.
    """
    types = types_of(potential, system.symbols.tolist(), str(system.source))
    frames, atoms = len(system), len(types)
    step = max(1, atoms_per_batch // atoms)
    parts = []
    for start in range(0, frames, step):
        chosen = slice(start, start + step)
        parts.append(potential.evaluate(system.positions[chosen], system.cells[chosen], types))
    energies, forces, virials = (np.concatenate(values) for values in zip(*parts, strict=True))
    return energies, forces, virials


def types_of(potential: Evaluator, symbols: Sequence[str], where: str) -> list[int]:
    """Numbers of the species of atoms in a potential; `PotentialError` names ``where`` and a species that it lacks."""
    species = potential.species
    unknown = sorted(set(symbols) - set(species))
    if unknown:
        raise PotentialError(f"{where}: species {unknown[0]} is not among the potential's {species}")
    return [species.index(symbol) for symbol in symbols]


def thinning(systems_by_split: Mapping[str, Sequence[LabelledFrames]], most: int = TRAINING_FRAMES) -> dict[str, int]:
    """Frames that `parity` evaluates: about ``most`` of the training frames, evenly spaced, and every test frame."""
    return {"train": max(1, sum(map(len, systems_by_split["train"])) // most)}


def parity(
    model: Path, systems_by_split: Mapping[str, Sequence[LabelledFrames]], every: Mapping[str, int] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Errors of a potential on labelled frames.

    Parameters
    ----------
    model
        Frozen potential.
    systems_by_split
        Systems of ``train`` and ``test``.
    every
        Use every k-th frame of a split, for example ``{"train": 10}``; 1 if not given.

    Returns
    -------
    errors : DataFrame
        quantity, split, system (``all``: the whole split), species, rmse, mae, offset (mean of predicted less label), scatter
        (about the offset), n, unit. rmse² = offset² + scatter². Energies and virials are per
        atom; forces and virials count by component, energies by frame.
    histograms : DataFrame
        quantity, split, species, reference, predicted, count: occupied bins, by their centres. `bin_width` says how wide.
    """
    potential = Deepmd(model)
    pieces: dict[tuple[Any, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
    started = time.monotonic()
    for split, systems in systems_by_split.items():
        step = (every or {}).get(split, 1)
        for number, system in enumerate(systems):
            chosen = system.take(range(0, len(system), step))
            for (quantity, species), pair in _compared(potential, chosen).items():
                pieces.setdefault((quantity, split, species, system.name), []).append(pair)
                pieces.setdefault((quantity, split, species, "all"), []).append(pair)
            logger.info(
                "parity: %s %d/%d systems, %.0f s since the start",
                split,
                number + 1,
                len(systems),
                time.monotonic() - started,
            )
    errors, histograms = [], []
    labels = {
        q: [pair[0] for (quantity, *_), pairs in pieces.items() if quantity == q for pair in pairs] for q in BIN_WIDTHS
    }
    widths = {quantity: bin_width(np.concatenate(values), BIN_WIDTHS[quantity]) for quantity, values in labels.items()}
    for (quantity, split, species, system), pairs in sorted(pieces.items()):
        reference, predicted = (np.concatenate(values) for values in zip(*pairs, strict=True))
        named = {"quantity": quantity, "split": split, "system": system, "species": species}
        errors.append(named | _statistics(predicted - reference) | {"unit": UNITS[quantity]})
        if system == "all" and quantity in BIN_WIDTHS:
            table = sparse_histogram(reference, predicted, widths[quantity])
            histograms.append(table.assign(quantity=quantity, split=split, species=species))
    columns = ["quantity", "split", "species", "reference", "predicted", "count"]
    return pd.DataFrame(errors), pd.concat(histograms, ignore_index=True)[columns]


def _statistics(deviation: np.ndarray) -> dict[str, float]:
    """Root mean square, mean absolute error, offset, scatter about it, and number of deviations."""
    return {
        "rmse": float(np.sqrt(np.mean(deviation**2))),
        "mae": float(np.mean(np.abs(deviation))),
        "offset": float(np.mean(deviation)),
        "scatter": float(np.std(deviation)),
        "n": len(deviation),
    }


def _compared(potential: Any, system: LabelledFrames) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Flat (reference, predicted) pairs by quantity and species."""
    atoms = len(system.symbols)
    energies, forces, virials = predict(potential, system)
    pairs = {
        ("energy", "all"): (system.energies / atoms, energies / atoms),
        ("virial", "all"): (system.virials.ravel() / atoms, virials.ravel() / atoms),
        ("force", "all"): (system.forces.ravel(), forces.ravel()),
    }
    for species in dict.fromkeys(system.symbols.tolist()):
        members = system.symbols == species
        pairs["force", species] = (system.forces[:, members].ravel(), forces[:, members].ravel())
    return pairs


def bin_width(values: np.ndarray, widest: float) -> float:
    """1, 2 or 5 times a power of ten: the largest of them by which `FEWEST_BINS` bins hold all values, at most ``widest``."""
    most = min(np.ptp(values) / FEWEST_BINS, widest)
    if not most > 0:
        return widest
    power = int(np.floor(np.log10(most)))
    return max(width for width in (float(f"{digit}e{power}") for digit in (1, 2, 5)) if width <= most * (1 + 1e-9))


def sparse_histogram(reference: np.ndarray, predicted: np.ndarray, width: float) -> pd.DataFrame:
    """Occupied bins of a two-dimensional histogram: centres (multiples of ``width``) and counts."""
    bins = np.rint(np.column_stack([reference, predicted]) / width).astype(int)
    occupied, counts = np.unique(bins, axis=0, return_counts=True)
    centres = np.round(occupied * width, 6)
    return pd.DataFrame({"reference": centres[:, 0], "predicted": centres[:, 1], "count": counts})
