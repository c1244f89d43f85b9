"""Map of the labelled structures: principal components of their averaged SOAP vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import PHASES, Picture, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

LEGEND_COLUMNS = 6


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """First two principal components of the structure-averaged SOAP vectors, by generation and by pressure."""
    frames = inputs["frames"]
    figure, ((left, right),) = new_figure(2, 3.3, 1, 2, sharey=True)
    colors = colormaps["viridis"](np.linspace(0.0, 0.93, frames["generation"].nunique()))
    for number, (generation, rows) in enumerate(frames.groupby("generation")):
        color, marker = to_hex(colors[number]), PHASES[number % len(PHASES)][1]
        for part, face in (("train", color), ("test", "none")):
            chosen = rows[rows["part"] == part]
            left.plot(
                chosen["component_1"],
                chosen["component_2"],
                marker,
                markersize=3.0,
                color=color,
                markerfacecolor=face,
                markeredgewidth=0.6,
                label=f"generation {generation}" if part == "train" else None,
            )
    handles, labels = left.get_legend_handles_labels()
    handles.append(Line2D([], [], linestyle="none", marker="o", markersize=3.0, color="0.4", markerfacecolor="none"))
    figure.legend(handles, [*labels, "set apart for testing"], loc="outside upper center", ncols=LEGEND_COLUMNS)
    points = right.scatter(frames["component_1"], frames["component_2"], c=frames["pressure"], s=8, linewidths=0)
    figure.colorbar(points, ax=right, label="pressure (GPa)", pad=0.02)
    for panel in (left, right):
        panel.set_xlabel(f"principal component 1 ({100 * frames['share_1'].iloc[0]:.0f} % of the variance)")
    left.set_ylabel(f"principal component 2 ({100 * frames['share_2'].iloc[0]:.0f} %)")
    letter_panels((left, right))
    apart = int((frames["part"] == "test").sum())
    figure.note(f"{len(frames)} labelled frames, {apart} of them set apart; generation 0: drawn from recipes")
    return figure
