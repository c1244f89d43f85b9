"""Rows of a run's summary: an observable of a species, its value with error, and its unit."""

from __future__ import annotations

import pandas as pd

from qcrystal.analysis.statistics import Estimate
from qcrystal.io.table_schemas.registry import TABLES


class Rows:
    """Collects the rows of a summary, in the order in which they are added."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, float, float, float, str]] = []

    def add(self, observable: str, species: str, found: Estimate, unit: str) -> None:
        """Add one observable of a species, or of ``all`` atoms."""
        self._rows.append((observable, species, found.value, found.error, found.n_effective, unit))

    def table(self) -> pd.DataFrame:
        """The summary: observable, species, value, error, n_effective, unit."""
        return pd.DataFrame(self._rows, columns=list(TABLES["run_summary"].names))
