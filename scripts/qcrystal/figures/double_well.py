"""Hop rates of baths, which are no quantum hop rates: a double well by theory and by baths, and the crystal's own paths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, PHASES, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited
from qcrystal.statics.tunnelling import Path

SLOWEST = 1e-14  # 1/ps, one hop in 100 s: what is slower is not shown
THEORY = {"classical_tst": ("classical TST", "--"), "quantum": ("with tunnelling", "-")}
RATES = {"classical": "classical TST", "quantum": "no tunnelling", "tunnelling": "with tunnelling"}
NAMES = {"vacancy": "jump into a vacancy", "exchange": "exchange of neighbours"}


def draw_well(axes: Axes, table: pd.DataFrame) -> None:
    """Rates of the double well against the inverse temperature."""
    for method, (label, line) in THEORY.items():
        rows = table[table["method"] == method].sort_values("temperature")
        axes.plot(1000.0 / rows["temperature"], rows["rate"], line, color="black", linewidth=0.9, label=label)
    for method in ("classical", "qtb", "adqtb"):
        rows = table[table["method"] == method]
        style, seen = METHODS[method], rows[rows["rate"].notna()]
        if len(rows):
            x = 1000.0 / seen["temperature"]
            axes.errorbar(x, seen["rate"], seen["error"], color=style.color, marker=style.marker, linestyle="none",
                          elinewidth=0.8, label=f"{style.label} dynamics")  # fmt: skip
        never = rows[rows["rate"].isna()]
        axes.plot(1000.0 / never["temperature"], never["limit"], color=style.color, marker=r"$\downarrow$", linestyle="none",
                  markersize=8)  # fmt: skip
    axes.axhline(float(table["splitting"].iloc[0]), color="0.5", linewidth=0.7, linestyle=":", label=r"splitting/$h$")
    _crossover(axes, float(table["crossover"].iloc[0]), "0.5")


def _crossover(axes: Axes, temperature: float, color: str) -> None:
    """Mark a crossover temperature at the lower end of an axis."""
    axes.axvline(1000.0 / temperature, ymax=0.12, color=color, linewidth=1.2)


def draw_paths(axes: Axes, paths: pd.DataFrame, mechanisms: list[str]) -> None:
    """Energies along the paths of the first isotope, images as symbols."""
    isotope = paths["isotope"].iloc[0]
    for number, mechanism in enumerate(mechanisms):
        rows = paths[(paths["mechanism"] == mechanism) & (paths["isotope"] == isotope)].sort_values("image")
        color, marker = PHASES[number]
        place, energy, slope = (rows[name].to_numpy(float) for name in ("place", "energy", "slope"))
        curve = Path(place, energy, slope, barrier_quantum=0.0, well_quantum=0.0).curve
        s = np.linspace(0.0, rows["place"].max(), 300)
        share = s / s[-1]
        axes.plot(share, curve(s), color=color, linewidth=0.9)
        axes.plot(rows["place"] / s[-1], rows["energy"], marker, color=color, markersize=3.5, label=NAMES[mechanism])
    axes.set_xlabel("share of the path")
    axes.set_ylabel("energy (eV)")
    axes.margins(y=0.1)


def draw_rates(axes: Axes, rates: pd.DataFrame, saddles: pd.DataFrame, mechanisms: list[str]) -> None:
    """Rates of the first isotope along the paths, and where each crosses over to tunnelling."""
    isotope = rates["isotope"].iloc[0]
    for number, mechanism in enumerate(mechanisms):
        color = PHASES[number][0]
        chosen = rates[(rates["mechanism"] == mechanism) & (rates["isotope"] == isotope)]
        for line, (method, label) in zip(("--", ":", "-"), RATES.items(), strict=True):
            rows = chosen[chosen["method"] == method].sort_values("temperature")
            shown = rows[rows["log_rate"] > np.log10(SLOWEST)]  # nor those that are not known
            axes.plot(1000.0 / shown["temperature"], 10.0 ** shown["log_rate"], line, color=color, linewidth=0.9)
            if number == 0:
                axes.plot([], [], line, color="black", linewidth=0.9, label=label)
        for row in records(saddles[(saddles["mechanism"] == mechanism) & (saddles["isotope"] == isotope)]):
            _crossover(axes, row.crossover, color)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """(a) The double well, (b) the paths of least energy, (c) rates along them."""
    well, paths, saddles, rates = (inputs[role] for role in ("well", "paths", "saddles", "rates"))
    mechanisms = [name for name in NAMES if name in set(paths["mechanism"])]
    figure, axes = new_figure(2, 3.0, 1, 3)
    first, second, third = axes[0]
    draw_well(first, well)
    draw_paths(second, paths, mechanisms)
    draw_rates(third, rates, saddles, mechanisms)
    for panel in (first, third):
        panel.set_yscale("log")
        panel.set_xlabel("1000 / temperature (1/K)")
        panel.set_ylabel("hops (1/ps)")
        low, high = panel.get_ylim()
        panel.set_ylim(max(low, SLOWEST), high)
    letter_panels(axes[0], ["double well", "paths", "rates on the paths"])
    legend_above(figure, [first, second, third], columns=4)
    isotope = str(paths["isotope"].iloc[0])
    for row in records(saddles[saddles["isotope"] == isotope]):
        text = f"{NAMES[row.mechanism]}: barrier {row.barrier:.2f} eV, with zero-point energies {row.zero_point_barrier:.2f} eV"
        extra = "" if row.imaginary_saddle == 1 else f", {row.imaginary_saddle} imaginary modes at the top"
        if row.zero_point_barrier <= 0:
            extra += ": none is left, so that harmonic quantum rates are not defined"
        start = "" if row.imaginary_start == 0 else f", {row.imaginary_start} at the start"
        place = f"cell of {row.atoms} atoms at {row.pressure:g} GPa"
        figure.note(f"{text}, crossover {row.crossover:.0f} K, {place}{extra}{start}")
    one = well.iloc[0]
    figure.note(
        f"double well: {one['barrier']:g} eV, ħω of a well {one['quantum']:g} eV, crossover {one['crossover']:.0f} K"
    )
    figure.note(f"isotope {isotope}; marks at the lower axis: crossover temperatures")
    if well["limit"].notna().any():
        figure.note("arrows: upper limits (95 %) where nothing hopped")
    return figure
