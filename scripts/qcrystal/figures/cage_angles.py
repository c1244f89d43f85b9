"""Large and small angles of the cage's quadrilaterals against temperature at one pressure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.sweeps import nearest, observable, series
from qcrystal.figures.kinds import CageAngles, Inputs
from qcrystal.figures.phase_map import doubts
from qcrystal.figures.style import (
    LINES,
    METHODS,
    Picture,
    draw_points,
    draw_published,
    legend_above,
    new_figure,
    styled,
)
from qcrystal.manuscript.published import Cited


def draw_noise(axes: Axes, qualified: pd.DataFrame, pressure: float) -> None:
    """A band about 90° that the largest deviation of squares seldom leaves: angles within it are those of a cubic crystal."""
    known = qualified[(qualified["pressure_target"] == pressure) & qualified["noise"].notna()]
    if known.empty:
        return
    widest = known.groupby("temperature_target")["noise"].max()
    x, half = widest.index.to_numpy(float), widest.to_numpy(float)
    if len(x) == 1:
        x, half = x + np.array([-20.0, 20.0]), np.repeat(half, 2)
    label = "squares by noise (95 %)"
    axes.fill_between(x, 90.0 - half, 90.0 + half, color="0.88", linewidth=0, zorder=0, label=label)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: CageAngles) -> Picture:
    """Large and small angles against temperature at the wanted pressure, or the nearest that was run."""
    summary = inputs["summary"]
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    pressure = nearest(summary["pressure_target"], options.pressure)
    for observed, size in (("quadrilateral_large", "large"), ("quadrilateral_small", "small")):
        rows = observable(summary, observed)
        curves = series(rows[rows["pressure_target"] == pressure], along=("temperature_target",))
        for number, (method, text, chosen) in enumerate(curves):
            style = METHODS[method] if size == "large" else METHODS[method]._replace(marker="v")
            label = ", ".join(filter(None, [f"{style.label}, {size} angle", text]))
            x = chosen["temperature_target"]
            draw_points(panel, x, chosen["value"], chosen["error"], style, label, LINES[number % len(LINES)])
    draw_noise(panel, doubts(summary, "quadrilateral_noise").reset_index(), pressure)
    panel.axhline(90.0, color="0.6", linewidth=0.6, zorder=0)
    if "transition" in published:
        transition = published["transition"]
        label = f"{transition.label}, {transition.where}: both meet"
        draw_published(panel, [transition.number], [90.0], label, marker="D")
    panel.margins(x=0.08)
    panel.set_xlabel("temperature (K)")
    panel.set_ylabel("quadrilateral angles (deg)")
    nearest_text = "" if pressure == options.pressure else f" (run nearest to {options.pressure:g} GPa)"
    panel.set_title(f"{pressure:g} GPa{nearest_text}")
    legend_above(figure, [panel], columns=2)
    return figure
