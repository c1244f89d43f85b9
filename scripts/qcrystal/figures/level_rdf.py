"""Pair distribution functions of two phases at several levels of the ansatz."""

from __future__ import annotations

from collections.abc import Mapping

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.nct_training import chosen
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import LevelRdf
from qcrystal.figures.style import LINES, Picture, draw_curve, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: LevelRdf) -> Picture:
    """One panel for each phase, a line for each level with a band of one standard error."""
    figure, axes = new_figure(1, 1.3 + 1.3 * len(options.names), rows=len(options.names), sharex=True)
    low, high = options.range
    for number, (name, table, summary) in enumerate(
        zip(options.names, inputs["curves"], inputs["summaries"], strict=True)
    ):
        panel, color = axes[number, 0], phase_style(number)[0]
        rows = table[table["run"].isin(chosen(summary, options)["run"]) & (table["pair"] == options.pair)]
        rows = rows[rows["r"].between(low, high)]
        for place, level in enumerate(options.levels):
            part = rows[rows["level"] == level]
            if part.empty:
                figure.note(f"{name}: no {options.pair} at level {LEVELS[level]}")
                continue
            draw_curve(
                panel,
                part["r"],
                part["g"],
                part["error"],
                color,
                f"{name}, {LEVELS[level]}",
                LINES[-1 - place % len(LINES)],
            )
        panel.set_xlim(low, high)
        panel.set_ylim(bottom=0.0)
        panel.set_ylabel("$g(r)$")
    axes[-1, 0].set_xlabel("$r$ (Å)")
    legend_above(figure, axes[:, 0], columns=2)
    figure.note(f"{options.temperature:g} K")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, [chosen(one, options) for one in inputs["summaries"]], options.names)
    return figure
