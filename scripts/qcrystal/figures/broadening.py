"""Critical temperatures and couplings against the broadening of the electrons' energies, for every set of meshes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import LINES, PHASES, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

MESHES = ["k", "dense_k", "q"]
MILLI = 1000.0


def mesh_text(row: pd.Series) -> str:
    """Meshes as text: ``k 8, 16, q 2``."""
    if row[MESHES].isna().any():
        return "meshes not known"
    return f"k {row['k']:.0f}³, {row['dense_k']:.0f}³, q {row['q']:.0f}³"


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Left: λ. Right: T_c by the Eliashberg equations at the lowest μ*. A colour per set of meshes, a line per compound."""
    table = inputs["tc"].dropna(subset=["sigma", "lambda"])
    figure, axes = new_figure(2, 2.9, panels=2)
    left, right = axes[0]
    lowest = table["mu_star"].min()
    table = table[table["mu_star"] == lowest]
    for line, (compound, own) in zip(LINES, table.groupby("compound", sort=False), strict=False):
        for (color, marker), (_, rows) in zip(PHASES, own.groupby(MESHES, dropna=False, sort=False), strict=False):
            text = f"{compound}, {mesh_text(rows.iloc[0])}"
            drawn = {"color": color, "marker": marker, "linestyle": line, "label": text}
            left.plot(MILLI * rows["sigma"], rows["lambda"], **drawn)
            right.plot(MILLI * rows["sigma"], rows["eliashberg"], **drawn)
    left.set_ylabel(r"coupling $\lambda$")
    right.set_ylabel(r"$T_c$ (K)")
    for panel in (left, right):
        panel.set_xlabel("broadening (mRy)")
        panel.set_ylim(bottom=0)
    letter_panels([left, right])
    legend_above(figure, [left], columns=2)
    if len(table):
        figure.note(f"Eliashberg equations, Coulomb pseudopotential {lowest:g}")
    for compound, rows in table.groupby("compound", sort=False):
        figure.note(f"{compound}: {rows['status'].iloc[0]}")
    if not len(table):
        figure.note("no couplings were computed")
    return figure
