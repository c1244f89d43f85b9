"""Vibrational energies in kelvin: E/(3 N k_B) [Qin et al. 2023, fig. 3]."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import units
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qcrystal.analysis.sweeps import corrected_name, corrected_observable, nearest, published, series, table
from qcrystal.dynamics.bath.thermal import quantum_energy
from qcrystal.dynamics.beads import harmonic_bead_energy
from qcrystal.figures.style import (
    LINES,
    METHODS,
    add_note,
    draw_points,
    draw_published,
    legend,
    new_figure,
    span_text,
    styled,
)

ENERGY = "energy_over_3NkB"
ENERGY_SWEEPS = ["sweep:energy_classical/summary", "sweep:energy_qtb/summary", "sweep:energy_pimd/summary"]
PRESSURE_MATCH = 0.5  # GPa, within which two pressures are called the same
IMAGINARY = 0.05  # THz, as in qcrystal.statics.phonons: modes below it have no zero-point energy
LEAST_SHARE = 0.005  # of imaginary modes that is worth a word
REFERENCE = "E is above the cubic lattice at rest at the run's volume (low if that is a saddle point)"


def vibrational_energy(tables: dict, name: str, figure: Figure) -> pd.DataFrame:
    """E/(3 N k_B) of each condition of a sweep, averaged over replicas, with its beads.

    Of runs that know what the bath's friction adds to their kinetic energy it is the energy without that; the figure
    says so.
    """
    rows = corrected_observable(tables, name, ENERGY, "all", also=("beads",))
    summary = tables[name]
    for method in summary.loc[summary["observable"] == corrected_name(ENERGY), "method"].unique():
        label = METHODS[method].label
        add_note(figure, f"{label}: kinetic energy without the bath's broadening, where the run tells how much that is")
    return rows


def beads_text(rows: pd.DataFrame) -> str:
    """``18 beads`` or ``18–28 beads`` of path integrals, nothing of other methods."""
    low, high = rows["beads"].min(), rows["beads"].max()
    return span_text(low, high, "beads") if high > 1 else ""


def mode_energies(frequency: np.ndarray, temperature: float, beads: int | None = None) -> np.ndarray:
    """Mean energies (eV) of harmonic modes (THz, above 0): with so many beads, or exact."""
    if beads is None:
        return quantum_energy(frequency, temperature)
    return np.array([harmonic_bead_energy(each, temperature, beads) for each in frequency])


def harmonic_energy(dos: pd.DataFrame, temperature: float, beads: int | None = None) -> float:
    """E/(3 N k_B) in K of the harmonic crystal: with so many beads, or exact.

    Parameters
    ----------
    dos
        ``statics/phonon_dos.csv`` at one pressure: frequency (THz), dos. Imaginary modes count as classical.
    """
    frequency = dos["frequency"].to_numpy(float)
    real = frequency > IMAGINARY
    energy = np.full(len(dos), units.kB * temperature)
    energy[real] = mode_energies(frequency[real], temperature, beads)
    return float(np.average(energy, weights=dos["dos"]) / units.kB)


def bead_error(dos: pd.DataFrame, temperature: float, beads: int) -> float:
    """How far below the exact energy the harmonic crystal with so many beads is, in K as E/(3 N k_B).

    Parameters
    ----------
    dos
        See `harmonic_energy`.
    """
    return harmonic_energy(dos, temperature) - harmonic_energy(dos, temperature, beads)


def note_bead_error(figure: Figure, tables: dict, rows: pd.DataFrame) -> None:
    """Say below the figure by how much the beads of its path integrals leave the energy low, in the harmonic crystal."""
    dos = table(tables, "statics:phonon_dos", ["pressure", "frequency", "dos"])
    for method, paths in rows[rows["beads"] > 1].groupby("method"):
        errors = [
            bead_error(
                dos[dos["pressure"] == nearest(dos["pressure"], row.pressure_target)],
                row.temperature_target,
                int(row.beads),
            )
            for row in paths.itertuples()
        ]
        low, high = round(min(errors)), round(max(errors))
        many = f"{METHODS[method].label}: {beads_text(paths)}"
        add_note(figure, f"{many} leave E low by {span_text(low, high, 'K')} (harmonic estimate, not added)")


def draw_series(axes: Axes, rows, along: str, extra: str = "") -> None:
    """Draw one curve per method (and other condition) of a table of one observable."""
    for number, (method, text, chosen) in enumerate(series(rows, along=(along,))):
        label = ", ".join(filter(None, [METHODS[method].label, extra, text, beads_text(chosen)]))
        line = LINES[number % len(LINES)]
        draw_points(axes, chosen[along], chosen["value"], chosen["error"], METHODS[method], label, line)


def note_imaginary(figure: Figure, dos) -> None:
    """Say which part of the phonons is imaginary, and so missing in what is drawn for the harmonic crystal.

    ``dos`` is ``statics/phonon_dos.csv`` at one pressure; None says nothing.
    """
    if dos is None or dos.empty:
        return
    part = imaginary_share(dos)
    if part > LEAST_SHARE:
        add_note(figure, f"phonons: {100 * part:.0f} % of the modes are imaginary and have no zero-point energy here")


def imaginary_share(dos) -> float:
    """Fraction of imaginary modes (negative frequencies) in a density of states at one pressure."""
    weight = dos["dos"].to_numpy(float)
    return float(weight[dos["frequency"].to_numpy(float) < -IMAGINARY].sum() / weight.sum())


@styled
def energy(tables: dict, published_values: dict) -> Figure:
    """E/(3 N k_B) against temperature: classical, QTB, PIMD, harmonic quantum, and the classical line E = 3 N k_B T."""
    figure, axes = new_figure(1, 2.8)
    panel = axes[0, 0]
    pressures, temperatures = [], []
    add_note(figure, REFERENCE)
    for name in ENERGY_SWEEPS:
        rows = vibrational_energy(tables, name, figure)
        note_bead_error(figure, tables, rows)
        draw_series(panel, rows, "temperature_target")
        pressures.extend(rows["pressure_target"])
        temperatures.extend(rows["temperature_target"])
    pressure = float(np.median(pressures))
    columns = ["pressure", "temperature", "energy_over_3NkB_quantum"]
    harmonic = table(tables, "statics:harmonic_energy", columns)
    used = nearest(harmonic["pressure"], pressure)
    highest = 1.08 * max(temperatures)
    curve = harmonic[(harmonic["pressure"] == used) & (harmonic["temperature"] <= highest)].sort_values("temperature")
    label = "harmonic, quantum"
    if abs(used - pressure) > PRESSURE_MATCH:
        label += f" ({used:g} GPa)"
    states = table(tables, "statics:phonon_dos", ["pressure", "frequency", "dos"])
    note_imaginary(figure, states[np.abs(states["pressure"] - used) < PRESSURE_MATCH])
    panel.plot(curve["temperature"], curve["energy_over_3NkB_quantum"], color=METHODS["harmonic"].color, label=label)
    panel.plot([0, highest], [0, highest], color="0.6", linewidth=0.8, linestyle="--", label="$E = 3Nk_BT$")
    zero = published(published_values, "qin_zero_point_temperature")
    draw_published(panel, [0.0], [zero.value], f"{zero.label}, {zero.where}, near 0 K")
    panel.set_xlim(-0.03 * highest, highest)
    panel.set_ylim(0.0, 1.4 * panel.get_ylim()[1])
    panel.set_xlabel("temperature (K)")
    panel.set_ylabel("$E/(3Nk_B)$ (K)")
    panel.set_title(f"{pressure:g} GPa")
    legend(panel, loc="upper left", ncols=2, columnspacing=1.0)
    return figure


@styled
def zero_point(tables: dict, published_values: dict) -> Figure:
    """Zero-point temperature against pressure: QTB, PIMD at its lowest temperature, phonons of the same potential."""
    figure, axes = new_figure(1, 2.8)
    panel = axes[0, 0]
    pressures = []
    add_note(figure, REFERENCE)
    for name in ("sweep:qtb_low_temperature/summary", "sweep:zero_point_pimd/summary"):
        rows = vibrational_energy(tables, name, figure)
        temperature = rows["temperature_target"].min()
        rows = rows[rows["temperature_target"] == temperature]
        note_bead_error(figure, tables, rows)
        draw_series(panel, rows, "pressure_target", f"{temperature:g} K")
        pressures.extend(rows["pressure_target"])
    columns = ["pressure", "zero_point_temperature", "imaginary_fraction"]
    phonons = table(tables, "statics:phonons", columns).sort_values("pressure")
    style = METHODS["harmonic"]
    x, y = phonons["pressure"].to_numpy(float), phonons["zero_point_temperature"].to_numpy(float)
    panel.plot(x, y, color=style.color, marker=style.marker, linewidth=0.8, label=style.label)
    unstable = phonons["imaginary_fraction"].to_numpy(float) > 0
    if unstable.any():
        panel.plot(x[unstable], y[unstable], "o", markersize=8, color=style.color, alpha=0.2, markeredgewidth=0)
        add_note(figure, "grey discs: imaginary phonons, left out of the zero-point energy")
    beyond = phonons.get("beyond_training", pd.Series(0.0, index=phonons.index)).to_numpy(float) > 0
    if beyond.any():
        panel.plot(x[beyond], y[beyond], "s", markersize=9, color="none", markeredgecolor="0.6", markeredgewidth=0.6)
        add_note(figure, "grey squares: phonons at static pressures beyond those that the potential was trained on")
    low, high = min([*pressures, *x]), max([*pressures, *x])
    zero = published(published_values, "qin_zero_point_temperature")
    text = f"{zero.label}, {zero.where} (≈{zero.value:g} K)"
    draw_published(panel, [low, high], [zero.value] * 2, text, line="--")
    margin = 0.06 * max(high - low, 50.0)
    panel.set_xlim(low - margin, high + margin)
    bottom, top = panel.get_ylim()
    panel.set_ylim(bottom, top + 0.7 * (top - bottom))
    panel.set_xlabel("pressure (GPa)")
    panel.set_ylabel("$E/(3Nk_B)$ (K)")
    legend(panel, loc="upper left")
    return figure
