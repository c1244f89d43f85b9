"""Critical temperatures against the energy above the hull, published compounds beside ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.crystal.formulas import formula_unit
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import METHODS, Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited

MILLI = 1000.0


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """T_c over all broadenings and μ* as bars, at the height of the lowest candidate of that formula unit.

    Compounds without a candidate have no height and are named below. Published values are open symbols.
    """
    figure, axes = new_figure(1, 2.9)
    panel, candidates = axes[0, 0], inputs["candidates"]
    units = candidates["formula"].map(formula_unit)
    style, unplaced = METHODS["dft"], []
    label: str | None = "this work"
    for name, rows in inputs["tc"].dropna(subset=["eliashberg"]).groupby("compound", sort=False):
        same = candidates[units == formula_unit(rows["formula"].iloc[0])].sort_values("above_hull")
        if same.empty:
            unplaced.append(str(name))
            continue
        first, tc = same.iloc[0], rows["eliashberg"]
        by_dft = np.isfinite(first["above_hull_dft"])
        height = MILLI * (first["above_hull_dft"] if by_dft else first["above_hull"])
        spans = [[tc.median() - tc.min()], [tc.max() - tc.median()]]
        fill = style.color if by_dft else "none"
        panel.errorbar(
            [height], [tc.median()], spans, color=style.color, marker="s", markerfacecolor=fill, ls="none", label=label
        )
        label = None
    if {"tc", "hull"} <= set(published):
        temperature, height_of = published["tc"], published["hull"]
        both = [name for name in temperature.value if name in height_of.value]
        draw_published(
            panel,
            [height_of.value[name] for name in both],
            [temperature.value[name] for name in both],
            f"{temperature.label}, {temperature.where}",
        )
    panel.set_xlabel("energy above the hull (meV/atom)")
    panel.set_ylabel(r"$T_c$ (K)")
    panel.set_ylim(0, 1.05 * panel.get_ylim()[1])
    legend_above(figure, [panel], columns=1)
    if label:
        figure.note("no compound of this work has both a critical temperature and a place above the hull")
    if unplaced:
        figure.note(f"not among the candidates: {', '.join(unplaced)}")
    note_potential(figure, candidates)
    return figure
