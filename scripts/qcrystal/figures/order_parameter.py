"""An order parameter against pressure or temperature, one curve for each method and other condition."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.sweeps import nearest, observable, series
from qcrystal.figures.kinds import Inputs, OrderParameter
from qcrystal.figures.style import LINES, METHODS, Picture, draw_points, legend_above, new_figure, styled
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited

UNITS = {"pressure": "GPa", "temperature": "K"}
AXES = {"pressure": ("pressure_target", "pressure (GPa)"), "temperature": ("temperature_target", "temperature (K)")}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: OrderParameter) -> Picture:
    """The order parameter of each sweep along one axis, at the other's chosen value, with published transitions as lines."""
    figure, axes = new_figure(1, 3.9 if published else 3.1)
    panel = axes[0, 0]
    column, label = AXES[options.along]
    (other,) = (name for name, _ in AXES.values() if name != column)
    chosen = []
    for summary in inputs["summaries"]:
        rows = observable(summary, options.observable)
        if options.at is not None:
            rows = rows[rows[other] == nearest(rows[other], options.at)]
        chosen.append(rows)
    every = pd.concat(chosen, ignore_index=True)
    for number, (method, text, rows) in enumerate(series(every.drop_duplicates(), along=(column, "atoms"))):
        words = ", ".join(filter(None, [METHODS[method].label, text]))
        ordered = rows.sort_values(column)
        draw_points(
            panel,
            ordered[column],
            ordered["value"],
            ordered["error"],
            METHODS[method],
            words,
            LINES[number % len(LINES)],
        )
    draw_noise(panel, figure, inputs["summaries"], options, column)
    unit = UNITS[options.along]
    for (role, cited), line in zip(published.items(), LINES[1:], strict=False):
        words = f"{cited.label}, {cited.where}: {options.texts.get(role, 'transition at')} {cited.number:g} {unit}"
        look = {"color": METHODS["published"].color, "linewidth": 0.9, "linestyle": line, "gid": "published"}
        panel.axvline(cited.number, label=words, **look)
    panel.set_xlabel(label)
    panel.set_ylabel(options.label)
    if options.at is not None and every[other].nunique() == 1:
        panel.set_title(f"{every[other].iloc[0]:g} {'K' if unit == 'GPa' else 'GPa'}")
    panel.margins(x=0.06, y=0.08)
    legend_above(figure, [panel], columns=1 if published else 2)
    return figure


def draw_noise(
    panel: Axes, figure: Picture, summaries: list[pd.DataFrame], options: OrderParameter, column: str
) -> None:
    """Short grey bars below which a value is noise, where the sweeps tell it."""
    if options.noise is None:
        return
    found = [summary[summary["observable"] == options.noise] for summary in summaries]
    rows = pd.concat(found, ignore_index=True)
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return
    for row in records(rows.groupby(column)["value"].max().reset_index()):
        panel.plot(getattr(row, column), row.value, "_", color="0.6", markersize=12, zorder=0)
    figure.note("grey bars: what noise alone exceeds in one of twenty runs")
