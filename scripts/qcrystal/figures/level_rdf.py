"""Pair distribution functions of two phases at several levels of the ansatz."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.nct_training import chosen, note_volume
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import LevelRdf
from qcrystal.figures.style import LINES, Picture, draw_curve, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: LevelRdf) -> Picture:
    """One panel for each phase, a line for each level with a band of one standard error; that of the last level is solid.

    In a small cell g(r) ends where an atom would meet its own image. A note says where.
    """
    figure, axes = new_figure(1, 1.3 + 1.3 * len(options.names), rows=len(options.names), sharex=True)
    low, high = options.range
    for number, (name, table, summary) in enumerate(
        zip(options.names, inputs["curves"], inputs["summaries"], strict=True)
    ):
        panel, color = axes[number, 0], phase_style(number)[0]
        state = chosen(summary, options)
        note_volume(figure, name, state)
        rows = table[table["run"].isin(state["run"]) & (table["pair"] == options.pair)]
        rows = rows[rows["r"].between(low, high)]
        if len(rows) and high - rows["r"].max() > np.ptp(rows["r"]) / 20:
            figure.note(f"{name}: up to {rows['r'].max():.2f} Å, where atoms of this cell would meet their own images")
        for place, level in enumerate(reversed(options.levels)):
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
                LINES[place % len(LINES)],
            )
        panel.set_xlim(low, high)
        panel.set_ylim(bottom=0.0)
        panel.set_ylabel("$g(r)$")
    axes[-1, 0].set_xlabel("$r$ (Å)")
    letter_panels(axes[:, 0], options.names)
    legend_above(figure, axes[:, 0], columns=2)
    figure.note(f"{options.temperature:g} K")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, [chosen(one, options) for one in inputs["summaries"]], options.names)
    return figure
