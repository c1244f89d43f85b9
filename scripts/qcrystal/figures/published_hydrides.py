"""Published hydrides, and what this work has of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.crystal.formulas import formula_unit
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.search_notes import remark
from qcrystal.manuscript.published import Cited

KNOWN = ("above_hull", "above_hull_dft")


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """A row per published formula: its value, and the lowest candidate of that formula unit in this search, if any."""
    table = inputs["candidates"]
    units = [formula_unit(formula) for formula in table["formula"]]
    told = f"; {remark(table)}" if remark(table) else ""
    rows = []
    for formula, value in published["values"].value.items():
        same = table[[unit == formula_unit(formula) for unit in units]].sort_values("above_hull")
        row = {"formula": formula, "published": value}
        row |= {name: same[name].iloc[0] if len(same) else np.nan for name in KNOWN}
        row["note"] = same["name"].iloc[0] + told if len(same) else "not searched or not found here"
        rows.append(row)
    return pd.DataFrame(rows)
