"""Effective frequency of a frozen phonon against its amplitude."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import StrMethodFormatter

from qcrystal.figures.style import LINES, PHASES, Picture, legend_above, new_figure, styled


@styled
def draw(table: pd.DataFrame) -> Picture:
    """One line for each volume and potential of a table ``frozen_phonon``; a harmonic potential gives a horizontal one."""
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    names = list(dict.fromkeys(table["potential"]))
    for number, ((volume, name), rows) in enumerate(table.groupby(["volume", "potential"])):
        color, marker = PHASES[number // len(names) % len(PHASES)]
        label = f"{name}, {volume:g} Å³/atom (pairs at {rows['nearest'].iloc[0]:.2f} Å)"
        panel.plot(
            rows["amplitude"], rows["frequency"], LINES[names.index(name) % len(LINES)], color=color, marker=marker,
            markersize=3, linewidth=0.8, label=label,
        )  # fmt: skip
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.axhline(0.0, color="0.6", linewidth=0.6, zorder=0)
    panel.set_xlabel("amplitude (Å)")
    panel.set_ylabel(r"effective $\hbar\omega$ (meV)")
    if (table["frequency"] < 0).any():
        figure.note("negative: imaginary, the energy falls with the amplitude")
    legend_above(figure, [panel], columns=1)
    return figure
