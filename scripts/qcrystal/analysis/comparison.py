"""Tables of two sets of runs held against each other within their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr

from qcrystal.analysis.statistics import MANY, Estimate
from qcrystal.analysis.sweeps import CONDITION, combine_replicas, every_run
from qcrystal.io.tables import read_table

FAR = 3.0
"""Distance beyond which two values differ: what so many deviations of a normal number are as probable as."""
SINGLE = ("quadrilateral_noise", "bond_offset_noise", "production_length", "max_frequency", "exchanges", "hop_events")
"""Observables that follow from a run's length or settings, such as counts of events."""
KEYS = [*CONDITION, "beads", "friction", "observable", "species"]


def read_summaries(folder: Path) -> pd.DataFrame:
    """Summaries of all sweeps below a folder of results, each run once; empty if there is none."""
    tables = [read_table(path, "sweep_summary") for path in sorted(folder.glob("analysis/sweeps/*/summary.csv"))]
    if not tables:
        return pd.DataFrame(columns=[*KEYS, "run", "value", "error"])
    return every_run(tables)


def compare(ours: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Values that both sets have with errors, averaged over replicas.

    Returns
    -------
    pandas.DataFrame
        Conditions, observable, species, value, error, value_known, error_known, and distance. The distance is in deviations of
        a normal number: a difference of two errors that few degrees of freedom tell is less than 2.
    """
    means = [combine_replicas(table[~table["observable"].isin(SINGLE)], KEYS) for table in (ours, known) if len(table)]
    if len(means) < 2:
        return pd.DataFrame(columns=[*KEYS, "value", "error", "value_known", "error_known", "distance"])
    joined = means[0].merge(means[1], on=KEYS, suffixes=("", "_known"))
    joined = joined[np.hypot(joined["error"], joined["error_known"]) > 0].reset_index(drop=True)
    rows: list[Any] = list(joined.itertuples())
    return joined.assign(distance=[distance(row.value - row.value_known, *_errors(row)) for row in rows])


def not_compared(table: pd.DataFrame, found: pd.DataFrame) -> tuple[int, int]:
    """How many conditions of a set of runs are not among the compared ones, and how many it has."""
    every, compared = (set(map(tuple, one[CONDITION].astype(object).fillna("").to_numpy())) for one in (table, found))
    return len(every - compared), len(every)


def _errors(row: Any) -> tuple[Estimate, Estimate]:
    return (
        Estimate(row.value, row.error, np.nan, row.freedom),
        Estimate(row.value_known, row.error_known, np.nan, row.freedom_known),
    )


def distance(difference: float, one: Estimate, other: Estimate) -> float:
    """Deviations of a normal number that are as probable as a difference of two values.

    The degrees of freedom of the combined error are those of B. L. Welch, Biometrika 34, 28 (1947). They are at least the fewer
    of the two errors.
    """
    variances = np.square([one.standard, other.standard])
    shares = variances / variances.sum()
    inverse_freedom = float(np.sum(np.square(shares) / [one.freedom, other.freedom]))
    t = float(abs(difference) / np.sqrt(variances.sum()))
    if inverse_freedom < 1.0 / MANY:
        return t
    return min(-float(ndtri(stdtr(1.0 / inverse_freedom, -t))), t)  # very far values have no probability left
