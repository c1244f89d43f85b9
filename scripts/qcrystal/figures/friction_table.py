"""Table of how kinetic energies under quantum baths depend on friction."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.analysis.friction_dependence import friction_dependence
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS
from qcrystal.manuscript.published import Cited

NAMES = {
    "pressure_target": "pressure_GPa",
    "temperature_target": "temperature_K",
    "friction_low": "friction_low_per_ps",
    "friction_high": "friction_high_per_ps",
    "low": "at_low_K",
    "high": "at_high_K",
    "change": "change_per_factor_of_two",
    "error": "error_of_change",
}


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """Kinetic temperatures (K) at neighbouring frictions, their relative change, and what it says."""
    rows = friction_dependence(inputs["summaries"])
    rows["method"] = [METHODS[str(method)].label for method in rows["method"]]
    return rows.rename(columns=NAMES)
