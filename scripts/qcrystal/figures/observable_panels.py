"""Observables of several sweeps side by side: by method against temperature, pressure or the inverse number of atoms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.statistics import Estimate
from qcrystal.analysis.sweeps import CONDITION_TEXT, combine_replicas, corrected
from qcrystal.figures.kinds import Inputs, ObservablePanel, ObservablePanels
from qcrystal.figures.style import (
    METHODS,
    MethodStyle,
    Picture,
    draw_points,
    draw_published,
    legend_above,
    letter_panels,
    new_figure,
    say_empty,
    styled,
)
from qcrystal.manuscript.published import Cited

AXES = {
    "temperature_target": "temperature (K)",
    "pressure_target": "pressure (GPa)",
    "inverse_atoms": "1000 / number of atoms",
}
KEYS = [
    "method",
    "isotope",
    "start",
    "vacant",
    "extra",
    "pressure_target",
    "temperature_target",
    "atoms",
    "inverse_atoms",
]
LIMIT = 2.0  # standard errors of an upper limit; with few degrees of freedom as many as are as sure


def prepared(tables: list[pd.DataFrame], panel: ObservablePanel) -> pd.DataFrame:
    """The panel's observable of all sweeps, replicas averaged, each run once, without a bath's friction where it is known."""
    rows = pd.concat([corrected(table, panel.observable) for table in tables], ignore_index=True)
    rows = rows[(rows["observable"] == panel.observable) & (rows["species"] == panel.species)].drop_duplicates("run")
    vacant, extra = (
        rows["run"].astype(str).str.extract(rf"-(\d+){defect}")[0].fillna("0").astype(int)
        for defect in ("vacancies", "interstitials")
    )
    rows = rows.assign(vacant=vacant, extra=extra, inverse_atoms=1000.0 / rows["atoms"])
    if rows.empty:
        return rows.assign(limit=np.nan)
    found = combine_replicas(rows, KEYS)
    return found.assign(**{name: panel.factor * found[name] for name in ("value", "error", "limit")})


def draw_limits(axes: Axes, rows: pd.DataFrame, along: str, style: MethodStyle, label: str) -> pd.DataFrame:
    """Arrows of upper limits: of what was not seen, and two errors above values that they hold; returns the other rows."""
    estimates = zip(rows["value"], rows["error"], rows["freedom"], strict=True)
    reach = pd.Series([Estimate(v, e, np.nan, f).reach(LIMIT) for v, e, f in estimates], rows.index, dtype=float)
    sure = rows["value"] > reach.fillna(np.inf)
    limits = rows[~sure & (rows["error"].notna() | rows["limit"].notna())]
    bounds = limits["limit"].fillna(limits["value"].clip(lower=0.0) + reach)
    axes.plot(limits[along], bounds, linestyle="none", marker=r"$\downarrow$", markersize=8, color=style.color)
    axes.plot([], [], linestyle="none", marker=style.marker, color=style.color, label=label)
    return rows[sure]


def draw_panel(axes: Axes, rows: pd.DataFrame, panel: ObservablePanel, along: str) -> None:
    """One curve per method and other condition."""
    others = [key for key in ("isotope", "start", "vacant", "extra") if rows[key].nunique() > 1]
    also = [key for key in ("pressure_target", "temperature_target") if key != along and rows[key].nunique() > 1]
    for _, curve in rows.groupby(["method", *others, *also]):
        first = curve.sort_values(along).iloc[0]
        style = METHODS[str(first["method"])]
        words = [CONDITION_TEXT[key].format(first[key]) for key in (*others, *also) if key in CONDITION_TEXT]
        if "vacant" in others and first["vacant"]:
            words.append(f"{first['vacant']:.0f} vacancy")
            style = style._replace(marker="*")
        if "extra" in others and first["extra"]:
            words.append(f"{first['extra']:.0f} interstitial")
            style = style._replace(marker="P")
        label = ", ".join([style.label, *words])
        curve = curve.sort_values(along)
        if panel.logarithmic:
            curve = draw_limits(axes, curve, along, style, label)
            label = "_" + label
        if len(curve):
            draw_points(axes, curve[along], curve["value"], curve["error"], style, label)
    axes.margins(x=0.1, y=0.1)
    axes.set_xlabel(AXES[along])
    axes.set_ylabel(panel.label)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: ObservablePanels) -> Picture:
    """A panel per observable; the published value stands in the first one."""
    count = len(options.panels)
    figure, axes = new_figure(2, 2.6 if count <= 2 else 4.6, -(-count // 2), min(2, count))
    panels, sizes = list(axes.flat)[:count], 0
    for place, panel in zip(panels, options.panels, strict=True):
        rows = prepared(inputs["summaries"], panel)
        if rows.empty or not (rows["value"].notna() | rows["limit"].notna()).any():
            say_empty(place)
            rows = rows[:0]
        sizes = max(sizes, rows["atoms"].nunique())
        draw_panel(place, rows, panel, options.along)
        if place is panels[0] and "value" in published and options.published_at is not None:
            known = published["value"]
            draw_published(place, [options.published_at], [known.number], f"{known.label}, {known.where}", marker="D")
        if panel.logarithmic:
            place.set_yscale("log")
            low, high = np.log10(place.get_ylim())
            place.set_ylim(10.0 ** np.floor(low), 10.0 ** np.ceil(high))  # whole decades, so that ticks have names
            unknown = int((rows["error"].isna() & rows["limit"].isna()).sum())
            if unknown:
                figure.note(f"{panel.species}: {unknown} values without error are left out")
        if not place.has_data():  # ticks of an axis without values are numbers that nobody chose
            place.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    for place in list(axes.flat)[count:]:
        place.remove()
    if options.along == "inverse_atoms" and sizes < 2:
        figure.blank = True
        figure.note("runs of one size alone have ended: they tell no dependence on it")
    letter_panels(panels, [""] * count)
    legend_above(figure, panels, columns=4)
    return figure
