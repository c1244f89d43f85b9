"""Labelled frames as the trainer needs them, and what it measures on them before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.moments.neighbourhoods import (
    Environment,
    Neighbourhoods,
    neighbourhoods,
    smooth_inverses,
    sorted_by_species,
)
from qcrystal.potential.settings import Architecture

SPLINES = 48  # per species; of the released potentials the spline misses forces by 3 to 4 meV/Å (root mean square)
HALF = 0.5  # 1/Å
MARGIN = 1.05  # the splines reach beyond the closest pair of the data


@dataclass
class Frame:
    """A labelled frame, atoms sorted by species; ``energy`` (eV) without the species' mean energies."""

    pairs: Neighbourhoods
    energy: float
    forces: np.ndarray
    virial: np.ndarray
    counts: tuple[int, ...]
    moments: np.ndarray | None = None


def mean_energies(systems: Sequence[LabelledFrames], species: list[str]) -> np.ndarray:
    """Mean energy (S,) of an atom of each species in eV: the solution of least norm, as DeePMD-kit takes it."""
    counts = np.array(
        [[np.sum(system.symbols == one) for one in species] for system in systems for _ in system.energies]
    )
    energies = np.concatenate([system.energies for system in systems])
    return np.linalg.lstsq(counts.astype(float), energies, rcond=None)[0]


def prepared(systems: Sequence[LabelledFrames], species: list[str], cutoff: float, energies: np.ndarray) -> list[Frame]:
    """Every frame with its pairs within ``cutoff`` (Å), less the mean ``energies`` (S,) in eV of its atoms."""
    frames = []
    for system in systems:
        order, numbers = sorted_by_species(system, species)
        counts = tuple(int(np.sum(numbers == one)) for one in range(len(species)))
        for k in range(len(system)):
            pairs = neighbourhoods(system.positions[k][order], system.cells[k], numbers, cutoff)
            energy = system.energies[k] - energies[numbers].sum()
            frames.append(Frame(pairs, energy, system.forces[k][order], system.virials[k], counts))
    return frames


def closest_pair(frames: Sequence[Frame]) -> float:
    """Smallest distance (Å) in the frames."""
    return min(float(np.sqrt((frame.pairs.vectors**2).sum(axis=1).min())) for frame in frames)


def measured_environment(
    frames: Sequence[Frame], architecture: Architecture, closest: float, sample: int = 200
) -> Environment:
    """The environment with the statistics of s that DeePMD-kit takes: mean and standard deviations over all slots.

    Empty slots count with s = 0. The splines reach to pairs a little closer than ``closest`` (Å). About ``sample`` frames
    are measured, evenly spaced.
    """
    slots = np.array(architecture.sel, float)
    cutoff, smooth = architecture.cutoff, architecture.cutoff_smooth
    count = len(slots)
    atoms, sums, squares, vector_squares = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    for frame in frames[:: max(1, len(frames) // sample)]:
        pairs = frame.pairs
        owner = np.repeat(pairs.species, np.diff(pairs.first))
        distance = np.sqrt((pairs.vectors.astype(float) ** 2).sum(axis=1))
        s = smooth_inverses(distance, smooth, cutoff)
        atoms += np.bincount(pairs.species, minlength=count)
        sums += np.bincount(owner, s, minlength=count)
        squares += np.bincount(owner, s**2, minlength=count)
        vector_squares += np.bincount(owner, s**2 / 3, minlength=count)
    entries = np.maximum(atoms, 1) * slots.sum()
    shift = sums / entries
    scale = np.maximum(np.sqrt(np.maximum(squares / entries - shift**2, 0)), 0.01)
    scale_vector = np.maximum(np.sqrt(vector_squares / entries), 0.01)
    largest = MARGIN / closest
    spacing = largest / (largest + HALF) / (SPLINES - 3)
    return Environment(
        cutoff, smooth, slots, shift, scale, scale_vector, HALF, spacing, SPLINES, degree_of(architecture)
    )


def degree_of(architecture: Architecture) -> int:
    """Largest degree of the harmonics; 1 without invariants."""
    return architecture.invariants.degree if architecture.invariants else 1
