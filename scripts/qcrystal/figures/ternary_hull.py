"""The hull of a ternary system: candidates and references in the triangle of compositions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.crystal.formulas import HYDROGEN, parsed
from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import TernaryHull
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import METHODS, Picture, legend_above, new_figure, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited

HEIGHT = np.sqrt(3) / 2


def places(formulas: pd.Series, elements: tuple[str, str]) -> np.ndarray:
    """Points (n, 2) in the triangle of unit edge: the elements at the left and right corner, hydrogen on top.

    A formula with another element has NaN.
    """
    found = []
    for formula in formulas:
        counts = parsed(formula)
        total = sum(counts.values())
        right, top = (counts.get(element, 0) / total for element in (elements[1], HYDROGEN))
        inside = counts.keys() <= {*elements, HYDROGEN}
        found.append((right + 0.5 * top, HEIGHT * top) if inside else (np.nan, np.nan))
    return np.array(found).reshape(-1, 2)


def pair_of(table: pd.DataFrame, wanted: tuple[str, str] | None) -> tuple[str, str]:
    """The two elements beside hydrogen: those that are wanted, or else those of the first candidate.

    Raises
    ------
    TableError
        No candidate has both of those that are wanted and nothing else.
    """
    pairs = [tuple(element for element in parsed(formula) if element != HYDROGEN) for formula in table["formula"]]
    pairs = [pair for pair in pairs if len(pair) == 2]
    if not pairs or (wanted and set(wanted) not in map(set, pairs)):
        there = ", ".join(sorted({"-".join(sorted(pair)) for pair in pairs})) or "none"
        asked = " and ".join(wanted or ("two elements",))
        raise TableError(f"{source_of(table)}: no candidate of {asked} with H; there are {there}; correct figures.yaml")
    return wanted or (pairs[0][0], pairs[0][1])


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: TernaryHull) -> Picture:
    """Candidates by their energy above the hull, the lowest of each composition on top; crosses are the references."""
    elements = pair_of(inputs["candidates"], options.elements)
    figure, axes = new_figure(1, 3.2)
    panel = axes[0, 0]
    panel.plot([0, 1, 0.5, 0], [0, 0, HEIGHT, 0], color="0.4", linewidth=0.8)
    known = places(inputs["references"]["formula"], elements)
    panel.plot(*known.T, "x", color=METHODS["harmonic"].color, label="references")
    table = inputs["candidates"].sort_values("above_hull", ascending=False)
    points, heights = places(table["formula"], elements), table["above_hull"].to_numpy(float)
    inside = np.isfinite(points[:, 0])
    shown = panel.scatter(
        *points[inside].T, c=heights[inside], cmap="viridis_r", vmin=0, vmax=options.height, s=22, zorder=3
    )
    shown.set_label("candidates")
    for (x, y), text in zip(((0, 0), (1, 0), (0.5, HEIGHT)), (*elements, HYDROGEN), strict=True):
        panel.annotate(text, (x, y), (0, 4 if y else -10), textcoords="offset points", ha="center")
    panel.set_axis_off()
    panel.set_aspect("equal")
    panel.margins(0.08)
    figure.colorbar(shown, ax=panel, shrink=0.7, extend="max", label="energy above the hull (eV/atom)")
    legend_above(figure, [panel], columns=2)
    figure.note("of candidates with one composition the lowest lies on top")
    beyond = int(np.sum(heights[inside] > options.height))
    if beyond:
        figure.note(
            f"{beyond} of the {inside.sum()} candidates lie more than {options.height:g} eV/atom above the hull"
        )
    if not inside.all():
        figure.note(f"{np.sum(~inside)} candidates of other elements are not in this plane")
    for names in inputs["references"].get("left_out", pd.Series(dtype=str)).dropna().unique():
        if names:
            figure.note(f"they collapse with this potential and are no references: {names}")
    note_potential(figure, inputs["candidates"])
    return figure
