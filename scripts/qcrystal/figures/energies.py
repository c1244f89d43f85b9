"""Shared parts of figures of vibrational energies: curves of E/(3 N k_B) in kelvin, and notes on beads and phonons."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.harmonic import bead_error, imaginary_share
from qcrystal.analysis.sweeps import corrected_name, corrected_observable, nearest, series
from qcrystal.figures.style import LINES, METHODS, Picture, draw_points, span_text
from qcrystal.io.tables import records

ENERGY = "energy_over_3NkB"
LEAST_SHARE = 0.005  # of imaginary modes that is worth a word
REFERENCE = "E is above the high-symmetry lattice at rest at the run's volume (low if that is a saddle point)"


def vibrational_energy(figure: Picture, summary: pd.DataFrame) -> pd.DataFrame:
    """E/(3 N k_B) of each condition of a sweep, averaged over replicas, with its beads.

    Of runs that know what the bath's friction adds to their kinetic energy it is the energy without that; a note says so.
    """
    rows = corrected_observable(summary, ENERGY, "all", also=("beads",))
    for method in summary.loc[summary["observable"] == corrected_name(ENERGY), "method"].unique():
        label = METHODS[str(method)].label
        figure.note(
            f"{label}: what the bath's broadening adds to the kinetic energy is taken off, where the run reports it"
        )
    return rows


def beads_text(rows: pd.DataFrame) -> str:
    """``18 beads`` or ``18–28 beads`` of path integrals, nothing of other methods."""
    low, high = rows["beads"].min(), rows["beads"].max()
    return span_text(low, high, "beads") if high > 1 else ""


def note_bead_error(figure: Picture, dos: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Note by how much the beads of its path integrals leave the energy low, in the harmonic crystal."""
    for method, paths in rows[rows["beads"] > 1].groupby("method"):
        errors = [
            bead_error(
                dos[dos["pressure"] == nearest(dos["pressure"], row.pressure_target)],
                row.temperature_target,
                int(row.beads),
            )
            for row in records(paths)
        ]
        low, high = round(min(errors)), round(max(errors))
        many = f"{METHODS[str(method)].label}: {beads_text(paths)}"
        figure.note(f"{many} leave E low by {span_text(low, high, 'K')} (harmonic estimate, not added)")


def draw_series(axes: Axes, rows: pd.DataFrame, along: str, extra: str = "") -> None:
    """Draw one curve per method (and other condition) of a table of one observable."""
    for number, (method, text, chosen) in enumerate(series(rows, along=(along,))):
        label = ", ".join(filter(None, [METHODS[method].label, extra, text, beads_text(chosen)]))
        line = LINES[number % len(LINES)]
        draw_points(axes, chosen[along], chosen["value"], chosen["error"], METHODS[method], label, line)


def note_imaginary(figure: Picture, dos: pd.DataFrame | None) -> None:
    """Say which part of the phonons is imaginary, and so missing in what is drawn for the harmonic crystal.

    ``dos`` is a density of states at one pressure; None says nothing.
    """
    if dos is None or dos.empty:
        return
    part = imaginary_share(dos)
    if part > LEAST_SHARE:
        figure.note(f"phonons: {100 * part:.0f} % of the modes are imaginary and have no zero-point energy here")
