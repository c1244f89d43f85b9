"""An overview in one row: order parameter by two methods, pair distribution, and the workflow behind them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import FancyBboxPatch

from qcrystal.analysis.sweeps import observable
from qcrystal.figures.kinds import Inputs, Overview
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


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Overview) -> Picture:
    """Maps of the order parameter side by side, g(r) of each method, and the workflow."""
    maps = [observable(summary, options.observable) for summary in inputs["maps"]]
    figure, axes = new_figure(2, HEIGHT, 1, len(maps) + 2, width_ratios=[1.0] * len(maps) + [1.25, 1.5])
    highest = float(np.nanmax([*(rows["value"].max() for rows in maps), options.lowest + options.color_range]))
    norm = Normalize(options.lowest, highest)
    for number, (panel, rows) in enumerate(zip(axes[0], maps, strict=False)):
        mean = rows.groupby(["pressure_target", "temperature_target"])["value"].mean().reset_index()
        draw_cells(panel, mean, norm)
        panel.set_title(METHODS[rows["method"].iloc[0]].label)
        if number:
            panel.set_ylabel("")
            panel.tick_params(labelleft=False)
    figure.colorbar(ScalarMappable(norm, COLORMAP), ax=list(axes[0, : len(maps)]), label=options.label, aspect=25)
    curves, workflow = axes[0, -2:]
    draw_curves(curves, inputs["curves"], options.pair, options.range)
    draw_workflow(workflow, options.steps)
    letter_panels(axes[0])
    panel_legend_above(curves)
    return figure
