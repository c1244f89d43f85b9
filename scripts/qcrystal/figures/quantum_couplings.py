"""Couplings and critical temperatures with harmonic phonons, and with those that quantum motion renormalises."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.broadening import MESHES, MILLI, mesh_text
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import (
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

LINES = {"harmonic": "--", "quantum": "-", "quantum, potential alone": ":"}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Left: λ. Right: T_c by the Eliashberg equations at the lowest μ*. Dashed and open: harmonic. Full: with
    motion. Crosses: with the potential's phonons alone.

    Published couplings stand at the right end.
    """
    table = inputs["tc"]
    figure, axes = new_figure(2, 3.0, panels=2)
    left, right = axes[0]
    lowest = table["mu_star"].min()
    known = table[(table["mu_star"] == lowest) & table["sigma"].notna()]
    for (color, marker), (_, own) in zip(PHASES, known.groupby(["compound", *MESHES], dropna=False), strict=False):
        for kind, line in LINES.items():
            rows = own[own["phonons"] == kind]
            if rows.empty:
                continue
            text = f"{rows['compound'].iloc[0]}, {mesh_text(rows.iloc[0])}, {kind}"
            face = "none" if kind == "harmonic" else color
            own_marker = "x" if kind == "quantum, potential alone" else marker
            drawn = {"color": color, "marker": own_marker, "linestyle": line, "markerfacecolor": face, "label": text}
            left.plot(MILLI * rows["sigma"], rows["lambda"], **drawn)
            right.plot(MILLI * rows["sigma"], rows["eliashberg"], **drawn)
    if "lambda" in published:
        cited, end = published["lambda"], MILLI * float(known["sigma"].max()) + 3 if len(known) else 50.0
        for kind, marker in (("harmonic", "o"), ("anharmonic", "D")):
            draw_published(left, [end], [cited.value[kind]], f"{cited.label}, {kind}", marker=marker)
    left.set_ylabel(r"coupling $\lambda$")
    right.set_ylabel(r"$T_c$ (K)")
    for panel in (left, right):
        panel.set_xlabel("broadening (mRy)")
        panel.set_ylim(bottom=0)
        if known.empty:
            say_empty(panel)
    letter_panels([left, right])
    legend_above(figure, [left], columns=2)
    _notes(figure, table, lowest)
    return figure


def _notes(figure: Picture, table: pd.DataFrame, mu_star: float) -> None:
    figure.note(
        f"Eliashberg equations, Coulomb pseudopotential {mu_star:g}; motion at {table['temperature'].max():g} K"
    )
    figure.note(
        "deformation potentials are those of ph.x along its own modes; between two of them they are taken for zero"
    )
    for (compound, *_), own in table.groupby(["compound", *MESHES], dropna=False):
        place = f"{compound}, {mesh_text(own.iloc[0])}"
        for kind, rows in own.groupby("phonons", sort=False):
            state = "" if (rows["status"] == "stable").all() else f"; {rows['status'].iloc[0]}"
            figure.note(f"{place}, {kind}: lowest phonon {rows['lowest_frequency'].iloc[0]:.1f} THz{state}")
        if "quantum" not in set(own["phonons"]):
            figure.note(f"{place}: a harmonic mode is imaginary, and ph.x gives no coupling of it")
