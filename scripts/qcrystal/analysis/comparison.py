"""Tables of two sets of runs held against each other within their errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from qcrystal.analysis.sweeps import CONDITION, combine_replicas, every_run
from qcrystal.io.tables import read_table

FAR = 3.0
"""Combined standard errors beyond which two values differ."""
SINGLE = ("quadrilateral_noise", "production_length", "max_frequency")
"""Observables that follow from a run's length or settings."""
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
        Conditions, observable, species, value, error, value_known, error_known, and distance in combined standard errors.
    """
    means = [combine_replicas(table[~table["observable"].isin(SINGLE)], KEYS) for table in (ours, known) if len(table)]
    if len(means) < 2:
        return pd.DataFrame(columns=[*KEYS, "value", "error", "value_known", "error_known", "distance"])
    joined = means[0].merge(means[1], on=KEYS, suffixes=("", "_known"))
    joined = joined[np.hypot(joined["error"], joined["error_known"]) > 0].reset_index(drop=True)
    sigma = np.hypot(joined["error"], joined["error_known"])
    return joined.assign(distance=(joined["value"] - joined["value_known"]).abs() / sigma)
