"""Protons on the move: trajectories, mean squared displacements, pair distribution [Qin et al. 2023, figs. 4-6]."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qcrystal.analysis.sweeps import (
    CONDITION,
    SQUARE_CM_PER_S,
    combine_replicas,
    observable,
    published,
    series,
    table,
)
from qcrystal.figures.style import METHODS, add_note, draw_curve, draw_published, legend, new_figure, styled
from qcrystal.io.tables import TableError
from qcrystal.manuscript.uncertainty import scientific_text, value_text

LATTICE_SITES = "La"  # category of the mean sites of the heavy atoms
PATH_COLUMNS = [*CONDITION, "run", "length_ps", "proton", "time", "x", "y", "z", "category"]
WINDOW_MARGIN = 1.2  # Å about a path
SMALLEST_WINDOW = 5.0  # Å
MSD_CURVES = [("H", "standard", "-"), ("H", "reordered", "--"), ("La", "standard", ":")]
PAIR = "La-H"
RDF_RANGE = (1.5, 5.0)  # Å; the published figure shows 2-5 Å


def chosen_path(rows: pd.DataFrame, category: str) -> pd.DataFrame | None:
    """Path, in time order, of the proton of a category that moves farthest; None if there is none.

    The table holds, of each run and category, the few protons nearest to the middle of the cell, and the La sites about
    them, periodic images included.
    """
    best, farthest = None, -1.0
    for _, path in rows[rows["category"] == category].groupby(["run", "proton"]):
        path = path.sort_values("time")
        points = path[["x", "y", "z"]].to_numpy(float)
        reach = np.linalg.norm(points - points[0], axis=1).max()
        if reach > farthest:
            best, farthest = path, reach
    return best


def lattice_sites(rows: pd.DataFrame, run: str) -> np.ndarray:
    """Mean sites (n, 3) of the La atoms of a run, in Å."""
    chosen = rows[(rows["run"] == run) & (rows["category"] == LATTICE_SITES)]
    return chosen[["x", "y", "z"]].to_numpy(float)


def analysed_length(rows: pd.DataFrame) -> float:
    """Time (ps) of the longest run in which exchanges were looked for: what its paths span."""
    time = rows[rows["category"] != LATTICE_SITES].groupby("run")["time"]
    return float((time.max() - time.min()).max())


def projection_axes(points: np.ndarray) -> tuple[int, int, int]:
    """Two Cartesian axes to draw and the one to look along, in which the points extend least."""
    along = int(np.argmin(np.ptp(points, axis=0)))
    first, second = (axis for axis in range(3) if axis != along)
    return first, second, along


def draw_path(axes: Axes, path: pd.DataFrame, sites: np.ndarray, window: float, norm: Normalize) -> LineCollection:
    """Draw one proton's path, coloured by time, projected along a Cartesian axis, with the La sites about it."""
    points = path[["x", "y", "z"]].to_numpy(float)
    first, second, along = projection_axes(points)
    flat = points[:, [first, second]]
    middle = (points.min(0) + points.max(0)) / 2
    near = np.abs(sites - middle)[:, [first, second]].max(1) < 0.5 * window + 0.5
    depth = np.abs(sites[:, along] - middle[along])
    for site, far in zip(sites[near], depth[near], strict=True):
        faded = float(np.clip(1.0 - far / 5.0, 0.15, 0.9))
        axes.plot(*site[[first, second]], "o", markersize=9, color="#4C9F9F", alpha=faded, markeredgewidth=0, zorder=1)
    segments = np.stack([flat[:-1], flat[1:]], axis=1)
    lines = LineCollection(segments, array=path["time"].to_numpy(float)[1:], norm=norm, cmap="plasma", linewidths=0.6)
    axes.add_collection(lines)
    names = "xyz"
    axes.set_xlim(middle[first] - window / 2, middle[first] + window / 2)
    axes.set_ylim(middle[second] - window / 2, middle[second] + window / 2)
    axes.set_xlabel(f"${names[first]}$ (Å)")
    axes.set_ylabel(f"${names[second]}$ (Å)")
    return lines


