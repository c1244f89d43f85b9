"""Order parameter over temperature and pressure [Qin et al. 2023, fig. 2 and supplement]."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from qcrystal.analysis.sweeps import CONDITION, SUMMARY, nearest, observable, published, series, table
from qcrystal.figures.style import LINES, METHODS, add_note, draw_points, draw_published, legend, new_figure, styled
from qcrystal.manuscript.uncertainty import value_text

ANGLE_PRESSURE = 150.0  # GPa, of the published fig. 2(b)
COLORMAP = "YlGnBu"
COLOR_RANGE = 1.7  # deg, at least; that of the published fig. 2(a)
ANNOTATED = 30  # at most so many cells carry their value as a number
ANNOTATED_COLUMNS = 6
CELL = {"pressure_target": 50.0, "temperature_target": 100.0}  # width of a cell that has no neighbour, GPa and K


def cell_edges(centres: np.ndarray, alone: float) -> np.ndarray:
    """Edges (n + 1) of cells about sorted centres (n): halfway between neighbours; ``alone`` is a lone cell's width."""
    if len(centres) == 1:
        return np.array([centres[0] - alone / 2, centres[0] + alone / 2])
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def doubts(tables: dict, name: str) -> pd.DataFrame:
    """What qualifies the order parameter of each condition, where the sweep says it.

    Returns
    -------
    pandas.DataFrame
        By condition: exchanges (protons that changed sites), quadrilateral_noise (deg, what noise alone seldom exceeds).
    """
    summary = table(tables, name, SUMMARY)
    known = summary.pivot_table(index=CONDITION, columns="observable", values="value")
    return known.reindex(columns=["exchanges", "quadrilateral_noise"])


def draw_map(axes: Axes, rows: pd.DataFrame, norm: Normalize, qualified: pd.DataFrame) -> None:
    """One cell per condition, coloured by its value; numbers are written where there are few cells."""
    pressures, temperatures = (np.sort(rows[column].unique()).astype(float) for column in CELL)
    columns = cell_edges(pressures, CELL["pressure_target"])
    lines = cell_edges(temperatures, CELL["temperature_target"])
    grid = rows.pivot(index="temperature_target", columns="pressure_target", values="value").to_numpy()
    axes.pcolormesh(
        columns, lines, np.ma.masked_invalid(grid), cmap=COLORMAP, norm=norm, edgecolors="white", linewidth=0.5
    )
    annotate = len(rows) <= ANNOTATED and len(pressures) <= ANNOTATED_COLUMNS
    for row in rows.itertuples():
        place = (row.pressure_target, row.temperature_target)
        if not np.isfinite(row.value):
            i, j = np.searchsorted(pressures, place[0]), np.searchsorted(temperatures, place[1])
            size = (columns[i + 1] - columns[i], lines[j + 1] - lines[j])
            axes.add_patch(Rectangle((columns[i], lines[j]), *size, facecolor="none", edgecolor="0.6", hatch="////"))
            add_note(axes.figure, "hatched: no value")
            continue
        text = value_text(row.value, row.error) if annotate else ""
        if not np.isfinite(row.error):
            add_note(axes.figure, "(?) no error estimate")
        doubt = qualified.loc[tuple(getattr(row, column) for column in CONDITION)]
        if doubt["exchanges"] > 0:
            text += "†"
            add_note(axes.figure, "† protons changed sites: their quadrilaterals have lost their meaning")
        if row.value <= doubt["quadrilateral_noise"]:
            text += "‡"
            add_note(
                axes.figure,
                "‡ no larger than what noise of the averaged positions reaches in one of twenty cubic crystals",
            )
        ground = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "boxstyle": "round,pad=0.15"}
        axes.text(*place, text, ha="center", va="center", fontsize=6, zorder=5, bbox=ground if text else None)
    axes.set_xlim(columns[0], columns[-1])
    axes.set_ylim(lines[0], lines[-1])
    axes.tick_params(which="both", direction="out", top=False, right=False)


def phase_map(tables: dict, name: str) -> tuple[Figure, list[Axes]]:
    """Maps of max|θ-90°|: one panel per start (and method, isotope, number of atoms) in the sweep."""
    rows = observable(tables, name, "quadrilateral_deviation")
    curves = series(rows, along=("pressure_target", "temperature_target"))
    figure, axes = new_figure(1 if len(curves) == 1 else 2, 2.7, 1, len(curves), sharey=True)
    norm = Normalize(0.0, float(np.nanmax([rows["value"].max(), COLOR_RANGE])))
    qualified = doubts(tables, name)
    for panel, (method, text, chosen) in zip(axes[0], curves, strict=True):
        draw_map(panel, chosen, norm, qualified)
        panel.set_xlabel("pressure (GPa)")
        panel.set_title(", ".join(filter(None, [METHODS[method].label, text])))
    axes[0, 0].set_ylabel("temperature (K)")
    colors = figure.colorbar(
        ScalarMappable(norm, COLORMAP), ax=list(axes[0]), label=r"max$|\theta-90^\circ|$ (deg)", pad=0.02, aspect=25
    )
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


