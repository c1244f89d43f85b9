"""Entropy of two phases against temperature, harmonic and anharmonic."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from ase import units

from qcrystal.figures.kinds import Inputs
from qcrystal.figures.nct_training import nearest_volume, note_volume
from qcrystal.figures.phase_names import LEVELS, note_cells, note_refused, phase_style
from qcrystal.figures.phase_options import PhaseEntropy
from qcrystal.figures.style import Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited
from qcrystal.units import MEV


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: PhaseEntropy) -> Picture:
    """S per atom: dashed by the force constants, solid of the highest level; right, what the difference adds to F."""
    figure, axes = new_figure(2, 2.6, panels=2)
    left, right = axes.flat
    for number, (name, summary) in enumerate(zip(options.names, inputs["summaries"], strict=True)):
        color, marker = phase_style(number)
        rows = nearest_volume(summary, options.volume)
        note_volume(figure, name, rows)
        harmonic = _entropy(rows, "harmonic")
        anharmonic = _entropy(rows, options.level)
        left.plot(harmonic.index, harmonic, ".--", color=color, linewidth=0.8, label=f"{name}, harmonic")
        left.plot(
            anharmonic.index, anharmonic, "-", color=color, marker=marker, label=f"{name}, {LEVELS[options.level]}"
        )
        gain = (anharmonic - harmonic).dropna()
        right.plot(gain.index, -gain.index * gain * units.kB / MEV, color=color, marker=marker, label=name)
    left.set_ylabel("$S$ ($k_B$/atom)")
    right.set_ylabel(r"$-T(S_\mathrm{anh} - S_\mathrm{har})$ (meV/atom)")
    right.axhline(0.0, color="0.6", linewidth=0.6, zorder=0)
    for panel in (left, right):
        panel.set_xlabel("temperature (K)")
    letter_panels([left, right])
    legend_above(figure, [left], columns=2)
    figure.note("entropies of these small cells, exact for the trained state: no samples, so no error bars")
    note_cells(figure, inputs["summaries"], options.names)
    note_refused(figure, inputs["summaries"], options.names)
    return figure


def _entropy(rows: pd.DataFrame, level: str) -> pd.Series:
    """Mean over seeds at each temperature."""
    return rows[rows["level"] == level].dropna(subset=["entropy"]).groupby("temperature_target")["entropy"].mean()
