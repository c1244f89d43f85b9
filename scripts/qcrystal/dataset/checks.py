"""Checks of labelled frames: what makes labels unusable is an error that names the frame and the value."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import scipy
from ase import units
from ase.data import atomic_numbers, covalent_radii
from pydantic import Field

from qcrystal.dataset.consistency import check_consistency
from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames, nearest_distances
from qcrystal.fields import Number, Positive, Strict

ENOUGH_FOR_TREND = 8
"""Frames that a trend with volume needs."""
PRESSURE_TREND = 20.0
"""GPa; the energies of hot frames give smaller pressures with an error of this size."""


class Limits(Strict):
    """Ranges that labels must keep to. A label outside is an error."""

    min_distance: Positive = 0.35
    """Å, between any two atoms; [Ly]'s hottest frame has two H at 0.41 Å."""
    radius_fraction: Positive = 0.5
    """Share of the sum of two covalent radii below which the nearest atoms of a typical frame are not of their species."""
    loosest: Positive = 1.3
    """Share of that sum above which no two atoms of a crystal are neighbours, as where lengths are in Bohr."""
    max_force: Positive = 100.0
    """eV/Å, of an atom."""
    pressure: tuple[Number, Number] = (-100.0, 1000.0)
    """GPa, potential part."""
    energy_deviation: Positive = 0.6
    """eV/atom; an outlier is farther off the trend with volume. [Ly]'s `aimd` starts 0.41 below its molten rest."""
    robust_z: Positive = 10.0
    """Robust standard deviations; an outlier is farther off the trend by these too."""
    force_ratio: Positive = 20.0
    """Of a frame's root-mean-square force to that of the median frame."""
    unit_factor: Annotated[Positive, Field(gt=1)] = 3.0
    """Between the pressure of the virials and -dE/dV, from which on one of them is in another unit."""


def check(system: LabelledFrames, limits: Limits | None = None) -> None:
    """Raise `DatasetError` for the first thing that is wrong with one system."""
    limits = limits or Limits()
    _check_shapes(system)
    _check_finite(system)
    _check_cells(system)
    _check_distances(system, limits)
    _check_forces(system, limits)
    check_consistency([system])
    _check_pressures(system, limits)
    _check_duplicates([system])
    _check_trend([system], limits)


def check_dataset(systems: Sequence[LabelledFrames], limits: Limits | None = None) -> None:
    """Check every system, and systems against each other: energies, forces, virials and duplicates across systems."""
    limits = limits or Limits()
    for system in systems:
        check(system, limits)
    check_consistency(systems)
    for _, group in itertools.groupby(sorted(systems, key=_stoichiometry), key=_stoichiometry):
        _check_trend(list(group), limits)
    for _, group in itertools.groupby(sorted(systems, key=_order), key=_order):
        _check_duplicates(list(group))


def _stoichiometry(system: LabelledFrames) -> str:
    return system.stoichiometry


def _order(system: LabelledFrames) -> str:
    return " ".join(system.symbols)


def _check_shapes(system: LabelledFrames) -> None:
    frames, atoms = len(system), len(system.symbols)
    shapes = {
        "cells": (frames, 3, 3),
        "positions": (frames, atoms, 3),
        "forces": (frames, atoms, 3),
        "virials": (frames, 3, 3),
    }
    if frames == 0:
        raise DatasetError(f"{system.source}: no frames; remove the system")
    for name, shape in shapes.items():
        found = np.shape(getattr(system, name))
        if found != shape:
            raise DatasetError(f"{system.source}: {name} have shape {found}, not {shape}; write the system again")


def _check_finite(system: LabelledFrames) -> None:
    for name in ("cells", "positions", "energies", "forces", "virials"):
        values = getattr(system, name).reshape(len(system), -1)
        bad = ~np.isfinite(values)
        if bad.any():
            frame = int(np.argmax(bad.any(axis=1)))
            value = values[frame][bad[frame]][0]
            raise DatasetError(f"{system.source}: frame {frame}: {value} in {name}; label or remove this frame")


def _check_cells(system: LabelledFrames) -> None:
    lengths = np.linalg.norm(system.cells, axis=2)
    skew = system.volumes / np.maximum(lengths.prod(axis=1), 1e-300)
    frame = int(np.argmin(skew))
    if skew[frame] < 1e-3:
        raise DatasetError(
            f"{system.source}: frame {frame}: singular cell, volume {system.volumes[frame]:.3g} Å³; remove this frame"
        )


