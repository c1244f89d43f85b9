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
from qcrystal.variational.gibbs import lower_above, transition


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Transitions) -> pd.DataFrame:
    """A row for each pressure and level. Published values are those of ``quantum`` and ``classical`` by pressure (GPa)."""
    first, second = sized(inputs)
    rows = []
    for pressure in options.pressures:
        for level in options.levels:
            found = known_difference(first, second, level, pressure)
            at, known = transition(found), np.isfinite(found.values)
            cited = published.get("classical" if level == "classical" else "quantum")
            values = {float(key): value for key, value in cited.value.items()} if cited else {}
            rows.append(
                {
                    "pressure_GPa": pressure,
                    "level": level,
                    "temperature_K": np.nan if at is None else at.value,
                    "error_K": np.nan if at is None else at.error,
                    "published_K": values.get(float(pressure), np.nan),
                    "remark": f"{options.names[lower_above(found)]} is lower above it"
                    if at is not None
                    else _why(found.temperatures[known], found.values[known], options.names),
                }
            )
    return pd.DataFrame(rows)


def _why(temperatures: np.ndarray, values: np.ndarray, names: tuple[str, str]) -> str:
    """Reason for the lack of a transition."""
    if len(values) == 0:
        return "the volumes do not reach this pressure, or the results are refused"
    lower = names[0] if values[0] < 0 else names[1]
    return f"{lower} is lower from {temperatures[0]:g} to {temperatures[-1]:g} K"
