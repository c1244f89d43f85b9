"""Errors of potentials by several trainers on the same frames held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.search_notes import ENOUGH
from qcrystal.figures.style import STAND_IN
from qcrystal.manuscript.published import Cited

MILLI = 1000.0
ENERGIES = ("energy_rmse", "hull_scatter", "hull_offset", "virial_rmse")
FORCES = ("force_rmse", "force_rmse_lacking")
COLUMNS = ["potential", "labels", "frames", "held_out", *ENERGIES, *FORCES, "note"]
BLIND = "none: energies linear in composition, no forces"


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """A row per trained architecture, in meV/atom and meV/Å, the smallest error of forces first.

    A row without a potential follows for each set of labels, then the published one. The first tell what was learnt at all.
    """
    table = inputs["trainers"].sort_values("force_rmse")
    rows = table.assign(note=[_note(row) for row in table.itertuples()])
    rows["potential"] = [f"{row.kind} by {row.trainer}, {row.steps} steps" for row in table.itertuples()]
    blind = table.drop_duplicates(["labels", "frames", "held_out"])[
        ["labels", "held_out", "energy_blind", "force_blind"]
    ]
    blind = blind.rename(columns={"energy_blind": "energy_rmse", "force_blind": "force_rmse"})
    rows = pd.concat([rows, blind.assign(potential=BLIND)], ignore_index=True)
    rows = rows.assign(**{name: MILLI * rows[name] for name in (*ENERGIES, *FORCES)})
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


def _note(row: Any) -> str:
    """What the labels are, and why the errors are not those of a search."""
    if row.labels == "stand-in":
        return STAND_IN
    few = f"{row.at_rest} of {row.frames} frames at rest"
    return f"labels by DFT, {few}" + ("; too few for a potential" if row.frames < ENOUGH else "")
