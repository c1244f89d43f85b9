"""Rows of a run's summary: an observable of a species, its value with error, and its unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from qcrystal.analysis.statistics import Estimate


class Row(NamedTuple):
    """One observable of a species, or of ``all`` atoms."""

    observable: str
    species: str
    value: float
    error: float
    n_effective: float
    freedom: float
    unit: str
    limit: float = np.nan


class Rows:
    """Collects the rows of a summary, in the order in which they are added."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def add(self, observable: str, species: str, found: Estimate, unit: str, limit: float = np.nan) -> None:
        """Add one observable of a species, or of ``all`` atoms.

        Infinitely many degrees of freedom are an empty cell. ``limit`` is an upper limit of what was not seen.
        """
        finite = found if np.isfinite(found.freedom) else found._replace(freedom=np.nan)
        self._rows.append(Row(observable, species, *finite, unit, limit))

    def table(self) -> pd.DataFrame:
        """The summary: a column for each field of `Row`."""
        return pd.DataFrame(self._rows, columns=list(Row._fields))
