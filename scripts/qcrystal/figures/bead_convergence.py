"""Convergence of path integrals with the number of beads, beside the harmonic crystal with as many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.harmonic import at_pressure, harmonic_energy, harmonic_temperature
from qcrystal.analysis.sweeps import kinetic_temperatures, measured_pressure, observable, one_condition
from qcrystal.dynamics.beads import BEAD_RATIO, beads_for
from qcrystal.figures.energies import REFERENCE, note_imaginary, vibrational_energy
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, draw_points, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited

POINTS = 40  # of the harmonic curve


def draw_convergence(axes: Axes, rows: pd.DataFrame, harmonic: Callable[[int | None], float] | None) -> None:
    """Draw values of runs against their beads, and what the harmonic crystal has with as many and with infinitely many.

    Parameters
    ----------
    rows
        method, beads, value, error.
    harmonic
        Function of the number of beads, None for infinitely many; None draws no harmonic crystal.
    """
    for method, chosen in rows.groupby("method"):
        style = METHODS[str(method)]
        draw_points(axes, chosen["beads"], chosen["value"], chosen["error"], style, style.label)
    if harmonic is not None:
        style = METHODS["harmonic"]
        fewest, most = rows["beads"].min() / 1.5, 1.5 * rows["beads"].max()
        beads = np.unique(np.geomspace(fewest, most, POINTS).round().astype(int))
        label = f"{style.label}, $P$ beads"
        axes.plot(beads, [harmonic(int(count)) for count in beads], color=style.color, linewidth=0.8, label=label)
        label = rf"{style.label}, $P \to \infty$"
        axes.axhline(harmonic(None), color=style.color, linewidth=0.8, linestyle="--", label=label)


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Kinetic temperature of each species and E/(3 N k_B) against the number of beads; the rule's default is marked.

    Raises
    ------
    TableError
        The sweep has more than one pressure and temperature.
    """
    summary = inputs["summary"]
    pressure, temperature = one_condition([summary])
    rows = kinetic_temperatures(summary)
    phonons = at_pressure(inputs["dos"], pressure)
    stiffest = observable(summary, "max_frequency", "all")["value"].max()
    elements = list(dict.fromkeys(rows.sort_values("value")["species"]))  # the heavy one, with the least, comes first
    figure, axes = new_figure(2, 2.7, panels=len(elements) + 1)
    for panel, species in zip(axes[0], elements, strict=False):
        harmonic = partial(harmonic_temperature, phonons, species, temperature) if phonons is not None else None
        draw_convergence(panel, rows[rows["species"] == species], harmonic)
        panel.set_ylabel(rf"$2\langle K_\mathrm{{{species}}}\rangle/3k_B$ (K)")
        panel.set_title(species)
    harmonic = partial(harmonic_energy, phonons, temperature) if phonons is not None else None
    draw_convergence(axes[0, -1], vibrational_energy(figure, summary), harmonic)
    axes[0, -1].set_ylabel("$E/(3Nk_B)$ (K)")
    axes[0, -1].set_title("all atoms")
    chosen = beads_for(temperature, stiffest)
    ticks = sorted(rows["beads"].unique())
    for panel in axes[0]:
        label = rf"rule, $P = {chosen} \geq {BEAD_RATIO:g}\,\beta\hbar\omega_\mathrm{{max}}$"
        panel.axvline(chosen, color="0.6", linewidth=0.8, linestyle=":", label=label)
        panel.set_xscale("log", base=2)
        panel.set_xlabel("number of beads $P$")
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        panel.set_xticks([], minor=True)
        panel.margins(x=0.08, y=0.15)
    letter_panels(axes[0])
    legend_above(figure, axes[0], columns=4)
    figure.note(f"{temperature:g} K at a fixed cell, {measured_pressure([summary])}")
    figure.note(REFERENCE)
    note_imaginary(figure, phonons)
    if phonons is not None:
        figure.note(
            f"phonons: of the high-symmetry lattice at {pressure:g} GPa, zero-point and thermal pressure included"
        )
    return figure
