"""Free energy of two phases against the step of the optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import AtOneState, NctTraining
from qcrystal.figures.style import Picture, draw_curve, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited
from qcrystal.variational.gibbs import SAME

WINDOW = 0.25
"""Share of a level's steps over which F is averaged."""

NAME: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": "x-small"}
"""How the names of levels are written above their steps."""


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: NctTraining) -> Picture:
    """F less the energy at rest against the step, level after level; symbols at the end are fresh samples with frozen weights.

    A published gain of the flow over occupations alone is an open symbol that far below our F of occupations.
    """
    figure, axes = new_figure(1, 3.2)
    panel = axes[0, 0]
    ends = []
    for number, (name, training, summary) in enumerate(
        zip(options.names, inputs["training"], inputs["summaries"], strict=True)
    ):
        color, marker = phase_style(number)
        rows = chosen(summary, options)
        if rows.empty:
            figure.note(f"{name}: nothing at {options.temperature:g} K")
            continue
        note_volume(figure, name, rows)
        steps = training[training["run"] == rows["run"].iloc[0]]
        place = 0
        for level in dict.fromkeys(steps["level"]):
            part = steps[steps["level"] == level].sort_values("step")
            smooth, error = averaged(part)
            draw_curve(
                panel, place + part["step"], smooth, error, color, f"{name}, training" if place == 0 else "_nolegend_"
            )
            begun, place = place, place + int(part["step"].max())
            if number == 0:
                panel.axvline(place, color="0.85", linewidth=0.5, zorder=0)
                panel.text(0.5 * (begun + place), 0.95, LEVELS[level], transform=panel.get_xaxis_transform(), **NAME)
            final = rows[rows["level"] == level]
            panel.errorbar(
                [place],
                final["free_energy"].iloc[:1],
                final["free_energy_error"].iloc[:1],
                color=color,
                marker=marker,
                linestyle="none",
                label=f"{name}, fresh samples" if begun == 0 else None,
            )
        ends.append((name, marker, rows, place))
        harmonic = rows.loc[rows["level"] == "harmonic", "free_energy"].dropna()
        if len(harmonic):
            figure.note(f"{name}, harmonic, which is no bound: {harmonic.iloc[0]:.2f} meV/atom")
    for name, marker, rows, place in ends:
        if name in published:
            draw_gain(figure, panel, published[name], name, marker, rows, place)
    panel.set_xlabel("step")
    panel.set_ylabel("$F - E_0$ (meV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note(f"{options.temperature:g} K; levels from left to right: {'; '.join(levels_of(inputs['training']))}")
    figure.note(
        "a level whose training raised F keeps the state that it started with: its symbol may lie below its line"
    )
    figure.note(f"lines: means over {100 * WINDOW:g} % of a level's steps, with a band of one standard error")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, [chosen(one, options) for one in inputs["summaries"]], options.names)
    return figure


def draw_gain(
    figure: Picture, panel: Axes, gain: Cited, name: str, marker: str, rows: pd.DataFrame, place: float
) -> None:
    """The published gain of the flow, below our F of occupations, a little beyond the last step ``place``."""
    start = rows.loc[rows["level"] == "occupations", "free_energy"].dropna()
    if len(start):
        at = [1.04 * place], [start.iloc[0] - gain.number]
        draw_published(panel, *at, f"{name}, gain of {gain.label}", marker=marker)
        figure.note(
            f"published gain of the flow over occupations alone, {name}: {gain.number:g} meV/atom ({gain.where})"
        )


def averaged(part: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """F of a level's steps, each the mean of those just before it, and the error of that mean from the errors of the steps."""
    window = max(1, int(WINDOW * len(part)))
    squares = (part["free_energy_error"] ** 2).rolling(window, min_periods=1)
    return part["free_energy"].rolling(window, min_periods=1).mean(), np.sqrt(squares.sum()) / squares.count()


def chosen(summary: pd.DataFrame, options: AtOneState) -> pd.DataFrame:
    """Rows of one calculation: at the temperature, of the volume nearest to that wished for."""
    rows = nearest_volume(summary[summary["temperature_target"] == options.temperature], options.volume)
    return rows[rows["run"] == rows["run"].iloc[0]] if len(rows) else rows


def nearest_volume(summary: pd.DataFrame, volume: float) -> pd.DataFrame:
    """Rows of the one volume (Å³/atom) that is nearest; of two as near, of the smaller one."""
    if summary.empty:
        return summary
    order = summary.assign(distance=(summary["volume"] - volume).abs().round(6)).sort_values(["distance", "volume"])
    return summary[(summary["volume"] - order["volume"].iloc[0]).abs() < SAME]


def note_volume(figure: Picture, name: str, rows: pd.DataFrame) -> None:
    """Say at which volume the rows of a phase are."""
    if len(rows):
        figure.note(f"{name} at {rows['volume'].iloc[0]:.2f} Å³/atom")


def levels_of(trainings: list[pd.DataFrame]) -> list[str]:
    """Levels that were trained, in words."""
    present = {level for table in trainings for level in table["level"]}
    return [text for level, text in LEVELS.items() if level in present]
