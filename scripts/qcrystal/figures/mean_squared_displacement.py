"""Mean squared displacements against time, standard and reordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from qcrystal.analysis.sweeps import SQUARE_CM_PER_S, observable, replica_curves, series
from qcrystal.figures.kinds import Inputs, MeanSquaredDisplacement
from qcrystal.figures.options import Displacement
from qcrystal.figures.style import METHODS, Picture, draw_curve, draw_published, legend_above, new_figure, styled
from qcrystal.io.tables import TableError, records, source_of
from qcrystal.manuscript.published import Cited
from qcrystal.manuscript.uncertainty import scientific_text, value_text

HEADROOM = 1.1  # of the axis above the highest curve


def diffusion_notes(summary: pd.DataFrame, species: str) -> list[str]:
    """Slope, and diffusion coefficient or its limit, of a species with each method."""
    slopes = records(observable(summary, "msd_slope", species))
    texts = []
    for row, hopping in zip(slopes, records(observable(summary, "diffusion", species)), strict=True):
        slope = value_text(row.value, row.error)
        texts.append(f"{METHODS[row.method].label}, {species}: slope {slope} Å²/ps, {diffusion_text(hopping)}")
    return texts


def diffusion_text(row: Any) -> str:
    """Diffusion coefficient of a condition: a value with error, a limit where no atom hopped, or that it is not determined."""
    if np.isfinite(row.limit):
        return f"no atom hopped: D < {scientific_text(row.limit, None)} cm²/s (95 %)"
    return f"D = {scientific_text(row.value, row.error)} cm²/s"


def draw_published_diffusion(figure: Picture, panel: Axes, known: Cited, end: float, highest: float) -> float:
    """Both readings of a published diffusion coefficient (cm²/s), and the axis' upper end (Å²).

    The published value can be the slope of the published figure itself, or, as D = slope/6 says, a sixth of it. Lines are
    drawn for both: slope = D and slope = 6 D.
    """
    slope = known.number * SQUARE_CM_PER_S
    top = HEADROOM * max(slope * end, highest)
    steep = min(end, top / (6.0 * slope)) * 0.9
    flat = ([0.0, 0.9 * end], [0.0, 0.9 * end * slope])
    draw_published(panel, *flat, f"{known.label}: slope = $D$", "-.", markevery=[1])
    label = f"{known.label}: slope = 6$D$"
    draw_published(panel, [0.0, steep], [0.0, steep * 6.0 * slope], label, ":", "D", markevery=[1])
    number = scientific_text(known.number, None)
    figure.note(f"{known.label}, {known.where}: D = {number} cm²/s; drawn for D as the slope and for D as slope/6")
    return top


def draw_displacements(
    figure: Picture, panel: Axes, table: pd.DataFrame, known: Cited | None, wanted: Sequence[Displacement]
) -> None:
    """Displacements of each wanted species and kind, and a published diffusion coefficient in both readings."""
    curves = replica_curves(table, "time", "msd", ["species", "kind"])
    for method, text, rows in series(curves, along=("time",)):
        for curve, line in zip(wanted, ("-", "--", ":", "-."), strict=False):
            chosen = rows[(rows["species"] == curve.species) & (rows["kind"] == curve.kind)]
            if chosen.empty:
                raise TableError(
                    f"{source_of(table)}: no rows species={curve.species}, kind={curve.kind}, method={method}"
                )
            label = ", ".join(filter(None, [METHODS[method].label, text, f"{curve.species} {curve.kind}"]))
            draw_curve(panel, chosen["time"], chosen["value"], chosen["error"], METHODS[method].color, label, line)
    end, highest = float(curves["time"].max()), float(curves["value"].max())
    top = HEADROOM * highest
    if known is not None:
        top = draw_published_diffusion(figure, panel, known, end, highest)
    panel.set_xlim(0.0, end)
    panel.set_ylim(0.0, top)
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.set_xlabel("time (ps)")
    panel.set_ylabel("mean squared displacement (Å$^2$)")
    first = curves.iloc[0]
    panel.set_title(f"{first.temperature_target:g} K, {first.pressure_target:g} GPa")


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: MeanSquaredDisplacement) -> Picture:
    """Displacements of each wanted species and kind; published diffusion in both readings."""
    figure, axes = new_figure(1, 3.3)
    panel = axes[0, 0]
    for text in diffusion_notes(inputs["summary"], options.mobile):
        figure.note(text)
    draw_displacements(figure, panel, inputs["msd"], published.get("diffusion"), options.curves)
    legend_above(figure, [panel], columns=2)
    return figure