@styled
def trajectories(tables: dict, published_values: dict) -> Figure:
    """Paths of protons with no, one and several exchanges, in the plane in which each extends most, and La sites."""
    name = "sweep:trajectories_qtb/paths"
    rows = table(tables, name, PATH_COLUMNS)
    categories = published(published_values, "qin_trajectories")
    chosen = [chosen_path(rows, category) for category in categories.value]
    shown = [path for path in chosen if path is not None]
    reach = max([np.ptp(path[["x", "y", "z"]].to_numpy(float), axis=0).max() for path in shown], default=0.0)
    window = max(SMALLEST_WINDOW, reach + 2 * WINDOW_MARGIN)
    length = analysed_length(rows)
    norm = Normalize(0.0, max([path["time"].max() for path in shown], default=1.0))
    figure, axes = new_figure(2, 2.7, 1, len(categories.value))
    lines = None
    for panel, category, path, letter in zip(axes[0], categories.value, chosen, "abcdef", strict=False):
        panel.set_title(f"({letter}) {category}")
        panel.set_box_aspect(1.0)
        if path is None:
            wording = {"one exchange": "one exchange", "multiple exchanges": "several exchanges"}.get(
                category, category
            )
            text = f"no proton with\n{wording}\nin {length:.3g} ps"
            panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color="0.3")
            panel.set_xticks([])
            panel.set_yticks([])
            continue
        lines = draw_path(panel, path, lattice_sites(rows, path["run"].iloc[0]), window, norm)
    if lines is not None:
        figure.colorbar(lines, ax=list(axes[0]), label="time (ps)", pad=0.02, aspect=25)
    first = rows.iloc[0]
    condition = f"{first.temperature_target:g} K, {first.pressure_target:g} GPa"
    add_note(
        figure,
        f"{METHODS[first.method].label}, {condition}; discs: mean La sites, fainter away from the proton's layer; "
        f"the three kinds as in {categories.label}, {categories.where}",
    )
    return figure


def on_one_grid(rows: pd.DataFrame, coordinate: str, value: str) -> pd.DataFrame:
    """Replicas of one curve on the grid of the shortest, by linear interpolation: each leaves out its own equilibration."""
    runs = [run.sort_values(coordinate) for _, run in rows.groupby("run")]
    grid = min((run[coordinate].to_numpy(float) for run in runs), key=np.max)

    def interpolated(run):
        columns = {name: np.interp(grid, run[coordinate], run[name]) for name in (value, "error")}
        return run.iloc[[0] * len(grid)].assign(**{coordinate: grid}, **columns)

    return pd.concat([interpolated(run) for run in runs])


def replica_curves(tables: dict, name: str, coordinate: str, value: str, kinds: list[str]) -> pd.DataFrame:
    """Curves of a sweep averaged over replicas: conditions, kinds, coordinate, value, error."""
    rows = table(tables, name, [*CONDITION, "run", "length_ps", *kinds, coordinate, value, "error"])
    curves = [on_one_grid(curve, coordinate, value) for _, curve in rows.groupby([*CONDITION, *kinds], dropna=False)]
    rows = pd.concat(curves, ignore_index=True)
    return combine_replicas(
        rows.assign(**{coordinate: rows[coordinate].round(9)}), [*CONDITION, *kinds, coordinate], value
    )


def diffusion_note(tables: dict, name: str) -> list[str]:
    """Slope and diffusion coefficient of H of each method, as text."""
    slopes = observable(tables, name, "msd_slope", "H")
    texts = []
    for row in slopes.itertuples():
        slope = value_text(row.value, row.error)
        diffusion = scientific_text(row.value / SQUARE_CM_PER_S / 6.0, row.error / SQUARE_CM_PER_S / 6.0)
        texts.append(f"{METHODS[row.method].label}, H: slope {slope} Å²/ps, D = slope/6 = {diffusion} cm²/s")
    return texts


