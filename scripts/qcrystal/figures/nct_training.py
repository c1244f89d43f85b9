"""Free energy of two phases against the step of the optimisation."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import AtOneState, NctTraining
from qcrystal.figures.style import Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

WINDOW = 0.05
"""Share of a level's steps over which F is averaged."""


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
        steps = training[training["run"] == rows["run"].iloc[0]]
        place = 0
        for level in dict.fromkeys(steps["level"]):
            part = steps[steps["level"] == level].sort_values("step")
            smooth = part["free_energy"].rolling(max(1, int(WINDOW * len(part))), min_periods=1).mean()
            panel.plot(place + part["step"], smooth, color=color, linewidth=0.7, label=name if place == 0 else None)
            place += int(part["step"].max())
            panel.axvline(place, color="0.85", linewidth=0.5, zorder=0)
            final = rows[rows["level"] == level]
            panel.errorbar(
                [place], final["free_energy"].iloc[:1], final["free_energy_error"].iloc[:1], color=color, marker=marker
            )
        ends.append((name, marker, rows, place))
        harmonic = rows.loc[rows["level"] == "harmonic", "free_energy"].dropna()
        if len(harmonic):
            figure.note(f"{name}, harmonic, which is no bound: {harmonic.iloc[0]:.2f} meV/atom")
    for name, marker, rows, place in ends:
        gain = published.get(name)
        start = rows.loc[rows["level"] == "occupations", "free_energy"].dropna()
        if gain is not None and len(start):
            draw_published(panel, [1.04 * place], [start.iloc[0] - gain.number], f"{name}, {gain.label}", marker=marker)
            figure.note(
                f"published gain of the flow over occupations alone, {name}: {gain.number:g} meV/atom ({gain.where})"
            )
    panel.set_xlabel("step")
    panel.set_ylabel("$F - E_0$ (meV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note(f"{options.temperature:g} K; levels from left to right: {'; '.join(levels_of(inputs['training']))}")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, [chosen(one, options) for one in inputs["summaries"]], options.names)
    return figure


def chosen(summary: pd.DataFrame, options: AtOneState) -> pd.DataFrame:
    """Rows of one calculation: at the temperature, of the volume nearest to that wished for."""
    rows = nearest_volume(summary[summary["temperature_target"] == options.temperature], options.volume)
    return rows[rows["run"] == rows["run"].iloc[0]] if len(rows) else rows


def nearest_volume(summary: pd.DataFrame, volume: float) -> pd.DataFrame:
    """Rows of the volume (Å³/atom) that is nearest."""
    distance = (summary["volume"] - volume).abs()
    return summary[distance <= distance.min() + 1e-6]


def levels_of(trainings: list[pd.DataFrame]) -> list[str]:
    """Levels that were trained, in words."""
    present = {level for table in trainings for level in table["level"]}
    return [text for level, text in LEVELS.items() if level in present]
