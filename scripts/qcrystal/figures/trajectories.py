"""Trajectories of mobile atoms by the number of their exchanges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from qcrystal.figures.kinds import Inputs, Trajectories
from qcrystal.figures.style import METHODS, Picture, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

WINDOW_MARGIN = 1.2  # Å about a path
SMALLEST_WINDOW = 5.0  # Å


def chosen_path(rows: pd.DataFrame, category: str) -> pd.DataFrame | None:
    """Path, in time order, of the mobile atom of a category that moves farthest; None if there is none.

    The table holds, of each run and category, the few mobile atoms nearest to the middle of the cell. It also holds the
    lattice's sites about them, periodic images included.
    """
    best, farthest = None, -1.0
    for _, path in rows[rows["category"] == category].groupby(["run", "proton"]):
        path = path.sort_values("time")
        points = path[["x", "y", "z"]].to_numpy(float)
        reach = np.linalg.norm(points - points[0], axis=1).max()
        if reach > farthest:
            best, farthest = path, reach
    return best


def lattice_sites(rows: pd.DataFrame, run: str, species: str) -> np.ndarray:
    """Mean sites (n, 3) of the atoms of a species in a run, in Å."""
    chosen = rows[(rows["run"] == run) & (rows["category"] == species)]
    return chosen[["x", "y", "z"]].to_numpy(float)


def analysed_length(rows: pd.DataFrame, lattice: str) -> float:
    """Time (ps) of the longest run in which exchanges were looked for: what its paths span."""
    time = rows[rows["category"] != lattice].groupby("run")["time"]
    return float((time.max() - time.min()).max())


def projection_axes(points: np.ndarray) -> tuple[int, int, int]:
    """Two Cartesian axes to draw and the one to look along, in which the points extend least."""
    along = int(np.argmin(np.ptp(points, axis=0)))
    first, second = (axis for axis in range(3) if axis != along)
    return first, second, along


def draw_path(
    axes: Axes, path: pd.DataFrame, sites: np.ndarray, color: str, window: float, norm: Normalize
) -> LineCollection:
    """Draw one atom's path, coloured by time, projected along a Cartesian axis, with the lattice's sites about it."""
    points = path[["x", "y", "z"]].to_numpy(float)
    first, second, along = projection_axes(points)
    flat = points[:, [first, second]]
    middle = (points.min(0) + points.max(0)) / 2
    near = np.abs(sites - middle)[:, [first, second]].max(1) < 0.5 * window + 0.5
    depth = np.abs(sites[:, along] - middle[along])
    for site, far in zip(sites[near], depth[near], strict=True):
        faded = float(np.clip(1.0 - far / 5.0, 0.15, 0.9))
        axes.plot(*site[[first, second]], "o", markersize=9, color=color, alpha=faded, markeredgewidth=0, zorder=1)
    segments = np.stack([flat[:-1], flat[1:]], axis=1)
    lines = LineCollection(
        list(segments), array=path["time"].to_numpy(float)[1:], norm=norm, cmap="plasma", linewidths=0.6
    )
    axes.add_collection(lines)
    names = "xyz"
    axes.set_xlim(middle[first] - window / 2, middle[first] + window / 2)
    axes.set_ylim(middle[second] - window / 2, middle[second] + window / 2)
    axes.set_xlabel(f"${names[first]}$ (Å)")
    axes.set_ylabel(f"${names[second]}$ (Å)")
    return lines


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Trajectories) -> Picture:
    """Paths of mobile atoms of each category, in the plane in which each extends most, and the lattice's sites."""
    rows = inputs["paths"]
    chosen = [chosen_path(rows, category) for category in options.categories]
    shown = [path for path in chosen if path is not None]
    reach = max([np.ptp(path[["x", "y", "z"]].to_numpy(float), axis=0).max() for path in shown], default=0.0)
    window = max(SMALLEST_WINDOW, reach + 2 * WINDOW_MARGIN)
    length = analysed_length(rows, options.lattice)
    norm = Normalize(0.0, max([path["time"].max() for path in shown], default=1.0))
    figure, axes = new_figure(2, 2.7, 1, len(options.categories))
    lines = None
    for panel, (category, wording), path in zip(axes[0], options.categories.items(), chosen, strict=True):
        panel.set_title(category)
        panel.set_box_aspect(1.0)
        if path is None:
            text = f"no mobile atom with\n{wording}\nin {length:.3g} ps"
            panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color="0.3")
            panel.set_xticks([])
            panel.set_yticks([])
            continue
        sites = lattice_sites(rows, path["run"].iloc[0], options.lattice)
        lines = draw_path(panel, path, sites, options.lattice_color, window, norm)
    letter_panels(axes[0])
    if lines is not None:
        figure.colorbar(lines, ax=list(axes[0]), label="time (ps)", pad=0.02, aspect=25)
    first = rows.iloc[0]
    condition = f"{first.temperature_target:g} K, {first.pressure_target:g} GPa"
    figure.note(
        f"{METHODS[first.method].label}, {condition}; discs: mean {options.lattice} sites, fainter away from the path's layer"
    )
    if "categories" in published:
        figure.note(f"categories as in {published['categories'].label}, {published['categories'].where}")
    return figure