def _check_distances(system: LabelledFrames, limits: Limits) -> None:
    """Distances of right crystals.

    Cell vectors that were written as columns bring atoms together: they are named as a cause where transposed cells have right
    distances. Of atoms that are too far apart transposed cells tell nothing, as a sheared cell brings some nearer.
    """
    nearest = nearest_distances(system)
    near = _too_near(nearest, limits)
    if near:
        found, advice = near
        transposed = dataclasses.replace(system, cells=system.cells.transpose(0, 2, 1))
        if not np.allclose(transposed.cells, system.cells):
            others = nearest_distances(transposed)
            if not _too_near(others, limits) and not _too_far(others, limits):
                advice = (
                    "the distances are those of a crystal if the cell vectors are the columns of box.npy; "
                    f"write them as rows, or if they are rows, {advice}"
                )
        raise DatasetError(f"{system.source}: {found}; {advice}")
    far = _too_far(nearest, limits)
    if far:
        raise DatasetError(f"{system.source}: {far}")


Nearest = dict[tuple[str, str], np.ndarray]
"""Of `nearest_distances`."""


def _too_near(nearest: Nearest, limits: Limits) -> tuple[str, str] | None:
    """Atoms that are nearer than in any crystal: what was found, and what to do."""
    for pair, distances in nearest.items():
        frame = int(np.argmin(distances))
        if distances[frame] < limits.min_distance:
            found = f"frame {frame}: {pair[0]} and {pair[1]} are {distances[frame]:.3f} Å apart, less than"
            return f"{found} {limits.min_distance} Å", "remove this frame"
        typical, bound = np.median(distances), limits.radius_fraction * _radii(pair)
        if typical < bound:
            found = (
                f"the nearest {pair[0]} and {pair[1]} are {typical:.2f} Å apart in the median frame, "
                f"less than these species allow ({bound:.2f} Å): types look swapped"
            )
            return found, "check type.raw and the type map"
    return None


def _too_far(nearest: Nearest, limits: Limits) -> str | None:
    """Nearest atoms that are farther apart than in any crystal, with the pair and the distance, and what to do."""
    typical = {pair: float(np.median(distances)) for pair, distances in nearest.items()}
    pair = min(typical, key=lambda one: typical[one] / _radii(one))
    ratio = typical[pair] / _radii(pair)
    if ratio <= limits.loosest:
        return None
    return (
        f"even the nearest atoms, {pair[0]} and {pair[1]}, are {typical[pair]:.2f} Å apart in the median frame, "
        f"{ratio:.2f} times the sum of their covalent radii, more than limits.loosest ({limits.loosest:g}): lengths do not look "
        "like Å; check the unit of box.npy and coord.npy, or if the crystal is that wide, set limits.loosest to "
        f"{np.ceil(10 * ratio + 0.5) / 10:g}"
    )


def _radii(pair: tuple[str, str]) -> float:
    """Sum of two covalent radii, Å."""
    return float(sum(covalent_radii[atomic_numbers[symbol]] for symbol in pair))


def _check_forces(system: LabelledFrames, limits: Limits) -> None:
    largest = np.linalg.norm(system.forces, axis=2).max(axis=1)
    frame = int(np.argmax(largest))
    if largest[frame] > limits.max_force:
        raise DatasetError(
            f"{system.source}: frame {frame}: force of {largest[frame]:.1f} eV/Å, more than {limits.max_force:g}; "
            "check the unit, or label or remove this frame"
        )
    rms = np.sqrt((system.forces**2).mean(axis=(1, 2)))
    frame, typical = int(np.argmax(rms)), np.median(rms)
    if len(system) >= 5 and rms[frame] > limits.force_ratio * typical > 0:
        raise DatasetError(
            f"{system.source}: frame {frame}: rms force {rms[frame]:.2f} eV/Å where the median frame has {typical:.2f}"
            "; label or remove this frame"
        )