def boundary_legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend of the published symbols above the panels."""
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=1)


@styled
def phase_classical(tables: dict, published_values: dict) -> Figure:
    """max|θ-90°| over pressure and temperature in classical dynamics, with the published boundary."""
    figure, axes = phase_map(tables, "sweep:classical_grid/summary")
    boundary = published(published_values, "qin_classical_boundary")
    transition = published(published_values, "qin_classical_transition_150GPa")
    for panel in axes:
        draw_boundary(
            panel, boundary.value, f"{boundary.label}, {boundary.where}: cubic at and above {boundary.value:g} GPa"
        )
        draw_published(
            panel,
            [ANGLE_PRESSURE],
            [transition.value],
            f"{transition.label}, {transition.where}: transition at {ANGLE_PRESSURE:g} GPa",
            marker="D",
        )
    boundary_legend(figure, axes)
    return figure


@styled
def phase_qtb(tables: dict, published_values: dict) -> Figure:
    """max|θ-90°| over pressure and temperature with the quantum thermal bath, with the published boundary."""
    figure, axes = phase_map(tables, "sweep:qtb_grid/summary")
    boundary = published(published_values, "qin_qtb_boundary")
    for panel in axes:
        draw_boundary(panel, boundary.value, f"{boundary.label}, {boundary.where}: cubic above {boundary.value:g} GPa")
    boundary_legend(figure, axes)
    return figure


def draw_noise(axes: Axes, qualified: pd.DataFrame, pressure: float) -> None:
    """A band about 90° that the largest deviation of squares seldom leaves: angles within it are those of a cubic crystal."""
    known = qualified[(qualified["pressure_target"] == pressure) & qualified["quadrilateral_noise"].notna()]
    if known.empty:
        return
    widest = known.groupby("temperature_target")["quadrilateral_noise"].max()
    x, half = widest.index.to_numpy(float), widest.to_numpy(float)
    if len(x) == 1:
        x, half = x + np.array([-20.0, 20.0]), np.repeat(half, 2)
    label = "squares' largest deviation by noise (95 %)"
    axes.fill_between(x, 90.0 - half, 90.0 + half, color="0.88", linewidth=0, zorder=0, label=label)


@styled
def angles(tables: dict, published_values: dict) -> Figure:
    """Large and small angles of the quadrilaterals against temperature at 150 GPa, or the nearest pressure run."""
    name = "sweep:classical_grid/summary"
    figure, axes = new_figure(1, 2.7)
    panel = axes[0, 0]
    pressure = ANGLE_PRESSURE
    for observed, size in (("quadrilateral_large", "large"), ("quadrilateral_small", "small")):
        rows = observable(tables, name, observed)
        pressure = nearest(rows["pressure_target"], ANGLE_PRESSURE)
        curves = series(rows[rows["pressure_target"] == pressure], along=("temperature_target",))
        for number, (method, text, chosen) in enumerate(curves):
            style = METHODS[method] if size == "large" else METHODS[method]._replace(marker="v")
            label = ", ".join(filter(None, [f"{style.label}, {size} angle", text]))
            x = chosen["temperature_target"]
            draw_points(panel, x, chosen["value"], chosen["error"], style, label, LINES[number % len(LINES)])
    draw_noise(panel, doubts(tables, name).reset_index(), pressure)
    transition = published(published_values, "qin_classical_transition_150GPa")
    panel.axhline(90.0, color="0.6", linewidth=0.6, zorder=0)
    label = f"{transition.label}, {transition.where}: large and small angles meet"
    draw_published(panel, [transition.value], [90.0], label, marker="D")
    panel.margins(x=0.08)
    panel.set_xlabel("temperature (K)")
    panel.set_ylabel("quadrilateral angles (deg)")
    nearest_text = "" if pressure == ANGLE_PRESSURE else f" (run nearest to {ANGLE_PRESSURE:g} GPa)"
    panel.set_title(f"{pressure:g} GPa{nearest_text}")
    low, high = panel.get_ylim()
    half = max(high - 90.0, 90.0 - low, 0.5)
    entries = len(panel.get_legend_handles_labels()[1])
    panel.set_ylim(90.0 - half, 90.0 + (1.0 + 0.22 * entries) * half)
    legend(panel, loc="upper right")
    return figure
