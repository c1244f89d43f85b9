"""Table of the means and spreads of properties at rest over committees, and the differences of potentials."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.manuscript.published import Cited


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """One row per quantity, pressure and potential; differences are from the first potential, which runs use."""
    table = inputs["potentials"]
    keys = ["quantity", "unit", "pressure", "potential"]
    groups = table.dropna(subset=["value"]).groupby(keys, sort=False)["value"]
    rows = groups.agg(members="count", mean="mean", spread="std").reset_index()
    first = rows[rows["potential"] == table["potential"].iloc[0]].set_index(keys[:3])["mean"].rename("first")
    rows = rows.join(first, on=keys[:3])
    rows["minus_first"] = (rows["mean"] - rows["first"]).where(rows["potential"] != table["potential"].iloc[0])
    order = ["quantity", "unit", "pressure", "potential", "members", "mean", "spread", "minus_first"]
    return rows[order].rename(columns={"pressure": "pressure_GPa"})
