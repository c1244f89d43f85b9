"""The hull of a ternary system: candidates and references in the triangle of compositions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.crystal.formulas import HYDROGEN, parsed
from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import TernaryHull
from qcrystal.figures.style import METHODS, Picture, legend_above, new_figure, note_stand_in, styled
from qcrystal.manuscript.published import Cited

HEIGHT = np.sqrt(3) / 2


def places(formulas: pd.Series, elements: tuple[str, str]) -> np.ndarray:
    """Points (n, 2) in the triangle of unit edge: the elements at the left and right corner, hydrogen on top."""
    found = []
    for formula in formulas:
        counts = parsed(formula)
        total = sum(counts.values())
        right, top = (counts.get(element, 0) / total for element in (elements[1], HYDROGEN))
        found.append((right + 0.5 * top, HEIGHT * top))
    return np.array(found)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: TernaryHull) -> Picture:
    """Candidates by their energy above the hull, the lowest of each composition on top; crosses are the references."""
    figure, axes = new_figure(1, 3.2)
    panel = axes[0, 0]
    panel.plot([0, 1, 0.5, 0], [0, 0, HEIGHT, 0], color="0.4", linewidth=0.8)
    known = places(inputs["references"]["formula"], options.elements)
    panel.plot(*known.T, "x", color=METHODS["harmonic"].color, label="references")
    table = inputs["candidates"].sort_values("above_hull", ascending=False)
    points, heights = places(table["formula"], options.elements), table["above_hull"].to_numpy(float)
    shown = panel.scatter(*points.T, c=heights, cmap="viridis_r", vmin=0, vmax=options.height, s=22, zorder=3)
    shown.set_label("candidates")
    for (x, y), text in zip(((0, 0), (1, 0), (0.5, HEIGHT)), (*options.elements, HYDROGEN), strict=True):
        panel.annotate(text, (x, y), (0, 4 if y else -10), textcoords="offset points", ha="center")
    panel.set_axis_off()
    panel.set_aspect("equal")
    panel.margins(0.08)
    figure.colorbar(shown, ax=panel, shrink=0.7, extend="max", label="energy above the hull (eV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note("of candidates with one composition the lowest lies on top")
    note_stand_in(figure, inputs["candidates"])
    return figure
