"""Leakage of zero-point energy between species under quantum baths, against friction."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from qcrystal.analysis.harmonic import at_pressure, harmonic_temperature
from qcrystal.analysis.sweeps import kinetic_temperatures, measured_pressure, observable, one_condition
from qcrystal.figures.energies import note_imaginary
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, draw_points, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

DEVIATION = "fluctuation_dissipation"


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Kinetic temperature of each species and the bath's fluctuation-dissipation deviation against friction.

    Raises
    ------
    TableError
        The sweeps have more than one pressure and temperature.
    """
    summaries = inputs["summaries"]
    pressure, temperature = one_condition(summaries)
    rows = pd.concat([kinetic_temperatures(summary) for summary in summaries], ignore_index=True)
    elements = list(dict.fromkeys(rows.sort_values("value")["species"]))  # the heavy one, with the least, comes first
    figure, axes = new_figure(2, 2.7, panels=len(elements) + 1)
    phonons = at_pressure(inputs["dos"], pressure)
    for panel, species in zip(axes[0], elements, strict=False):
        for method, chosen in rows[rows["species"] == species].groupby("method"):
            style = METHODS[str(method)]
            draw_points(panel, chosen["friction"], chosen["value"], chosen["error"], style, style.label)
        if phonons is not None:
            exact = harmonic_temperature(phonons, species, temperature)
            panel.axhline(exact, color=METHODS["harmonic"].color, linewidth=0.8, linestyle="--", label="phonons")
        panel.set_ylim(0.0, 1.1 * panel.get_ylim()[1])
        panel.set_ylabel(rf"$2\langle K_\mathrm{{{species}}}\rangle/3k_B$ (K)")
        panel.set_title(species)
    last = axes[0, -1]
    told = [summary for summary in summaries if (summary["observable"] == DEVIATION).any()]
    if len(told) < len(summaries):
        figure.note("the net power is known for runs that last at least one segment of the bath")
    if not told:
        last.text(0.5, 0.5, "no run lasted\na segment", transform=last.transAxes, ha="center", va="bottom", color="0.3")
    for summary in told:
        found = observable(summary, DEVIATION, also=("species", "friction"))
        for (method, species), chosen in found.groupby(["method", "species"]):
            style = METHODS[str(method)]._replace(marker="osD^"[elements.index(species)])
            label = f"{METHODS[str(method)].label}, {species}"
            draw_points(last, chosen["friction"], chosen["value"], chosen["error"], style, label)
    last.axhline(0.0, color="0.6", linewidth=0.8, linestyle="--")
    last.margins(y=0.15)
    last.set_ylabel(r"net power from the bath (of $2\gamma\langle K\rangle$)")
    for panel in axes[0]:
        panel.set_xscale("log")
        panel.set_xlabel(r"friction $\gamma$ (1/ps)")
        ticks = sorted(rows["friction"].unique())
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        panel.set_xticks([], minor=True)
        panel.margins(x=0.12)
    letter_panels(axes[0])
    legend_above(figure, axes[0], columns=4)
    figure.note(f"{temperature:g} K at a fixed cell, {measured_pressure(summaries)}")
    figure.note("kinetic energies are by the virial theorem, without the bath's broadening, where the run reports them")
    note_imaginary(figure, phonons)
    return figure
