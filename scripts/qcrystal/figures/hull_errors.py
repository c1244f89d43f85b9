"""What a cut of the energy above the hull loses, against the error of the enthalpies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.options import FunnelErrors
from qcrystal.figures.search_notes import note_potential
from qcrystal.figures.style import (
    LINES,
    METHODS,
    PHASES,
    Picture,
    draw_published,
    legend_above,
    letter_panels,
    new_figure,
    say_empty,
    styled,
)
from qcrystal.manuscript.published import Cited
from qcrystal.search.hull import rejected_share

MILLI, PERCENT = 1000.0, 100.0
LADDERS = {"scatter alone": "each crystal its own error", "offset alone": "one error per system"}
PANELS = {"lost_stable": "on the hull, rejected (%)", "kept_wrong": "kept, above the cut (%)"}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: FunnelErrors) -> Picture:
    """Shares that F1 rejects of the hydrides on the hull, and of what it keeps wrongly, with 95 % intervals over draws.

    Curves: errors of each crystal alone, and of each chemical system alone. Symbols: errors of this work, at the root of the sum
    of their squares. The left panel has the normal law for a phase whose energy above a fixed hull errs.
    """
    table = inputs["losses"]
    largest = MILLI * float(table[["scatter", "offset"]].to_numpy().max())
    figure, axes = new_figure(2, 2.9, panels=2)
    for panel, (column, label) in zip(axes[0], PANELS.items(), strict=True):
        for (color, marker), (source, text), line in zip(PHASES, LADDERS.items(), LINES, strict=False):
            own = table[table["source"] == source]
            error = MILLI * np.hypot(own["scatter"], own["offset"])
            values, low, high = (PERCENT * own[name] for name in (column, f"{column}_low", f"{column}_high"))
            panel.plot(error, values, color=color, marker=marker, linestyle=line, label=text)
            panel.fill_between(error, low, high, color=color, alpha=0.12, linewidth=0)
        for marker, (_, row) in zip("*Xh", table[~table["source"].isin(LADDERS)].iterrows(), strict=False):
            place = MILLI * float(np.hypot(row["scatter"], row["offset"]))
            value = PERCENT * row[column]
            text = f"this work, {row['source']}"
            panel.plot(place, value, marker, color="black", markersize=6, markerfacecolor="none", label=text)
        panel.set_xlabel("error of the enthalpies (meV/atom)")
        panel.set_ylabel(label)
        panel.set_xlim(0, 1.05 * largest)
        panel.set_ylim(-3, 103)
        if table[column].isna().all():
            say_empty(panel, "there is none")
    left = axes[0, 0]
    grid = np.linspace(0.01 * largest, largest, 200)
    normal = [float(rejected_share(0.0, error, options.threshold)) for error in grid]
    left.plot(grid, PERCENT * np.array(normal), ":", color=METHODS["harmonic"].color, label="normal law, fixed hull")
    if "error" in published:
        cited = published["error"]
        lost = float(rejected_share(0.0, cited.number, options.threshold))
        draw_published(left, [cited.number], [PERCENT * lost], f"{cited.label}'s error, normal law")
    letter_panels(axes[0])
    legend_above(figure, [left], columns=2)
    _notes(figure, inputs)
    return figure


def _notes(figure: Picture, inputs: Inputs) -> None:
    table = inputs["losses"]
    stable, within = int(table["stable"].max()), int(table["within"].max())
    figure.note(
        f"enthalpies of the search are taken as true: {stable} hydrides on its hull, {within} candidates within the cut"
    )
    figure.note("shades: 95 % intervals over draws of the errors")
    for row in table[~table["source"].isin(LADDERS)].itertuples():
        on = f", from {row.crystals} crystals" if row.crystals else ""
        parts = f"scatter {MILLI * row.scatter:.3g}, offset of a system {MILLI * row.offset:.3g} meV/atom"
        figure.note(f"{row.source}: {parts}{on}")
    note_potential(figure, table)
