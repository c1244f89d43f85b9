"""Angles of the conventional cell, recovered from the supercell of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qcrystal.analysis.statistics import Estimate, estimate
from qcrystal.crystal.cells import angles


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
