"""Critical temperature of one Einstein peak by each formula, relative to the isotropic Eliashberg equations."""

from __future__ import annotations

from collections.abc import Mapping

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import LINES, METHODS, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

FORMULAS = {
    "eliashberg": (METHODS["harmonic"].color, "Eliashberg"),
    "allen_dynes": (METHODS["qtb"].color, "Allen-Dynes"),
    "mcmillan": (METHODS["classical"].color, "McMillan"),
}


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Left: k_B T_c/ħΩ against λ. Right: both formulas over the solution of the equations. A line style per μ*."""
    figure, axes = new_figure(2, 2.8, panels=2)
    left, right = axes[0]
    for line, (mu_star, rows) in zip(LINES, inputs["formulas"].groupby("mu_star"), strict=False):
        for name, (color, label) in FORMULAS.items():
            text = rf"{label}, $\mu^*={mu_star:g}$"
            left.plot(rows["lambda"], rows[name], line, color=color, label=text)
            known = rows["eliashberg"] > 0
            if name != "eliashberg":
                right.plot(rows["lambda"][known], (rows[name] / rows["eliashberg"])[known], line, color=color)
    right.axhline(1, color="0.6", linewidth=0.6)
    left.set_ylabel(r"$k_BT_c/\hbar\Omega$")
    right.set_ylabel("formula / Eliashberg")
    for panel in (left, right):
        panel.set_xlabel(r"coupling $\lambda$")
    letter_panels([left, right])
    legend_above(figure, [left], columns=3)
    return figure
