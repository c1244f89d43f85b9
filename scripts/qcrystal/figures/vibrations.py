"""Vibrational densities of states by dynamics, beside harmonic phonons."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.analysis.harmonic import at_pressure
from qcrystal.figures.kinds import Inputs, Vibrations
from qcrystal.figures.style import METHODS, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.io.table_schemas.registry import TABLES
from qcrystal.manuscript.published import Cited

LEAST = 0.02  # of the largest value, below which the axis ends


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Vibrations) -> Picture:
    """One panel for each species: each method as a line in a band of one error, harmonic phonons as an area."""
    table, phonons = inputs.get("vibrations"), at_pressure(inputs["dos"], options.pressure)
    if table is None:
        table = pd.DataFrame(columns=TABLES["vibrations"].names)
    rows = table[(table["temperature"] == options.temperature) & (table["pressure"] == options.pressure)]
    figure, axes = new_figure(2, 2.6, 1, len(options.species))
    for panel, symbol in zip(axes[0], options.species, strict=True):
        ends = [0.0]
        if phonons is not None:
            frequency, part = (phonons[name].to_numpy(float) for name in ("frequency", f"dos_{symbol}"))
            panel.fill_between(frequency, part, color="0.85", linewidth=0, label="harmonic phonons")
            ends.append(float(frequency[part > LEAST * part.max()].max()))
        for (_, method), curve in rows[rows["species"] == symbol].groupby(["run", "method"], sort=False):
            look = METHODS[str(method)]
            x, y, error = (curve[name].to_numpy(float) for name in ("frequency", "density", "error"))
            panel.fill_between(x, np.maximum(y - error, 0.0), y + error, color=look.color, alpha=0.25, linewidth=0)
            panel.plot(x, y, color=look.color, linewidth=0.9, label=look.label)
            ends.append(float(x[y > LEAST * y.max()].max()))
        panel.set_xlim(0.0, 1.05 * max(ends) or 1.0)
        panel.set_ylim(bottom=0.0)
        panel.set_xlabel(r"$\nu$ (THz)")
        panel.set_ylabel(rf"$g(\nu)$ of {symbol} (THz$^{{-1}}$)")
    letter_panels(axes[0], options.species)
    legend_above(figure, [axes[0, -1]], columns=5)
    if rows.empty:
        figure.blank = True
        figure.note("no run is long enough for a spectrum")
    for (_, method), curve in rows.groupby(["run", "method"], sort=False):
        figure.note(f"{METHODS[str(method)].label}: lines are {curve['resolution'].iloc[0]:.2g} THz wide")
    if phonons is None:
        figure.note(f"phonons at {options.pressure:g} GPa are not in the table")
    return figure
