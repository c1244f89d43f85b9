"""An order parameter over temperature and pressure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from qcrystal.analysis.sweeps import CONDITION, observable, series
from qcrystal.figures.kinds import Inputs, PhaseMap
from qcrystal.figures.style import METHODS, SMALLEST_TEXT, Picture, draw_published, legend_above, new_figure, styled
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited
from qcrystal.manuscript.uncertainty import value_text

COLORMAP = "YlGnBu"
ANNOTATED = 30  # at most so many cells carry their value as a number
ANNOTATED_COLUMNS = 5
GAP = 1e-9  # of a cell's largest width: rounding
NARROW = 0.15  # of a map's width: a value and its error do not fit across a narrower cell
CELL = {"pressure_target": 50.0, "temperature_target": 100.0}  # largest width of a cell, GPa and K


def cell_edges(centres: np.ndarray, widest: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the cells about sorted centres: halfway to a neighbour, and at most ``widest`` / 2 from the centre.

    Returns
    -------
    edges : (k + 1,) array
        Of cells and of the gaps between them.
    places : (n,) array
        Number of each centre's cell among the k.
    """
    between = np.diff(centres) / 2 if len(centres) > 1 else np.array([widest / 2])
    before = np.minimum(np.concatenate([between[:1], between])[: len(centres)], widest / 2)
    after = np.minimum(np.concatenate([between, between[-1:]])[-len(centres) :], widest / 2)
    if centres[0] > 0:  # pressures and temperatures below 0 are none
        before[0] = min(before[0], centres[0])
    edges, places = [centres[0] - before[0]], []
    for low, high in zip(centres - before, centres + after, strict=True):
        if low - edges[-1] > GAP * widest:
            edges.append(low)
        places.append(len(edges) - 1)
        edges.append(high)
    return np.array(edges), np.array(places)


def doubts(summary: pd.DataFrame, noise: str | None) -> pd.DataFrame:
    """Doubts about the order parameter of each condition, where the sweep reports them.

    Returns
    -------
    pandas.DataFrame
        By condition: exchanges (mobile atoms that changed sites), noise (what noise alone seldom exceeds, of the observable
        ``noise``; missing without one).
    """
    known = summary.pivot_table(index=CONDITION, columns="observable", values="value")
    named = known.rename(columns={noise: "noise"}) if noise is not None else known
    return named.reindex(columns=["exchanges", "noise"])


