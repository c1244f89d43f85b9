"""An overview in one row: order parameter by two methods, displacements, pair distribution, and the workflow behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import FancyBboxPatch

from qcrystal.analysis.sweeps import observable
from qcrystal.figures.kinds import Inputs, Overview
from qcrystal.figures.mean_squared_displacement import draw_displacements
from qcrystal.figures.pair_distribution import draw_curves
from qcrystal.figures.phase_map import COLORMAP, draw_cells
from qcrystal.figures.style import METHODS, Picture, letter_panels, new_figure, panel_legend_above, styled
from qcrystal.manuscript.published import Cited

HEIGHT = 2.5  # inches
BOX_HEIGHT = 0.72  # of the distance between two steps


def draw_workflow(axes: Axes, steps: Mapping[str, str]) -> None:
    """Steps of the workflow from top to bottom, each a box with what it makes, joined by arrows."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.5, len(steps) - 0.5)
    for number, (step, result) in enumerate(steps.items()):
        middle = len(steps) - 1 - number
        corner = (0.04, middle - BOX_HEIGHT / 2)
        box = FancyBboxPatch(corner, 0.92, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.12", mutation_aspect=1.0)
        box.set(facecolor="0.95", edgecolor="0.4", linewidth=0.6)
        axes.add_patch(box)
        axes.text(0.5, middle, f"{step}: {result}", ha="center", va="center", fontsize=7.0)
        if number:
            above = middle + 1 - BOX_HEIGHT / 2
            arrow = {"arrowstyle": "-|>", "color": "0.3", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (0.5, middle + BOX_HEIGHT / 2), (0.5, above), arrowprops=arrow)


def draw_maps(figure: Picture, panels: Sequence[Axes], maps: Sequence[pd.DataFrame], options: Overview) -> None:
    """A map of the order parameter by each method, with one bar of colours."""
    highest = float(np.nanmax([*(rows["value"].max() for rows in maps), options.lowest + options.color_range]))
    norm = Normalize(options.lowest, highest)
    for number, (panel, rows) in enumerate(zip(panels, maps, strict=True)):
        mean = rows.groupby(["pressure_target", "temperature_target"])["value"].mean().reset_index()
        draw_cells(panel, mean, norm)
        panel.set_title(METHODS[rows["method"].iloc[0]].label)
        if number:
            panel.set_ylabel("")
            panel.tick_params(labelleft=False)
    figure.colorbar(ScalarMappable(norm, COLORMAP), ax=list(panels), label=options.label, aspect=25)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Overview) -> Picture:
    """Maps that have values side by side, displacements if they are given, g(r) of each method, and the workflow."""
    maps = [observable(summary, options.observable) for summary in inputs.get("maps", ())]
    maps = [rows for rows in maps if rows["value"].notna().any()]
    msd = inputs.get("msd") if options.displacements else None
    others = [1.6] * (msd is not None) + [1.25] + [1.5] * bool(options.steps)
    figure, axes = new_figure(2, HEIGHT, 1, len(maps) + len(others), width_ratios=[1.0] * len(maps) + others)
    if maps:
        draw_maps(figure, axes[0, : len(maps)], maps, options)
    panels = iter(axes[0, len(maps) :])
    above = []
    if msd is not None:
        above.append(next(panels))
        draw_displacements(figure, above[0], msd, published.get("diffusion"), options.displacements)
    above.append(next(panels))
    draw_curves(above[-1], inputs["curves"], options.pair, options.range)
    if options.steps:
        draw_workflow(next(panels), options.steps)
    letter_panels(axes[0])
    for panel in above:
        panel_legend_above(panel, columns=1 if maps else 2)  # narrow panels beside maps
    return figure
