"""Errors of potentials by several trainers on the same frames held out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import STAND_IN, searched_with_stand_in
from qcrystal.manuscript.published import Cited

MILLI = 1000.0
ENERGIES = ("energy_rmse", "hull_scatter", "hull_offset", "virial_rmse")
FORCES = ("force_rmse", "force_rmse_lacking")
COLUMNS = ["potential", "frames", "held_out", *ENERGIES, *FORCES, "note"]


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """A row per trained architecture, in meV/atom and meV/Å, the smallest error of forces first; then the published row."""
    table = inputs["trainers"].sort_values("force_rmse")
    rows = table.assign(**{name: MILLI * table[name] for name in (*ENERGIES, *FORCES)})
    rows["potential"] = [f"{row.kind} by {row.trainer}, {row.steps} steps" for row in table.itertuples()]
    rows["note"] = STAND_IN if searched_with_stand_in(table) else ""
    if "errors" in published:
        cited = published["errors"]
        value = {
            name: cited.value[key]
            for name, key in zip(
                ("energy_rmse", "force_rmse", "virial_rmse"), ("energy", "force", "virial"), strict=True
            )
        }
        note = "other compounds, other frames"
        rows = pd.concat([rows, pd.DataFrame([{"potential": cited.label, **value, "note": note}])], ignore_index=True)
    return rows[COLUMNS].astype({"frames": "Int64", "held_out": "Int64"}).reset_index(drop=True)