def cells(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (n + 1), (m + 1) of the cells of a map along pressure and temperature, and their values (m, n), NaN in gaps."""
    known = rows.pivot(index="temperature_target", columns="pressure_target", values="value").sort_index()
    known = known.sort_index(axis=1)
    columns, across = cell_edges(known.columns.to_numpy(float), CELL["pressure_target"])
    lines, up = cell_edges(known.index.to_numpy(float), CELL["temperature_target"])
    grid = np.full((len(lines) - 1, len(columns) - 1), np.nan)
    grid[np.ix_(up, across)] = known.to_numpy(float)
    return columns, lines, grid


def draw_cells(axes: Axes, rows: pd.DataFrame, norm: Normalize) -> None:
    """One cell per condition, coloured by its value; the panel's limits are those of the cells."""
    columns, lines, grid = cells(rows)
    axes.pcolormesh(
        columns, lines, np.ma.masked_invalid(grid), cmap=COLORMAP, norm=norm, edgecolors="white", linewidth=0.5
    )
    axes.set_xlim(columns[0], columns[-1])
    axes.set_ylim(lines[0], lines[-1])
    axes.tick_params(which="both", direction="out", top=False, right=False)
    axes.set_xlabel("pressure (GPa)")
    axes.set_ylabel("temperature (K)")


def hatch_cell(axes: Axes, rows: pd.DataFrame, place: tuple[float, float], color: str) -> None:
    """Hatch the cell of a pressure (GPa) and temperature (K)."""
    columns, lines, _ = cells(rows)
    i, j = np.searchsorted(columns, place[0]) - 1, np.searchsorted(lines, place[1]) - 1
    size = (columns[i + 1] - columns[i], lines[j + 1] - lines[j])
    axes.add_patch(Rectangle((columns[i], lines[j]), *size, facecolor="none", edgecolor=color, hatch="////"))


def write_in_cell(axes: Axes, place: tuple[float, float], text: str, upright: bool = False) -> None:
    """A small text in the middle of a cell, turned upright where cells are narrow."""
    ground = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
    look: dict[str, Any] = {
        "ha": "center",
        "va": "center",
        "fontsize": SMALLEST_TEXT,
        "linespacing": 1.0,
        "zorder": 5,
        "rotation": 90.0 if upright else 0.0,
        "bbox": ground,
    }
    axes.text(*place, text, **look)


def draw_map(
    figure: Picture, axes: Axes, rows: pd.DataFrame, norm: Normalize, qualified: pd.DataFrame, options: PhaseMap
) -> None:
    """One cell per condition, with its value where there are few cells, and marks of what qualifies it."""
    draw_cells(axes, rows, norm)
    columns, _, _ = cells(rows)
    upright = float(np.diff(columns).min()) < NARROW * float(np.ptp(columns))
    annotate = len(rows) <= ANNOTATED and rows["pressure_target"].nunique() <= ANNOTATED_COLUMNS
    for row in records(rows):
        place = (row.pressure_target, row.temperature_target)
        if not np.isfinite(row.value):
            hatch_cell(axes, rows, place, "0.6")
            figure.note("hatched: no value")
            continue
        marks = ""
        if not np.isfinite(row.error):
            figure.note("(?): no error estimate")
            marks = "" if annotate else "(?)"
        doubt = qualified.loc[tuple(getattr(row, column) for column in CONDITION)]
        if doubt["exchanges"] > 0:
            marks += "†"
            figure.note(f"†: {options.exchange_note}")
        if row.value <= doubt["noise"]:
            marks += "‡"
            figure.note(f"‡: {options.noise_note}")
        text = "\n".join(filter(None, [value_text(row.value, row.error) if annotate else "", marks]))
        if text:
            write_in_cell(axes, place, text, upright)


def phase_map(summary: pd.DataFrame, options: PhaseMap) -> tuple[Picture, list[Axes]]:
    """Maps of the order parameter: one panel per start (and method, isotope, number of atoms) in the sweep."""
    rows = observable(summary, options.observable)
    curves = series(rows, along=("pressure_target", "temperature_target"))
    figure, axes = new_figure(1 if len(curves) == 1 else 2, 2.9, 1, len(curves), sharey=True)
    norm = Normalize(options.lowest, float(np.nanmax([rows["value"].max(), options.lowest + options.color_range])))
    qualified = doubts(summary, options.noise)
    figure.blank = not rows["value"].notna().any()
    for number, (panel, (method, text, chosen)) in enumerate(zip(axes[0], curves, strict=True)):
        draw_map(figure, panel, chosen, norm, qualified, options)
        if number:
            panel.set_ylabel("")
        title = ", ".join(filter(None, [METHODS[method].label, text]))
        panel.set_title(title if len(curves) == 1 else f"({'abcdefgh'[number]}) {title}")
    colors = figure.colorbar(ScalarMappable(norm, COLORMAP), ax=list(axes[0]), label=options.label, pad=0.02, aspect=25)
    colors.ax.tick_params(which="both", direction="out")
    return figure, list(axes[0])


def draw_boundary(axes: Axes, pressure: float, label: str) -> None:
    """Published pressure above which the crystal is cubic: a dashed line with open symbols at its ends."""
    low, high = axes.get_ylim()
    margin = 0.03 * (high - low)
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, pressure - 0.04 * (right - left)), max(right, pressure + 0.04 * (right - left)))
    draw_published(axes, [pressure] * 2, [low + margin, high - margin], label, line="--")
    axes.set_ylim(low, high)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PhaseMap) -> Picture:
    """The order parameter over pressure and temperature, with the published boundary and transition."""
    figure, axes = phase_map(inputs["summary"], options)
    for panel in axes:
        if "boundary" in published:
            boundary = published["boundary"]
            text = f"{options.boundary_text} {boundary.number:g} GPa"
            draw_boundary(panel, boundary.number, f"{boundary.label}, {boundary.where}: {text}")
        if "transition" in published and options.transition_pressure is not None:
            transition, pressure = published["transition"], options.transition_pressure
            label = f"{transition.label}, {transition.where}: transition at {pressure:g} GPa"
            draw_published(panel, [pressure], [transition.number], label, marker="D")
    legend_above(figure, axes, columns=1)
    return figure
