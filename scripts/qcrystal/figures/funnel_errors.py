"""Share of phases that a cut of the energy above the hull loses, by the error of the potential."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import FunnelErrors
from qcrystal.figures.search_notes import remark
from qcrystal.manuscript.published import Cited
from qcrystal.search.hull import rejected_share

QUANTILES = 2 * 1.959964
"""Standard deviations between the ends of a normal 95 % interval."""
MILLI = 1000.0
LADDERS = ("scatter alone", "offset alone")
"""Sources of errors that nobody has; a published error is looked up among the first ones."""
SHARES = {"stable": "lost_stable", "stable_low": "lost_stable_low", "stable_high": "lost_stable_high"}


def draw(inputs: Inputs, published: Mapping[str, Cited], options: FunnelErrors) -> pd.DataFrame:
    """Share of phases at each height that F1 rejects: at the published error of energies, and at those of our hull.

    Our first error is the mean half width of the candidates' intervals: the potential's error, carried through the hull.
    Candidates whose interval ends at the hull are left out, as they are cut off there; without others it has no row. The
    others are those of the table of losses. Its draws give the share of the phases on the hull that are lost.
    """
    table = inputs["candidates"]
    mark = f" ({remark(table)})" if remark(table) else ""
    rows = []
    free = table[table["above_hull_low"] > 0]
    if len(free):
        spread = (free["above_hull_high"] - free["above_hull_low"]) / QUANTILES
        rows.append(_row(f"this work, energy above the hull{mark}", MILLI * float(spread.mean()), options))
    losses = inputs.get("losses")
    for found in [] if losses is None else losses[~losses["source"].isin(LADDERS)].to_dict("records"):
        error = MILLI * float(np.hypot(found["scatter"], found["offset"]))
        parts = f"scatter {MILLI * found['scatter']:.3g}, offset {MILLI * found['offset']:.3g}"
        rows.append(_row(f"this work, {found['source']}: {parts}{mark}", error, options))
        rows[-1] |= {name: found[column] for name, column in SHARES.items()}
    if "error" in published:
        cited = published["error"]
        rows.append(_row(f"{cited.label}, energy", cited.number, options))
        rows[-1] |= _by_draws(losses, cited.number)
    return pd.DataFrame(rows, columns=[*_row("", 0.0, options)])


def _row(name: str, error: float, options: FunnelErrors) -> dict[str, object]:
    lost = {f"lost_{height:g}": float(rejected_share(height, error, options.threshold)) for height in options.heights}
    return {"error": name, "error_meV": error, **lost, **dict.fromkeys(SHARES, np.nan)}


def _by_draws(losses: pd.DataFrame | None, error: float) -> dict[str, float]:
    """Shares by draws at a published error (meV/atom), if the table of losses has a scatter of that size."""
    if losses is None:
        return {}
    own = losses[(losses["source"] == LADDERS[0]) & np.isclose(MILLI * losses["scatter"], error, rtol=0.01)]
    return {} if own.empty else {name: float(own[column].iloc[0]) for name, column in SHARES.items()}
