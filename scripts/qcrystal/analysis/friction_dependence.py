"""Dependence of a quantum bath's kinetic energies on its friction, a fault that the bath's net power cannot show.

A bath's friction is no property of the crystal. Kinetic energies by the virial theorem are free of the broadening that friction
causes in a harmonic crystal. What is left of a dependence on friction comes from energy that the couplings between modes move,
faster than the bath can bring it back. The net power of an adaptive bath can be zero all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import Estimate
from qcrystal.analysis.sweeps import kinetic_temperatures
from qcrystal.io.tables import records

SIGMAS = 2.0
"""Errors beyond which a change counts as seen."""
TOLERABLE = 0.05
"""Relative change of a kinetic energy per factor of two in friction that the method's own errors allow."""
KEYS = ["method", "species", "pressure_target", "temperature_target"]


def friction_dependence(summaries: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Compare each pair of neighbouring frictions of sweeps with quantum baths.

    Parameters
    ----------
    summaries
        Of the sweeps; those of one friction add nothing.

    Returns
    -------
    pandas.DataFrame
        ``KEYS``; ``friction_low`` and ``friction_high``, 1/ps; ``low`` and ``high``: kinetic temperatures there, K. ``change``
        is relative, from the higher to the lower friction, per factor of two between them; ``error`` is its own. ``verdict``:
        depends, independent or undecided, see the function of this name.
    """
    rows = []
    for summary in summaries:
        for condition, found in kinetic_temperatures(summary).groupby(KEYS):
            steps = list(records(found[found["friction"].notna()].sort_values("friction")))
            for low, high in zip(steps[:-1], steps[1:], strict=True):
                octaves = np.log2(high.friction / low.friction)
                if octaves == 0:  # replicas of other conditions, such as two isotopes
                    continue
                change = (low.value / high.value - 1.0) / octaves
                errors = np.array([low.error / high.value, high.error * low.value / high.value**2]) / octaves
                error = float(np.hypot(*errors))
                estimate = Estimate(change, error, np.nan, float(min(low.freedom, high.freedom)))
                condition_row = dict(zip(KEYS, cast(tuple, condition), strict=True))
                rows.append(
                    condition_row
                    | {
                        "friction_low": low.friction,
                        "friction_high": high.friction,
                        "low": low.value,
                        "high": high.value,
                    }
                    | {"change": change, "error": error, "verdict": verdict(estimate)}
                )
    columns = [*KEYS, "friction_low", "friction_high", "low", "high", "change", "error", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def verdict(change: Estimate) -> str:
    """Verdict on a relative change per factor of two in friction, at `SIGMAS` errors, Student's t included.

    ``depends``: it is beyond `TOLERABLE`, error included: the bath's energies are not to be trusted at either friction.
    ``independent``: it is within it, error included. ``undecided``: the runs are too short to tell.
    """
    reach = change.reach(SIGMAS)
    if abs(change.value) - reach > TOLERABLE:
        return "depends"
    return "independent" if abs(change.value) + reach <= TOLERABLE else "undecided"