@styled
def mean_squared_displacement(tables: dict, published_values: dict) -> Figure:
    """Standard and reordered MSD of H, MSD of La; published diffusion in both readings.

    The published D = 3.5e-5 cm²/s is the slope of the published figure itself, so that D = slope/6 would be six times
    smaller; both lines are drawn: slope = D and slope = 6 D.
    """
    curves = replica_curves(tables, "sweep:diffusion_qtb/msd", "time", "msd", ["species", "kind"])
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    for method, text, rows in series(curves, along=("time",)):
        for species, kind, line in MSD_CURVES:
            chosen = rows[(rows["species"] == species) & (rows["kind"] == kind)]
            if chosen.empty:
                raise TableError(
                    f"table 'sweep:diffusion_qtb/msd' has no rows species={species}, kind={kind}, method={method}"
                )
            label = ", ".join(filter(None, [METHODS[method].label, text, f"{species} {kind}"]))
            draw_curve(panel, chosen["time"], chosen["value"], chosen["error"], METHODS[method].color, label, line)
    end = float(curves["time"].max())
    known = published(published_values, "qin_diffusion_5K_200GPa")
    slope = known.value * SQUARE_CM_PER_S
    top = 1.1 * max(slope * end, float(curves["value"].max()))
    steep = min(end, top / (6.0 * slope)) * 0.9
    draw_published(
        panel, [0.0, 0.9 * end], [0.0, 0.9 * end * slope], f"{known.label}: slope = $D$", "-.", markevery=[1]
    )
    label = f"{known.label}: slope = 6$D$"
    draw_published(panel, [0.0, steep], [0.0, steep * 6.0 * slope], label, ":", "D", markevery=[1])
    panel.set_xlim(0.0, end)
    panel.set_ylim(0.0, 1.55 * top)
    panel.xaxis.set_major_locator(MaxNLocator(6))
    panel.set_xlabel("time (ps)")
    panel.set_ylabel("mean squared displacement (Å$^2$)")
    first = curves.iloc[0]
    panel.set_title(f"{first.temperature_target:g} K, {first.pressure_target:g} GPa")
    legend(panel, loc="upper left", ncols=2, columnspacing=1.0)
    for text in diffusion_note(tables, "sweep:diffusion_qtb/summary"):
        add_note(figure, text)
    number = scientific_text(known.value, None)
    add_note(
        figure,
        f"{known.label}, {known.where}: D = {number} cm²/s; drawn as the slope itself (its fig. 5) and as slope/6",
    )
    return figure


@styled
def pair_distribution(tables: dict, published_values: dict) -> Figure:
    """La-H pair distribution function of classical dynamics and of the quantum thermal bath."""
    figure, axes = new_figure(1, 2.6)
    panel = axes[0, 0]
    for name in ("sweep:rdf_classical/rdf", "sweep:rdf_qtb/rdf"):
        curves = replica_curves(tables, name, "r", "g", ["pair"])
        curves = curves[(curves["pair"] == PAIR) & curves["r"].between(*RDF_RANGE)]
        if curves.empty:
            raise TableError(f"table {name!r} has no rows of pair {PAIR} between {RDF_RANGE[0]} and {RDF_RANGE[1]} Å")
        for method, text, rows in series(curves, along=("r",)):
            label = ", ".join(filter(None, [METHODS[method].label, text]))
            draw_curve(panel, rows["r"], rows["value"], rows["error"], METHODS[method].color, label)
        first = curves.iloc[0]
    panel.set_xlim(*RDF_RANGE)
    panel.set_ylim(bottom=0.0)
    panel.set_xlabel("$r$ (Å)")
    panel.set_ylabel(r"$g_\mathrm{LaH}(r)$")
    panel.set_title(f"{first.temperature_target:g} K, {first.pressure_target:g} GPa")
    legend(panel, loc="upper right")
    known = published(published_values, "qin_rdf")
    add_note(figure, f"{known.label}, {known.where}: {known.value}")
    return figure