def _check_pressures(system: LabelledFrames, limits: Limits) -> None:
    low, high = limits.pressure
    pressures = system.pressures
    wrong = (pressures < low) | (pressures > high)
    if wrong.any():
        frame = int(np.argmax(wrong))
        hint = "check its sign (virial = -volume × stress)" if pressures[frame] < low else "check its unit"
        raise DatasetError(
            f"{system.source}: frame {frame}: the virial gives {pressures[frame]:.1f} GPa, outside {low:g} to {high:g} "
            f"GPa at {system.volumes[frame] / len(system.symbols):.3f} Å³/atom; {hint}, or widen limits.pressure"
        )


def _check_duplicates(systems: Sequence[LabelledFrames], tolerance: float = 1e-6) -> None:
    """Frames whose cell and positions agree within ``tolerance`` (Å) in every component."""
    labels = [(system.source, frame) for system in systems for frame in range(len(system))]
    points = np.concatenate(
        [np.hstack([s.cells.reshape(len(s), -1), s.positions.reshape(len(s), -1)]) for s in systems]
    )
    pairs = scipy.spatial.cKDTree(points).query_pairs(tolerance, p=np.inf)
    if pairs:
        first, second = (labels[i] for i in min(pairs))
        raise DatasetError(
            f"{second[0]}: frame {second[1]} is a duplicate of frame {first[1]} of {first[0]}; remove one of them"
        )


def _check_trend(systems: Sequence[LabelledFrames], limits: Limits) -> None:
    """Energies against their trend with volume, and the pressures against -dE/dV of that trend."""
    labels = [(system.source, frame) for system in systems for frame in range(len(system))]
    if len(labels) < ENOUGH_FOR_TREND:
        return
    volumes = np.concatenate([s.volumes / len(s.symbols) for s in systems])
    energies = np.concatenate([s.energies / len(s.symbols) for s in systems])
    pressures = np.concatenate([s.pressures for s in systems])
    spread = np.ptp(volumes) / np.median(volumes)
    degree = 2 if spread > 0.05 else 1 if spread > 0.01 else 0
    middle = np.median(volumes)
    trend, scale = robust_polynomial(volumes - middle, energies, degree)
    residuals = energies - np.polyval(trend, volumes - middle)
    worst = int(np.argmax(np.abs(residuals)))
    if abs(residuals[worst]) > max(limits.energy_deviation, limits.robust_z * scale):
        source, frame = labels[worst]
        raise DatasetError(
            f"{source}: frame {frame}: energy {energies[worst]:.4f} eV/atom is {residuals[worst]:+.3f} eV/atom off the "
            f"trend of the other frames with volume (their scatter is {scale:.3f}); label or remove this frame"
        )
    if spread > 0.05:
        # A straight line: frames of different temperatures scatter, and more coefficients would follow their scatter.
        line, scale = robust_polynomial(volumes - middle, energies, 1)
        error = scale / np.linalg.norm(volumes - volumes.mean()) / units.GPa
        expected, found = -line[0] / units.GPa, float(np.median(pressures))
        if abs(expected) > max(PRESSURE_TREND, 3 * error) and abs(found + expected) < abs(found - expected):
            raise DatasetError(
                f"{labels[0][0]}: the virials give {found:.0f} GPa but the energies fall with volume as at "
                f"{expected:.0f} GPa: the virial's sign is wrong; virial = -volume × stress"
            )
        if (
            abs(expected) > max(PRESSURE_TREND, 5 * error)
            and not 1 / limits.unit_factor < expected / found < limits.unit_factor
        ):
            raise DatasetError(
                f"{labels[0][0]}: the virials give {found:.3g} GPa but the energies fall with volume as at {expected:.3g} GPa: "
                "one of them is in another unit; energies and virials = -volume × stress are in eV"
            )


def robust_polynomial(x: np.ndarray, y: np.ndarray, degree: int) -> tuple[np.ndarray, float]:
    """Polynomial fit with Cauchy weights, and the residuals' scale 1.4826 median|r| (a robust standard deviation)."""
    weights = np.ones(len(x))
    coefficients = np.array([0.0] * degree + [np.median(y)])
    for _ in range(50):
        residuals = y - np.polyval(coefficients, x)
        scale = max(1.4826 * np.median(np.abs(residuals)), 1e-9)
        weights = 1 / np.sqrt(1 + (residuals / (2 * scale)) ** 2)
        coefficients = np.polyfit(x, y, degree, w=weights)
    residuals = y - np.polyval(coefficients, x)
    return coefficients, float(1.4826 * np.median(np.abs(residuals)))
