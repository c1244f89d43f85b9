"""Temperatures at which two phases have one Gibbs energy, at each pressure and by each method."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.figures.differences import known_difference
from qcrystal.figures.kinds import Inputs
from qcrystal.figures.phase_names import sized
from qcrystal.figures.phase_options import Transitions
from qcrystal.manuscript.published import Cited
from qcrystal.variational.gibbs import Difference, lower_above, transition

SURE = 2.0
"""Standard errors by which one phase must be lower to be called so."""


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Transitions) -> pd.DataFrame:
    """A row for each pressure and level. Published values are those of ``quantum`` and ``classical`` by pressure (GPa)."""
    first, second = sized(inputs)
    rows = []
    for pressure in options.pressures:
        for level in options.levels:
            found = known_difference(first, second, level, pressure)
            at = transition(found)
            cited = published.get("classical" if level == "classical" else "quantum")
            values = {float(key): value for key, value in cited.value.items()} if cited else {}
            rows.append(
                {
                    "pressure_GPa": pressure,
                    "level": level,
                    "temperature_K": np.nan if at is None else at.value,
                    "error_K": np.nan if at is None else at.error,
                    "published_K": values.get(float(pressure), np.nan),
                    "remark": options.lower(lower_above(found)) if at is not None else _why(found, options.names),
                }
            )
    return pd.DataFrame(rows)


def _why(found: Difference, names: tuple[str, str]) -> str:
    """Reason for the lack of a transition; a phase is lower only where that is surer than `SURE` standard errors."""
    known = np.isfinite(found.values)
    if not known.any():
        return "the volumes do not reach this pressure, or the results are refused"
    temperatures, values = found.temperatures[known], found.values[known]
    span = (
        f"at {temperatures[0]:g} K" if len(temperatures) == 1 else f"from {temperatures[0]:g} to {temperatures[-1]:g} K"
    )
    unsure = np.abs(values) <= SURE * found.errors[known]
    if unsure.any():
        where = ", ".join(f"{one:g}" for one in temperatures[unsure])
        return f"not decided at {where} K: the difference is within {SURE:g} standard errors"
    return f"{names[0] if values[0] < 0 else names[1]} is lower {span}"
