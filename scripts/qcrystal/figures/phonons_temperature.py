"""Phonons that zero-point and thermal motion renormalise, beside the harmonic ones."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd

from qcrystal.fields import spread
from qcrystal.figures.kinds import Inputs, PhononsTemperature
from qcrystal.figures.style import METHODS, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited

LEAST = 1e-4  # of the largest value, below which the axis ends
UNSETTLED = 3.0  # times the median of what one more iteration changes, which is the noise of the samples


def not_converged(table: pd.DataFrame) -> dict[tuple[float, float], float]:
    """Pressures (GPa) and temperatures (K) whose frequencies still move, with the rms change by one more iteration (THz)."""
    far = table[table["frequency_change"] > UNSETTLED * table["frequency_change"].median()]
    return {(row.pressure, row.temperature): row.frequency_change for row in records(far)}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PhononsTemperature) -> Picture:
    """Densities of states at each of at most ``panels`` pressures: harmonic, and self-consistent at each temperature."""
    harmonic, renormalised, table = inputs["dos"], inputs["self_consistent_dos"], inputs["self_consistent"]
    pressures = spread(sorted(float(p) for p in table["pressure"].unique()), options.panels)
    figure, axes = new_figure(2, 2.6, 1, len(pressures), sharey=True)
    temperatures = sorted(float(t) for t in table["temperature"].unique())
    colors = matplotlib.colormaps["plasma"](np.linspace(0.05, 0.8, len(temperatures)))
    style, lowest, highest, peak = METHODS["harmonic"], 0.0, 0.0, 0.0
    moving = not_converged(table)
    for panel, pressure in zip(axes[0], pressures, strict=True):
        curves = [(harmonic[harmonic["pressure"] == pressure], style.color, "--", style.label, "--")]
        for temperature, color in zip(temperatures, colors, strict=True):
            rows = renormalised[(renormalised["pressure"] == pressure) & (renormalised["temperature"] == temperature)]
            line = ":" if (pressure, temperature) in moving else "-"
            curves.append((rows, color, line, f"SCHA, {temperature:g} K", "-"))
        for rows, color, line, label, usual in curves:
            panel.plot([], [], usual, color=color, linewidth=0.9, label=label)
            panel.plot(rows["frequency"], rows["dos"], line, color=color, linewidth=0.9)
            seen = rows.loc[rows["dos"] > LEAST * rows["dos"].max(), "frequency"]
            lowest, highest = min(lowest, float(seen.min())), max(highest, float(seen.max()))
            peak = max(peak, float(rows["dos"].max()))
        panel.set_xlabel(r"$\nu$ (THz)")
        panel.set_title(f"{pressure:g} GPa")
    for panel in axes[0]:
        panel.set_xlim(lowest, highest)
        if lowest < 0:
            panel.axvspan(lowest, 0.0, color="0.93", linewidth=0, zorder=0)
    axes[0, 0].set_ylim(0.0, 1.08 * peak)
    axes[0, 0].set_ylabel(r"$g(\nu)$ (THz$^{-1}$)")
    if lowest < 0:
        figure.note("grey ground: imaginary frequencies, drawn as negative")
    shown = table[table["pressure"].isin(pressures)]
    atoms = ", ".join(f"{n:g}" for n in sorted(shown["atoms"].unique()))
    figure.note(
        f"SCHA: self-consistent harmonic approximation in cells of {atoms} atoms; same lattices as the harmonic ones"
    )
    unsettled = [(place, change) for place, change in moving.items() if place[0] in pressures]
    if unsettled:
        told = ", ".join(f"{p:g} GPa and {t:g} K ({change:.0f} THz)" for (p, t), change in unsettled)
        figure.note(
            f"dotted: not converged, as one more iteration changes frequencies by far more than elsewhere: {told}"
        )
    left = shown[shown["imaginary_fraction"] > 0]
    if len(left):
        figure.note(
            f"imaginary modes at wave vectors between those of the cell: {len(left)} of {len(shown)} renormalised crystals"
        )
    letter_panels(axes[0])
    legend_above(figure, [axes[0, 0]], columns=len(temperatures) + 1)
    return figure
