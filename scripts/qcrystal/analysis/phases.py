"""Phase of a run, by its order parameter and its error, and the pressures between which a boundary lies."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import MINIMUM_SAMPLES, Estimate
from qcrystal.analysis.sweeps import CONDITION, combine_replicas
from qcrystal.io.tables import records

Phase = Literal["symmetric", "distorted", "undecided"]
ERRORS = 2.0
"""Standard errors by which an order parameter must be off the threshold; with few degrees of freedom as much as is as sure."""


class Boundary(NamedTuple):
    """Pressures (GPa) between which the boundary lies at a temperature.

    Attributes
    ----------
    below
        Highest pressure below which no run is symmetric: the highest one that is distorted; NaN if none is.
    above
        Lowest pressure above ``below`` from which on every run is symmetric; NaN if there is none.
    contradicts
        Whether a run is symmetric below one that is distorted: hysteresis, or runs that are too short.
    """

    below: float
    above: float
    contradicts: bool

    @property
    def middle(self) -> float:
        """Midpoint (GPa); NaN if one side is not known."""
        return (self.below + self.above) / 2.0

    @property
    def half_width(self) -> float:
        """Half of the interval (GPa): the boundary's uncertainty."""
        return (self.above - self.below) / 2.0


def phase(value: float, error: float, threshold: float, n_effective: float = np.inf, freedom: float = np.inf) -> Phase:
    """Phase by an order parameter that vanishes in the symmetric phase.

    It is decided where the value is two standard errors off the threshold. With few degrees of freedom Student's t widens this
    distance. A value without an error, or of fewer than four independent samples, decides nothing.
    """
    if not (np.isfinite(value) and np.isfinite(error)) or n_effective < MINIMUM_SAMPLES:
        return "undecided"
    reach = Estimate(value, error, n_effective, freedom).reach(ERRORS)
    if value - reach > threshold:
        return "distorted"
    return "symmetric" if value + reach < threshold else "undecided"


def phases(summary: pd.DataFrame, observable: str, threshold: float) -> pd.DataFrame:
    """Phase of each condition of a sweep, replicas averaged.

    Returns
    -------
    pandas.DataFrame
        The conditions, value, error, n_effective (summed over replicas), length_ps (the longest replica's) and phase.
    """
    rows = summary[summary["observable"] == observable]
    found = combine_replicas(rows, CONDITION)
    more = rows.groupby(CONDITION, dropna=False).agg(n_effective=("n_effective", "sum"), length_ps=("length_ps", "max"))
    found = found.merge(more.reset_index(), on=CONDITION, how="left")
    found["phase"] = [phase(row.value, row.error, threshold, row.n_effective, row.freedom) for row in records(found)]
    return found


def boundary(rows: pd.DataFrame) -> Boundary:
    """Boundary from the phases of one temperature, all starts together; undecided runs say nothing.

    Parameters
    ----------
    rows
        pressure_target (GPa) and phase.
    """
    distorted = rows.loc[rows["phase"] == "distorted", "pressure_target"].to_numpy(float)
    symmetric = rows.loc[rows["phase"] == "symmetric", "pressure_target"].to_numpy(float)
    below = float(distorted.max()) if len(distorted) else np.nan
    beyond = symmetric[symmetric > below] if len(distorted) else symmetric
    above = float(beyond.min()) if len(beyond) else np.nan
    return Boundary(below, above, bool(len(distorted) and (symmetric <= below).any()))


def boundaries(rows: pd.DataFrame) -> pd.DataFrame:
    """Boundaries (below, above, contradicts) by ``temperature_target``."""
    found = [
        {"temperature_target": group, **boundary(part)._asdict()} for group, part in rows.groupby("temperature_target")
    ]
    return pd.DataFrame(found, columns=["temperature_target", *Boundary._fields])
