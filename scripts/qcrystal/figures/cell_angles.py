"""Angles of the conventional cell: their means against pressure, and their traces in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.sweeps import CONDITION, combine_replicas, every_run, nearest
from qcrystal.fields import spread
from qcrystal.figures.kinds import AnglePanel, CellAngles, Inputs
from qcrystal.figures.style import (
    METHODS,
    Picture,
    draw_points,
    draw_published,
    legend_above,
    letter_panels,
    new_figure,
    note_left_out,
    say_empty,
    styled,
    widen,
)
from qcrystal.manuscript.published import Cited

ANGLES = {"alpha": (r"$\alpha$", "o"), "beta": (r"$\beta$", "s"), "gamma": (r"$\gamma$", "^")}
TRACES = ["#0072B2", "#D55E00", "#009E73"]  # of the three angles in time
POINTS = 600  # of a drawn trace
LEAST_SPAN = 20.0  # GPa
ASIDE = 0.5  # GPa by which the symbols of one run stand beside each other


def chosen(rows: pd.DataFrame, panel: AnglePanel) -> pd.DataFrame:
    """Rows of the conditions that a panel shows: of its isotope, at the nearest temperature, of its size of cell; or none."""
    if panel.isotope is not None and len(rows):
        rows = rows[rows["isotope"] == panel.isotope]
    if rows.empty:
        return rows
    rows = rows[rows["temperature_target"] == nearest(rows["temperature_target"], panel.temperature)]
    if panel.show == "trace" and panel.pressure is not None:
        rows = rows[rows["pressure_target"] == nearest(rows["pressure_target"], panel.pressure)]
    size = rows["atoms"].max() if panel.cells == "largest" else rows["atoms"].min()
    return rows[rows["atoms"] == size]


def draw_means(axes: Axes, rows: pd.DataFrame, starts: Sequence[str]) -> None:
    """Mean angles against pressure, a symbol for each angle, full for the first start and open for the others.

    No lines join them: a distortion along another diagonal of the cube moves an angle to the other side of 90 degrees.
    """
    for number, (angle, (symbol, marker)) in enumerate(ANGLES.items(), -1):
        mean = combine_replicas(rows[rows["observable"] == f"angle_{angle}"], CONDITION)
        for start, curve in mean.groupby("start"):
            style = METHODS[str(curve["method"].iloc[0])]._replace(marker=marker)
            first = start == starts[0]
            label = symbol if first else f"{symbol}, from {start}"
            x, y, error = curve["pressure_target"] + number * ASIDE, curve["value"], curve["error"]
            draw_points(axes, x, y, error, style, label, "none", first)
    axes.axhline(90.0, color="0.6", linewidth=0.6, zorder=0)
    axes.margins(x=0.08, y=0.1)
    widen(axes, LEAST_SPAN)
    axes.set_xlabel("pressure (GPa)")
    axes.set_ylabel("mean cell angles (deg)")


def draw_trace(axes: Axes, rows: pd.DataFrame) -> None:
    """The three angles of one run in time."""
    run = rows[rows["run"] == rows["run"].iloc[0]].sort_values("time")
    run = run.iloc[spread(range(len(run)), POINTS)]
    for (angle, (symbol, _)), color in zip(ANGLES.items(), TRACES, strict=True):
        axes.plot(run["time"], run[angle], color=color, linewidth=0.7, label=f"{symbol} in time")
    axes.axhline(90.0, color="0.6", linewidth=0.6, zorder=0)
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("cell angles (deg)")


def draw_known(axes: Axes, known: Cited) -> None:
    """The published pressure above which the crystal is cubic, as an open symbol at 90 degrees."""
    low, high = axes.get_xlim()
    margin = 0.05 * (max(high, known.number) - min(low, known.number))
    axes.set_xlim(min(low, known.number - margin), max(high, known.number + margin))
    draw_published(axes, [known.number], [90.0], f"{known.label}: cubic from here", marker="D")


def title(rows: pd.DataFrame, panel: AnglePanel) -> str:
    """Title of a panel: its own words, temperature, pressure of a trace, atoms."""
    first = rows.iloc[0]
    parts = [panel.title, f"{first.temperature_target:g} K"]
    if panel.show == "trace":
        parts.append(f"{first.pressure_target:g} GPa")
    return ", ".join(filter(None, [*parts, f"{first.atoms:g} atoms"]))


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: CellAngles) -> Picture:
    """A panel of angles for each entry of the options."""
    summary = every_run(inputs["summaries"]) if inputs.get("summaries") else pd.DataFrame()
    traces = pd.concat(inputs["traces"], ignore_index=True) if inputs.get("traces") else pd.DataFrame()
    runs = summary if len(summary) else traces
    starts = sorted(runs["start"].unique(), key=lambda start: start != "rhombohedral") if len(runs) else []
    panels, drawn, lacking = {}, set(), []
    for panel in options.panels:
        rows = chosen(summary if panel.show == "means" else traces, panel)
        if rows.empty or (panel.show, *rows["run"].unique()) in drawn:  # other conditions may have no runs of their own
            lacking.append(", ".join(filter(None, [panel.title, f"{panel.temperature:g} K"])))
        else:
            drawn.add((panel.show, *rows["run"].unique()))
            panels[title(rows, panel)] = (panel, rows)
    count = max(1, len(panels))
    columns = min(count, 2)
    figure, axes = new_figure(1 if count == 1 else 2, 2.6 if count <= 2 else 4.6, -(-count // columns), columns)
    figure.blank = not panels
    shown = list(axes.flat)[:count]
    for place, (panel, rows) in zip(shown, panels.values(), strict=False):
        if panel.show == "means":
            draw_means(place, rows, starts)
            figure.note(f"symbols of one run stand {ASIDE:g} GPa beside each other")
        else:
            draw_trace(place, rows)
        if panel.boundary is not None and panel.boundary in published:
            draw_known(place, published[panel.boundary])
    for place in list(axes.flat)[count:]:
        place.remove()
    if not panels:
        say_empty(shown[0], "no run has ended")
    letter_panels(shown, list(panels) or [""])
    legend_above(figure, shown, columns=2 if count == 1 else 4)
    note_left_out(figure, lacking)
    if len(starts) > 1:
        figure.note(f"full symbols: runs that started {starts[0]}, open ones: the others")
    elif starts:
        figure.note(f"all runs started {starts[0]}")
    if "remark" in published:
        known = published["remark"]
        figure.note(f"{known.label}, {known.where}: {known.value}")
    return figure
