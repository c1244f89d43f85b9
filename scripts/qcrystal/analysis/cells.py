"""Angles of the conventional cell, recovered from the supercell of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import Estimate, estimate, production_start
from qcrystal.crystal.cells import unit_cell
from qcrystal.crystal.prototype import CellParameters, Prototype

ANGLES = ("alpha", "beta", "gamma")


def conventional_from_basis(prototype: Prototype, basis: str) -> np.ndarray:
    """Integer matrix M with (conventional vectors) = M @ (vectors of the ``primitive`` or ``conventional`` cell).

    Raises
    ------
    ValueError
        If the two ideal cells are not related by integers.
    """
    conventional = unit_cell(prototype, "conventional", 1.0).cell.array
    matrix = conventional @ np.linalg.inv(unit_cell(prototype, basis, 1.0).cell.array)
    rounded = np.rint(matrix)
    if np.abs(matrix - rounded).max() > 1e-6:
        raise ValueError(f"basis {basis!r}: its vectors are no integer combination of the conventional cell: {matrix}")
    return rounded.astype(int)


def conventional_cells(cell: np.ndarray, prototype: Prototype, basis: str, repeat: Sequence[int]) -> np.ndarray:
    """Conventional cell vectors (F, 3, 3) of supercells (F, 3, 3) that hold ``repeat`` multiples of ``basis``, in Å."""
    unit = np.asarray(cell, float) / np.asarray(repeat, float)[:, None]
    return conventional_from_basis(prototype, basis) @ unit


def mean_shape(
    thermo: pd.DataFrame, prototype: Prototype, basis: str, repeat: Sequence[int], volume: float
) -> CellParameters | None:
    """Shape of the mean cell of a run at constant pressure, once that has settled; what the lattice system fixes stays fixed.

    Parameters
    ----------
    thermo
        Thermodynamic table of the run: time (ps), potential_energy, and the cell's vectors cxx, cxy, ... (Å).
    basis, repeat
        Of the run's supercell.
    volume
        Of the conventional cell, Å³, to which the mean cell is scaled.

    Returns
    -------
    CellParameters or None
        Å and degrees; None of a cubic prototype, which has one shape only.
    """
    if prototype.cubic:
        return None
    steady = thermo[thermo["time"] >= production_start(thermo, None)]
    vectors = steady[[f"c{i}{j}" for i in "xyz" for j in "xyz"]].to_numpy(float).reshape(-1, 3, 3)
    mean = conventional_cells(vectors, prototype, basis, repeat).mean(axis=0)
    lengths = dict(zip("abc", np.linalg.norm(mean, axis=1).tolist(), strict=True))
    system = prototype.lattice_system
    equal = ("a", *system.equal)
    lengths |= dict.fromkeys(equal, float(np.mean([lengths[name] for name in equal])))
    found = dict(zip(ANGLES, angles(mean @ mean.T).tolist(), strict=True)) | system.angles
    cell = CellParameters(**lengths, **found)
    scale = (volume / cell.volume) ** (1 / 3)
    return cell._replace(a=cell.a * scale, b=cell.b * scale, c=cell.c * scale)


def angles(metric: np.ndarray) -> np.ndarray:
    """α, β, γ (degrees, last axis) of metric tensors (..., 3, 3), G_ij = a_i · a_j."""
    metric = np.asarray(metric, float)
    length = np.sqrt(np.diagonal(metric, axis1=-2, axis2=-1))
    cosine = metric / (length[..., :, None] * length[..., None, :])
    return np.degrees(np.arccos(np.stack([cosine[..., 1, 2], cosine[..., 0, 2], cosine[..., 0, 1]], axis=-1)))


def angle_series(conventional: np.ndarray) -> np.ndarray:
    """α, β, γ of every frame, (F, 3), degrees."""
    conventional = np.asarray(conventional, float)
    return angles(conventional @ np.swapaxes(conventional, -1, -2))


def mean_angles(
    conventional: np.ndarray, fixed: Sequence[float] | np.ndarray = (90.0, 90.0, 90.0)
) -> tuple[list[Estimate], Estimate | None]:
    """Angles of the mean metric tensor, and their mean distance from those of the perfect crystal.

    Parameters
    ----------
    conventional
        (F, 3, 3), Å.
    fixed
        α, β, γ (degrees) of the perfect crystal; NaN: the angle is free, and has no distance.

    Returns
    -------
    angles : three `Estimate`
        Errors from the series of instantaneous angles.
    deviation : `Estimate` or None
        Mean of |α-90|, |β-90| and |γ-90|, or what else is fixed, of the mean angles; None if all are free. It cannot be
        negative: noise alone gives about 0.8 times the angles' error.
    """
    conventional = np.asarray(conventional, float)
    series = angle_series(conventional)
    mean = angles((conventional @ np.swapaxes(conventional, -1, -2)).mean(axis=0))
    each = [Estimate(float(m), *estimate(s)[1:]) for m, s in zip(mean, series.T, strict=True)]
    known = ~np.isnan(fixed)
    if not known.any():
        return each, None
    ideal = np.asarray(fixed, float)[known]
    away = mean[known] - ideal
    projected = estimate((np.sign(away) * (series[:, known] - ideal)).mean(axis=1))
    return each, Estimate(float(np.abs(away).mean()), *projected[1:])
