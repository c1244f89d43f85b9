"""Tables of a sweep: those of its runs below each other, with their conditions in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qcrystal.dynamics.spec import CLASSICAL_METHODS, RunSpec
from qcrystal.io.tables import read_table


def conditions(spec: RunSpec) -> dict[str, Any]:
    """Columns that say what a run is."""
    return {
        "run": spec.run,
        "system": spec.system,
        "method": spec.method,
        "isotope": spec.isotope or spec.mobile or "default",
        "start": spec.start,
        "atoms": spec.atoms,
        "beads": spec.beads,
        "friction": spec.bath.gamma if spec.method in CLASSICAL_METHODS else float("nan"),
        "pressure_target": spec.pressure,
        "temperature_target": spec.temperature,
        "replica": spec.replica,
        "length_ps": spec.length_ps,
    }


def read_deviations(paths: Sequence[Path]) -> pd.DataFrame:
    """Summaries of the committee's deviation in all runs, one row each, with columns run and extrapolates."""
    return pd.concat([read_table(path, "deviation_runs") for path in paths], ignore_index=True)


def sweep_table(
    name: str, specs: Sequence[RunSpec], folders: Mapping[str, Path], deviations: pd.DataFrame
) -> pd.DataFrame:
    """A table of a sweep.

    Parameters
    ----------
    name
        One of `qcrystal.io.table_schemas.runs.OBSERVABLES`.
    folders
        By run: the folder of its tables.
    deviations
        See `read_deviations`. Of the summary, the runs' rows are part.
    """
    verdicts = deviations.drop_duplicates("run").set_index("run")["extrapolates"]
    parts = []
    for spec in specs:
        table = read_table(folders[spec.run] / f"{name}.csv", f"run_{name}")
        if name == "summary":
            table = pd.concat([table, deviations.loc[deviations["run"] == spec.run, list(table.columns)]])
        head = conditions(spec) | {"extrapolates": verdicts[spec.run]}
        for position, (column, value) in enumerate(head.items()):
            table.insert(position, column, value)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
