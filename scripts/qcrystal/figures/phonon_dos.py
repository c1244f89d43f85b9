"""Phonon density of states of the crystal at rest, and its parts by species, at each pressure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.fields import spread
from qcrystal.figures.energies import note_imaginary
from qcrystal.figures.kinds import Inputs, PhononDos
from qcrystal.figures.style import Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

LEAST = 1e-4  # of the largest value, below which the axis ends


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PhononDos) -> Picture:
    """One panel for each of at most ``panels`` pressures: total density of states, and that of each species as an area."""
    dos = inputs["dos"]
    pressures = spread(sorted(float(p) for p in dos["pressure"].unique()), options.panels)
    figure, axes = new_figure(2, 2.6, 1, len(pressures), sharey=True)
    shown = dos[dos["pressure"].isin(pressures)]
    rises = shown.loc[shown["dos"] > LEAST * shown["dos"].max(), "frequency"]
    for panel, pressure in zip(axes[0], pressures, strict=True):
        rows = shown[shown["pressure"] == pressure]
        frequency = rows["frequency"].to_numpy(float)
        for symbol, look in options.species.items():
            part = rows[f"dos_{symbol}"].to_numpy(float)
            panel.fill_between(frequency, part, color=look, alpha=0.45, linewidth=0, label=symbol)
        if len(options.species) > 1:
            panel.plot(frequency, rows["dos"], color="black", linewidth=0.9, label="all")
        if rises.min() < 0:
            panel.axvspan(rises.min(), 0.0, color="0.93", linewidth=0, zorder=0)
            figure.note("grey background: imaginary frequencies, drawn as negative")
        note_imaginary(figure, rows)
        panel.set_xlim(min(0.0, float(rises.min())), float(rises.max()))
        panel.set_ylim(bottom=0.0)
        panel.set_xlabel(r"$\nu$ (THz)")
        panel.set_title(f"{pressure:g} GPa")
    axes[0, 0].set_ylabel(r"$g(\nu)$ (THz$^{-1}$)")
    axes[0, 0].set_ylim(top=1.08 * float(np.max(shown["dos"])))
    letter_panels(axes[0])
    legend_above(figure, [axes[0, 0]], columns=len(options.species) + 1)
    return figure
