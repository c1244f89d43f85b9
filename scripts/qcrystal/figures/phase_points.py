"""Phase diagrams made of the points that were run, from both starts, with the boundary between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from qcrystal.analysis.phases import boundaries, phases
from qcrystal.analysis.sweeps import every_run
from qcrystal.analysis.variants import MEANS, VariantOrder, orders, remarks, with_variants
from qcrystal.figures.kinds import Inputs, PhasePanel, PhasePoints
from qcrystal.figures.style import (
    METHODS,
    Picture,
    draw_published,
    letter_panels,
    new_figure,
    note_left_out,
    ordered_legend,
    say_empty,
    styled,
    widen,
)
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited

COLORS = {"symmetric": "#0072B2", "distorted": "#D55E00", "undecided": "0.75"}
HALVES = ("left", "right")
SIZE = 7.0
AROUND = 12.0  # of a published symbol, which a run at the same place shows within
LEAST_SPAN = 40.0  # GPa


def draw_points(axes: Axes, rows: pd.DataFrame, starts: list[str]) -> None:
    """A disk at each point: its halves are the starts, its colours their phases."""
    for row in records(rows):
        half = HALVES[starts.index(row.start) % 2]
        look: dict[str, Any] = {
            "marker": "o",
            "fillstyle": half if len(starts) > 1 else "full",
            "color": COLORS[row.phase],
            "markerfacecoloralt": "none",
        }
        axes.plot(row.pressure_target, row.temperature_target, markersize=SIZE, markeredgecolor="0.3", **look)


def draw_boundary(axes: Axes, rows: pd.DataFrame, figure: Picture) -> None:
    """The boundary at each temperature: a bar from the highest distorted to the lowest symmetric pressure."""
    known = boundaries(rows)
    both = known.dropna(subset=["below", "above"])
    if len(both):
        middle = (both["below"] + both["above"]) / 2
        half = (both["above"] - both["below"]) / 2
        axes.errorbar(
            middle,
            both["temperature_target"],
            xerr=half,
            color="black",
            marker="|",
            linewidth=0.8,
            label="boundary, this work",
        )
    if known["contradicts"].any():
        figure.note("a run is symmetric at a lower pressure than one that is distorted")


def runs_of(summary: pd.DataFrame, panel: PhasePanel) -> pd.DataFrame:
    """Rows of a panel's method and isotope."""
    return summary[summary["method"].isin(panel.method) & (summary["isotope"] == panel.isotope)]


def draw_panel(
    figure: Picture,
    axes: Axes,
    summary: pd.DataFrame,
    panel: PhasePanel,
    options: PhasePoints,
    published: Mapping[str, Cited],
    moments: Mapping[str, VariantOrder],
) -> None:
    """One phase diagram; the largest cell at each point counts, and no run that hops among variants as symmetric."""
    rows = runs_of(summary, panel)
    found = phases(rows, options.observable, options.threshold).sort_values("atoms")
    if options.observable in MEANS:
        found = with_variants(found, rows[rows["observable"] == options.observable], moments)
    found = found.drop_duplicates(["pressure_target", "temperature_target", "start"], keep="last")
    starts = sorted(found["start"].unique())
    draw_points(axes, found, starts)
    draw_boundary(axes, found, figure)
    if panel.boundary is not None and panel.boundary in published:
        known = published[panel.boundary]
        at = [panel.at] if panel.at is not None else axes.get_ylim()
        draw_published(axes, [known.number] * len(at), at, f"{known.label}: boundary", marker="D", size=AROUND)
    axes.margins(x=0.12, y=0.2)
    widen(axes, LEAST_SPAN)
    axes.set_xlabel("pressure (GPa)")
    if len(starts) > 1:
        figure.note(f"left half of a disk: started {starts[0]}, right half: {starts[1]}")
    undecided = int((found["phase"] == "undecided").sum())
    if undecided:
        figure.note(
            f"{METHODS[panel.method[0]].label}: {undecided} of {len(found)} points are not decided by their errors"
        )
    for text in remarks(found, options.symmetric) if options.observable in MEANS else ():
        figure.note(f"{METHODS[panel.method[0]].label}: {text.rstrip('.')}")


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PhasePoints) -> Picture:
    """One phase diagram per panel that has runs."""
    summary = every_run(inputs["summaries"])
    panels = [panel for panel in options.panels if len(runs_of(summary, panel))]
    traces = inputs.get("traces", [])
    moments = orders(pd.concat(traces, ignore_index=True), summary) if traces else {}
    figure, axes = new_figure(2, 2.8, 1, max(1, len(panels)), sharey=True)
    figure.blank = not panels
    for axis, panel in zip(axes[0], panels, strict=False):
        draw_panel(figure, axis, summary, panel, options, published, moments)
    if not panels:
        say_empty(axes[0, 0], "no run has ended")
    letter_panels(axes[0], [panel.title for panel in panels] or [""])
    note_left_out(figure, [panel.title for panel in options.panels if panel not in panels])
    axes[0, 0].set_ylabel("temperature (K)")
    temperatures = np.sort(summary["temperature_target"].unique())
    axes[0, 0].set_ylim(0.0, 1.2 * temperatures[-1])
    names = {"symmetric": options.symmetric, "distorted": options.distorted, "undecided": "not decided"}
    keys = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            color=COLORS[phase],
            markeredgecolor="0.3",
            markersize=SIZE,
            label=name,
        )
        for phase, name in names.items()
    ]
    handles, labels = [], []
    for axis in axes[0]:
        more = axis.get_legend_handles_labels()
        handles += more[0]
        labels += more[1]
    handles, labels = ordered_legend(handles, labels)
    figure.legend(
        [*keys, *handles], [*(str(key.get_label()) for key in keys), *labels], loc="outside upper center", ncols=5
    )
    figure.note(
        f"a point is {options.symmetric} or {options.distorted} where the mean deviation is two standard errors below or above "
        f"{options.threshold:g} degrees; bars span the boundary"
    )
    return figure
