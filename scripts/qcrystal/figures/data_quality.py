"""Contents of a data set of labels, and the distance of its test frames from its training frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.dataset.quality import DUPLICATE, INDEPENDENT, distance_columns
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import (
    METHODS,
    PHASES,
    SMALLEST_TEXT,
    Picture,
    letter_panels,
    new_figure,
    panel_legend_above,
    styled,
)
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited

COLORS = {"train": METHODS["classical"].color, "test": METHODS["qtb"].color}
SPLITS = {"train": "training frames", "test": "test frames"}
BARS = 15  # systems that have a bar of their own
RATIO_RANGE = 1.6
NAMED = 6  # systems that a note names at most


def draw_systems(axes: Axes, systems: pd.DataFrame) -> None:
    """Frames per system, training and test frames on top of each other; beyond `BARS` systems the smallest share a bar."""
    rows = systems[systems["level"] == "system"].copy()
    rows["frames"] = rows["train"] + rows["test"]
    if len(rows) > BARS:
        order = rows.sort_values("frames", ascending=False, kind="stable").index
        rest = rows.loc[order[BARS - 1 :]]
        other = {"system": f"{len(rest)} others", "train": rest["train"].sum(), "test": rest["test"].sum()}
        rows = pd.concat([rows.drop(rest.index), pd.DataFrame([other])], ignore_index=True)
    place = np.arange(len(rows))[::-1]
    axes.barh(place, rows["train"], color=COLORS["train"], height=0.75)
    axes.barh(place, rows["test"], left=rows["train"], color=COLORS["test"], height=0.75)
    axes.set_yticks(place, rows["system"], fontsize=SMALLEST_TEXT)
    axes.tick_params(axis="y", which="both", left=False, right=False)
    axes.set_xlabel("frames")


def draw_states(axes: Axes, frames: pd.DataFrame) -> None:
    """Pressure of every frame against its volume; outliers are crossed."""
    for split, text in SPLITS.items():
        rows = frames[frames["split"] == split]
        axes.plot(rows["volume"], rows["pressure"], ".", color=COLORS[split], markersize=2.5, alpha=0.6, label=text)
    odd = frames[frames["outlier"] != ""]
    if len(odd):
        axes.plot(odd["volume"], odd["pressure"], "x", color="k", markersize=4, mew=0.6, label=f"outliers: {len(odd)}")
    axes.set_xlabel("volume (Å$^3$/atom)")
    axes.set_ylabel("pressure of the labels (GPa)")
    panel_legend_above(axes)


def draw_histogram(axes: Axes, rows: pd.DataFrame, color: str, label: str) -> None:
    """A sparse histogram as steps over a logarithmic count, both splits together; bins are merged where values are few."""
    number = np.rint(rows["centre"] / rows["width"].iloc[0]).astype(int)
    merged = int(np.ceil((np.ptp(number) + 1) / np.clip(3 * np.sqrt(rows["count"].sum()), 10, 120)))
    number = number // merged
    counts = np.bincount(number - number.min(), weights=rows["count"])
    edges = ((np.arange(len(counts) + 1) + number.min()) * merged - 0.5) * rows["width"].iloc[0]
    axes.stairs(counts, edges, color=color, label=label)


def count_axis(axes: Axes) -> None:
    """Logarithmic axis of counts, from below one to ten at least: ticks are named at powers of ten."""
    axes.set_yscale("log")
    axes.set_ylim(0.7, max(15.0, axes.get_ylim()[1]))


def draw_distances(axes: Axes, frames: pd.DataFrame) -> None:
    """Distribution over the frames of the shortest distance between atoms of each pair of species."""
    columns = distance_columns(frames)
    values = frames[columns].to_numpy()
    edges = np.linspace(np.floor(10 * np.nanmin(values)) / 10, np.ceil(10 * np.nanmax(values)) / 10, 81)
    for column, (color, _) in zip(columns, PHASES, strict=False):
        axes.stairs(
            np.histogram(frames[column].dropna(), edges)[0],
            edges,
            color=color,
            label=column.removeprefix("nearest_").replace("_", "-"),
        )
    count_axis(axes)
    axes.set_xlabel("shortest distance in a frame (Å)")
    axes.set_ylabel("frames")
    panel_legend_above(axes)


def draw_likeness(axes: Axes, frames: pd.DataFrame) -> None:
    """Distribution of the distance to the most similar training frame, of test frames and of training frames to each other."""
    edges = np.linspace(0.0, RATIO_RANGE, 33)
    for split, text in SPLITS.items():
        ratio = frames.loc[frames["split"] == split, "ratio"].dropna().clip(upper=RATIO_RANGE)
        if len(ratio):
            share = np.histogram(ratio, edges)[0] / len(ratio)
            axes.stairs(
                share,
                edges,
                color=COLORS[split],
                label=text,
                fill=split == "train",
                alpha=0.5 if split == "train" else 1,
            )
    axes.axvline(INDEPENDENT, color="0.3", linewidth=0.6, linestyle="--")
    axes.axvline(DUPLICATE, color="0.3", linewidth=0.6, linestyle=":")
    axes.set_xlabel("distance to training set / own variety")
    axes.set_ylabel("share of frames")
    panel_legend_above(axes)


def verdict_text(systems: pd.DataFrame) -> str:
    """Sentence on the distances between test and training frames: their meaning, and the systems where they are too short."""
    total = systems[systems["level"] == "all"].iloc[0]
    if total["test"] == 0:
        return "no test frames"
    text = f"{total['test_independent']:.0f} of {total['test']:.0f} test frames are independent of every training frame"
    near = systems[(systems["verdict"] == "too near") & (systems["level"] == "system")]
    if near.empty:
        return text
    names = [f"{row.system} ({row.test_independent:.0f} of {row.test:.0f})" for row in records(near)]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{text}; too near to test anything: {', '.join(names[:NAMED])}{more}"


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Frames per system, pressures, energies, forces, shortest distances, and distances between test and training frames."""
    frames = inputs["frames"].assign(outlier=inputs["frames"]["outlier"].fillna(""))
    systems, histograms = inputs["systems"], inputs["histograms"]
    figure, axes = new_figure(2, 6.2, 2, 3)
    draw_systems(axes[0, 0], systems)
    draw_states(axes[0, 1], frames)
    for panel, quantity, unit in ((axes[0, 2], "energy", "eV/atom"), (axes[1, 0], "force", "eV/Å")):
        groups = histograms[histograms["quantity"] == quantity].groupby("group", sort=True)
        for (name, rows), (color, _) in zip(groups, PHASES, strict=False):
            draw_histogram(panel, rows, color, str(name))
        count_axis(panel)
        panel_legend_above(panel)
        panel.set_xlabel(
            f"{quantity} component ({unit})" if quantity == "force" else f"energy from the median ({unit})"
        )
        panel.set_ylabel("components" if quantity == "force" else "frames")
    draw_distances(axes[1, 1], frames)
    draw_likeness(axes[1, 2], frames)
    letter_panels(axes.flat)
    figure.note(f"(b) without the kinetic part; duplicate frames: {int(frames['duplicate'].sum())}")
    figure.note(
        "(f) mean distance of an atom's SOAP environment to the nearest one in the most similar training frame, over that to "
        f"the nearest one of its own frame: independent from {INDEPENDENT:g} (dashed), the same structure below "
        f"{DUPLICATE:g} (dotted); values above {RATIO_RANGE:g} in the last bin"
    )
    figure.note(verdict_text(systems))
    return figure
