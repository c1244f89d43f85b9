"""Convergence of path integrals with the number of beads, beside the harmonic crystal with as many."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qcrystal.analysis.sweeps import measured_pressure, observable, one_condition, table
from qcrystal.dynamics.beads import BEAD_RATIO, beads_for
from qcrystal.figures.leakage import at_pressure, harmonic_temperature, kinetic_temperatures
from qcrystal.figures.style import METHODS, add_note, draw_points, legend, new_figure, styled
from qcrystal.figures.vibrational_energy import REFERENCE, harmonic_energy, note_imaginary, vibrational_energy

SWEEP = "sweep:beads_pimd/summary"
POINTS = 40  # of the harmonic curve


def draw_convergence(axes: Axes, rows, harmonic) -> None:
    """Draw values of runs against their beads, and what the harmonic crystal has with as many and with infinitely many.

    Parameters
    ----------
    rows
        method, beads, value, error.
    harmonic
        Function of the number of beads, None for infinitely many; None draws no harmonic crystal.
    """
    for method, chosen in rows.groupby("method"):
        style = METHODS[method]
        draw_points(axes, chosen["beads"], chosen["value"], chosen["error"], style, style.label)
    if harmonic is not None:
        style = METHODS["harmonic"]
        ends = np.array([rows["beads"].min() / 1.5, 1.5 * rows["beads"].max()])
        beads = np.unique(np.geomspace(*ends, POINTS).round().astype(int))
        label = f"{style.label}, $P$ beads"
        axes.plot(beads, [harmonic(int(count)) for count in beads], color=style.color, linewidth=0.8, label=label)
        label = rf"{style.label}, $P \to \infty$"
        axes.axhline(harmonic(None), color=style.color, linewidth=0.8, linestyle="--", label=label)


@styled
def convergence(tables: dict, published_values: dict) -> Figure:
    """Kinetic temperature of each species and E/(3 N k_B) against the number of beads; the rule's default is marked.

    Raises
    ------
    TableError
        The sweep has more than one pressure and temperature.
    """
    pressure, temperature = one_condition(tables, (SWEEP,))
    rows = kinetic_temperatures(tables, SWEEP)
    phonons = at_pressure(table(tables, "statics:phonon_dos", ["pressure", "frequency", "dos"]), pressure)
    stiffest = observable(tables, SWEEP, "max_frequency", "all")["value"].max()
    elements = list(dict.fromkeys(rows.sort_values("value")["species"]))  # the heavy one, with the least, comes first
    figure, axes = new_figure(2, 2.5, panels=len(elements) + 1)
    for panel, species in zip(axes[0], elements, strict=False):
        harmonic = partial(harmonic_temperature, phonons, species, temperature) if phonons is not None else None
        draw_convergence(panel, rows[rows["species"] == species], harmonic)
        panel.set_ylabel(rf"$2\langle K_\mathrm{{{species}}}\rangle/3k_B$ (K)")
    harmonic = partial(harmonic_energy, phonons, temperature) if phonons is not None else None
    draw_convergence(axes[0, -1], vibrational_energy(tables, SWEEP, figure), harmonic)
    axes[0, -1].set_ylabel("$E/(3Nk_B)$ (K)")
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
    bottom, top = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(bottom - 0.6 * (top - bottom), top)
    legend(axes[0, 0], loc="lower center", frameon=True, facecolor="white", edgecolor="none", framealpha=1.0)
    axes[0, 0].set_title(f"{temperature:g} K, fixed cell, {measured_pressure(tables, (SWEEP,))}")
    add_note(figure, REFERENCE)
    note_imaginary(figure, phonons)
    if phonons is not None:
        add_note(figure, f"phonons: of the cubic lattice that by them has {pressure:g} GPa")
    return figure
