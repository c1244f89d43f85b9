"""Which frames a committee knows, which it is to learn, and which it cannot judge."""

from __future__ import annotations

import numpy as np

ACCURATE, CANDIDATE, FAILED = "accurate", "candidate", "failed"


def classify(deviations: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """``accurate`` below the lower bound, ``failed`` from the upper one on or where not a number, else ``candidate``.

    Parameters
    ----------
    deviations : (F,) array
        `qcrystal.potential.committee.force_deviation`, eV/Å.
    bounds
        Lower and upper bound, eV/Å; a frame exactly at the lower one is a candidate (DP-GEN's trust levels).
    """
    deviations = np.asarray(deviations, float)
    lower, upper = bounds
    return np.where(deviations < lower, ACCURATE, np.where(deviations < upper, CANDIDATE, FAILED))
