"""Share of phases that a cut of the energy above the hull loses, by the error of the potential."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import FunnelErrors
from qcrystal.figures.style import STAND_IN, searched_with_stand_in
from qcrystal.manuscript.published import Cited
from qcrystal.search.hull import rejected_share

QUANTILES = 2 * 1.959964
"""Standard deviations between the ends of a normal 95 % interval."""


def draw(inputs: Inputs, published: Mapping[str, Cited], options: FunnelErrors) -> pd.DataFrame:
    """Share of phases at each height that F1 rejects: at the published error of energies, and at that of our hull.

    Our error is the mean half width of the candidates' intervals: the potential's error, carried through the hull. Candidates
    whose interval ends at the hull are left out, as they are cut off there; without others there is no row of ours.
    """
    table = inputs["candidates"]
    free = table[table["above_hull_low"] > 0]
    spread = (free["above_hull_high"] - free["above_hull_low"]) / QUANTILES
    ours = "this work, energy above the hull" + (f" ({STAND_IN})" if searched_with_stand_in(table) else "")
    errors = {ours: 1000 * float(spread.mean())} if len(free) else {}
    if "error" in published:
        errors[f"{published['error'].label}, energy"] = published["error"].number
    return pd.DataFrame([_row(name, error, options) for name, error in errors.items()])


def _row(name: str, error: float, options: FunnelErrors) -> dict[str, object]:
    lost = {f"lost_{height:g}": float(rejected_share(height, error, options.threshold)) for height in options.heights}
    return {"error": name, "error_meV": error, **lost}
