"""Gibbs energy of one phase less that of another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from qcrystal.figures.differences import known_difference
from qcrystal.figures.kinds import Inputs
from qcrystal.figures.phase_names import LEVELS, STYLES, note_cells, note_refused, note_sizes, sized
from qcrystal.figures.phase_options import GibbsDifference
from qcrystal.figures.style import Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited
from qcrystal.variational.gibbs import lower_above, transition


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: GibbsDifference) -> Picture:
    """G of the first phase less that of the second, against temperature, or against pressure at one temperature.

    Published transitions are open symbols at zero.
    """
    figure, axes = new_figure(1, 3.0)
    panel = axes[0, 0]
    first, second = sized(inputs)
    for number, level in enumerate(options.levels):
        color, marker = STYLES[level]
        rows = [
            (pressure, found)
            for pressure in options.pressures
            for found in [known_difference(first, second, level, pressure)]
        ]
        if options.along == "temperature":
            (pressure, found), *_ = rows
            x, y, error = found.temperatures, found.values, found.errors
            at = transition(found)
            if at is not None:
                phase = options.lower(lower_above(found))
                figure.note(f"{LEVELS[level]}: equal at {at.value:.0f} ± {at.error:.0f} K, {phase}")
        else:
            points = [
                (pressure, found.values[here], found.errors[here])
                for pressure, found in rows
                for here in np.flatnonzero(found.temperatures == options.temperature)
            ]
            x, y, error = np.array(points, float).reshape(-1, 3).T
        for _, found in rows:
            for text in found.unknown:
                figure.note(text)
        known = np.isfinite(y)
        if known.any():
            panel.errorbar(
                x[known] + aside(number, len(options.levels), x[known]),
                y[known],
                error[known],
                color=color,
                marker=marker,
                linewidth=0.8,
                capsize=2,
                label=LEVELS[level],
            )
        else:
            figure.note(f"{LEVELS[level]}: no value")
    draw_zero(panel, published)
    panel.set_xlabel("temperature (K)" if options.along == "temperature" else "pressure (GPa)")
    panel.set_ylabel(f"$G$({options.names[0]}) $-$ $G$({options.names[1]}) (meV/atom)")
    fixed = f"{options.pressures[0]:g} GPa" if options.along == "temperature" else f"{options.temperature:g} K"
    figure.note("symbols are shifted sideways so that none hides another: their values belong together")
    figure.note(f"{fixed}; one potential, the same ansatz and effort for both phases")
    legend_above(figure, [panel], columns=2)
    note_cells(figure, inputs["summaries"], options.names)
    note_sizes(figure, inputs, options.names)
    note_refused(figure, inputs["summaries"], options.names)
    return figure


def draw_zero(panel: Axes, published: Mapping[str, Cited]) -> None:
    """A line where both phases are equal, with the published transitions on it."""
    panel.axhline(0.0, color="0.6", linewidth=0.6, zorder=0)
    for role, value in published.items():
        marker = "s" if role == "classical" else None
        draw_published(panel, [value.number], [0.0], f"{role}, {value.label}", marker=marker)


def aside(number: int, count: int, x: np.ndarray) -> float:
    """Shift of the symbols of one of ``count`` levels: a hundredth of the range of ``x``; of a single point, one unit."""
    return (number - 0.5 * (count - 1)) * 0.01 * max(float(np.ptp(x)), 100.0 if len(x) == 1 else 0.0)
