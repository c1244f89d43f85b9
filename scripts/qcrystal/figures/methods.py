"""Thermal averages at one fixed cell by quantum baths, path integrals and ring-polymer dynamics, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from qcrystal.analysis.harmonic import at_pressure, harmonic_temperature, imaginary_share
from qcrystal.analysis.sweeps import corrected_observable, kinetic_temperatures
from qcrystal.figures.energies import LEAST_SHARE, beads_text
from qcrystal.figures.kinds import Inputs, Methods
from qcrystal.figures.style import METHODS
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited


def draw(inputs: Inputs, published: Mapping[str, Cited], options: Methods) -> pd.DataFrame:
    """Kinetic temperatures (K) and pressure (GPa) at one fixed cell by each method, and their differences to the reference.

    Pressures are friction-corrected for every run that reports it. Rows of the harmonic crystal, with as many beads as the
    reference and with infinitely many, say what the beads leave out.
    """
    rows = []
    for summary in inputs["summaries"]:
        found = kinetic_temperatures(summary).assign(quantity="kinetic temperature", unit="K")
        pressure = corrected_observable(summary, "pressure", "all", also=("friction", "beads"))
        rows += [found, pressure.assign(quantity="pressure", species="all", unit="GPa")]
    frame = pd.concat(rows, ignore_index=True)
    keys = ["quantity", "species", "pressure_target", "temperature_target"]
    reference = frame[frame["method"] == options.reference].set_index(keys)[["value", "error"]].add_suffix("_reference")
    joined = frame.join(reference, on=keys)
    joined["minus"] = joined["value"] - joined["value_reference"]
    joined["error_of_difference"] = np.hypot(joined["error"], joined["error_reference"])
    joined.loc[joined["method"] == options.reference, ["minus", "error_of_difference"]] = np.nan
    joined["method"] = [
        ", ".join(filter(None, [METHODS[method].label, beads_text(one)]))
        for method, one in ((str(row.method), frame.iloc[[i]]) for i, row in enumerate(records(joined)))
    ]
    joined = pd.concat([joined, _harmonic_rows(inputs["dos"], frame, options.reference)], ignore_index=True)
    columns = {
        "quantity": "quantity",
        "species": "species",
        "unit": "unit",
        "method": "method",
        "atoms": "atoms",
        "friction": "friction_per_ps",
        "pressure_target": "pressure_GPa",
        "temperature_target": "temperature_K",
        "value": "value",
        "error": "error",
        "minus": f"minus_{METHODS[options.reference].label}",
        "error_of_difference": "error_of_difference",
    }
    order = joined.sort_values(["quantity", "species", "pressure_target", "temperature_target"], kind="stable")
    return order[list(columns)].rename(columns=columns).reset_index(drop=True)


def _harmonic_rows(dos: pd.DataFrame, frame: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Kinetic temperatures of the harmonic crystal at the conditions of a table, where it has a density of states."""
    kinetic = frame[frame["quantity"] == "kinetic temperature"]
    rows = []
    for condition, each in kinetic.groupby(["pressure_target", "temperature_target", "species"]):
        pressure, temperature, species = cast(tuple[float, float, str], condition)
        phonons = at_pressure(dos, pressure)
        if phonons is None:
            continue
        missing = imaginary_share(phonons)
        remark = f"{100 * missing:.0f} % of modes imaginary" if missing > LEAST_SHARE else ""
        for beads in [*sorted(set(each.loc[each["method"] == reference, "beads"].astype(int))), None]:
            value = harmonic_temperature(phonons, species, temperature, beads)
            text = [METHODS["harmonic"].label, f"{beads} beads" if beads else "", remark]
            label = ", ".join(filter(None, text))
            rows.append(("kinetic temperature", species, "K", label, pressure, temperature, value))
    columns = ["quantity", "species", "unit", "method", "pressure_target", "temperature_target", "value"]
    return pd.DataFrame(rows, columns=columns)
