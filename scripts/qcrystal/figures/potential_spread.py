"""Properties at rest by every member of several potentials' committees, against pressure."""

from __future__ import annotations

from collections.abc import Mapping

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import PHASES, Picture, legend_above, letter_panels, new_figure, say_empty, styled
from qcrystal.manuscript.published import Cited

LABELS = {
    "lattice constant": r"$a - \bar{a}$ (mÅ)",
    "zero-point temperature": "zero-point temperature (K)",
    "imaginary modes": "imaginary modes (%)",
    "cell angles": "cell angles, max$|\\alpha-90^\\circ|$ (deg)",
    "cage angles": "cage angles, max$|\\theta-90^\\circ|$ (deg)",
    "energy gain": "energy gain (meV/atom)",
}
SHIFT = 2.5  # GPa, between the symbols of potentials at one pressure


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """A panel per quantity: a symbol per member, a line through the means of each potential."""
    table = inputs["potentials"]
    names = list(dict.fromkeys(table["potential"]))
    figure, axes = new_figure(2, 4.4, 2, 3)
    for panel, (quantity, label) in zip(axes.flat, LABELS.items(), strict=True):
        rows = table[(table["quantity"] == quantity) & table["value"].notna()]
        if quantity == "lattice constant" and len(rows):
            rows = rows.assign(value=1e3 * (rows["value"] - rows.groupby("pressure")["value"].transform("mean")))
        if rows.empty:
            say_empty(panel, "not known")
        for number, name in enumerate(names):
            color, marker = PHASES[number % len(PHASES)]
            own = rows[rows["potential"] == name]
            place = own["pressure"] + SHIFT * (number - (len(names) - 1) / 2)
            panel.plot(place, own["value"], marker, color=color, markersize=3.5, markerfacecolor="none", label=name)
            mean = own.assign(place=place).groupby("place")["value"].mean()
            panel.plot(mean.index, mean, "-", color=color, linewidth=0.8)
        panel.set_xlabel("static pressure (GPa)")
        panel.set_ylabel(label)
        panel.margins(x=0.1, y=0.15)
    letter_panels(axes.flat, [""] * axes.size)
    legend_above(figure, [axes[0, 0]], columns=4)
    counts = table.groupby("potential", sort=False)["member"].nunique()
    members = " and ".join(f"{count} of {name}" for name, count in counts.items())
    figure.note(
        f"a symbol per member, {members}; lines through their means; symbols of potentials are shifted along the axis"
    )
    return figure
