"""Pair distribution function of two species."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.sweeps import replica_curves, series
from qcrystal.figures.kinds import Inputs, PairDistribution
from qcrystal.figures.style import METHODS, Picture, draw_curve, legend_above, new_figure, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited


def draw_curves(panel: Axes, tables: Sequence[pd.DataFrame], pair: str, span: tuple[float, float]) -> list[str]:
    """Draw g(r) of a pair of species from each sweep, over a span of distances (Å); returns the sweeps' conditions."""
    low, high = span
    conditions = []
    for table in tables:
        curves = replica_curves(table, "r", "g", ["pair"])
        curves = curves[(curves["pair"] == pair) & curves["r"].between(low, high)]
        if curves.empty:
            raise TableError(f"{source_of(table)}: no rows of pair {pair} between {low} and {high} Å")
        for method, text, rows in series(curves, along=("r",)):
            label = ", ".join(filter(None, [METHODS[method].label, text]))
            draw_curve(panel, rows["r"], rows["value"], rows["error"], METHODS[method].color, label)
        first = curves.iloc[0]
        conditions.append(f"{first.temperature_target:g} K, {first.pressure_target:g} GPa")
    panel.set_xlim(low, high)
    panel.set_ylim(bottom=0.0)
    panel.set_xlabel("$r$ (Å)")
    panel.set_ylabel(rf"$g_\mathrm{{{pair.replace('-', '')}}}(r)$")
    return list(dict.fromkeys(conditions))


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PairDistribution) -> Picture:
    """g(r) of one pair of species from each sweep, with bands of one standard error."""
    figure, axes = new_figure(1, 2.8)
    panel = axes[0, 0]
    panel.set_title("; ".join(draw_curves(panel, inputs["curves"], options.pair, options.range)))
    legend_above(figure, [panel], columns=3)
    if "comparison" in published:
        known = published["comparison"]
        figure.note(f"{known.label}, {known.where}: {known.value}")
    return figure
