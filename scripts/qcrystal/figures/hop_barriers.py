"""Table of barriers, crossover temperatures and rates of the mobile atoms' hops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.manuscript.published import Cited
from qcrystal.units import THZ

AT, COLD = 300.0, 150.0  # K


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> pd.DataFrame:
    """One row per mechanism and isotope."""
    saddles, rates = inputs["saddles"], inputs["rates"]
    keys = ["mechanism", "isotope"]
    wide = rates[rates["temperature"] == AT].pivot(index=keys, columns="method", values="log_rate")
    wide = wide.reindex(columns=["classical", "tunnelling"])
    joined = saddles.join(wide, on=keys)
    cold = {"log_rate_path": np.nan, "log_rate": np.nan}
    if "instantons" in inputs:
        orbits = inputs["instantons"]
        right = orbits["remark"].isin(["", np.nan])
        orbits = orbits.assign(log_rate=orbits["log_rate"].where(right))
        orbits = orbits[orbits["temperature"] == COLD].set_index(keys)
        cold = joined[keys].join(orbits[list(cold)], on=keys)
    return pd.DataFrame(
        {
            "mechanism": joined["mechanism"],
            "isotope": joined["isotope"],
            "atoms": joined["atoms"],
            "barrier_eV": joined["barrier"],
            "zero_point_barrier_eV": joined["zero_point_barrier"],
            "reaction_eV": joined["reaction"],
            "barrier_frequency_THz": joined["barrier_quantum"] / THZ,
            "crossover_K": joined["crossover"],
            "imaginary_modes": joined["imaginary_saddle"],
            "log_rate_300K_classical": joined["classical"],
            "log_rate_300K_tunnelling": joined["tunnelling"],
            "log_rate_150K_path": cold["log_rate_path"],
            "log_rate_150K_instanton": cold["log_rate"],
        }
    )
