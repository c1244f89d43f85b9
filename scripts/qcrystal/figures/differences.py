"""Gibbs energies of two phases for figures and tables: a phase of one volume has none at another pressure than its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qcrystal.variational.gibbs import Difference, gibbs_difference


def known_difference(first: pd.DataFrame, second: pd.DataFrame, level: str, pressure: float) -> Difference:
    """`qcrystal.variational.gibbs.gibbs_difference`, where both phases have at least two volumes.

    F + PΩ of one volume is an upper bound of G at all other pressures than that volume's own, and no value of it.
    """
    found = gibbs_difference(first, second, level, pressure)
    unknown, values, errors = list(found.unknown), found.values.copy(), found.errors.copy()
    for place, temperature in enumerate(found.temperatures):
        if np.isfinite(values[place]) and min(_volumes(one, level, temperature) for one in (first, second)) < 2:
            values[place] = errors[place] = np.nan
            unknown.append(
                f"{level}, {temperature:g} K: one volume gives no Gibbs energy at {pressure:g} GPa; add volumes"
            )
    return found._replace(values=values, errors=errors, unknown=tuple(unknown))


def _volumes(summary: pd.DataFrame, level: str, temperature: float) -> int:
    here = summary[(summary["level"] == level) & (summary["temperature_target"] == temperature)]
    return int(here.dropna(subset=["pressure", "free_energy"])["volume"].round(6).nunique())
