"""Vibrational energy per degree of freedom against temperature, in kelvin: E/(3 N k_B)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qcrystal.analysis.harmonic import PRESSURE_MATCH, at_pressure
from qcrystal.analysis.sweeps import nearest
from qcrystal.figures.energies import REFERENCE, draw_series, note_bead_error, note_imaginary, vibrational_energy
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """E/(3 N k_B) against temperature: classical, QTB, PIMD, harmonic quantum, and the classical line E = 3 N k_B T."""
    figure, axes = new_figure(1, 3.1)
    panel = axes[0, 0]
    pressures: list[float] = []
    temperatures: list[float] = []
    figure.note(REFERENCE)
    for summary in inputs["summaries"]:
        rows = vibrational_energy(figure, summary)
        note_bead_error(figure, inputs["dos"], rows)
        draw_series(panel, rows, "temperature_target")
        pressures.extend(rows["pressure_target"])
        temperatures.extend(rows["temperature_target"])
    pressure = float(np.median(pressures))
    harmonic = inputs["harmonic"]
    used = nearest(harmonic["pressure"], pressure)
    highest = 1.08 * max(temperatures)
    curve = harmonic[(harmonic["pressure"] == used) & (harmonic["temperature"] <= highest)].sort_values("temperature")
    label = "harmonic, quantum"
    if abs(used - pressure) > PRESSURE_MATCH:
        label += f" ({used:g} GPa)"
    note_imaginary(figure, at_pressure(inputs["dos"], used))
    panel.plot(curve["temperature"], curve["energy_over_3NkB_quantum"], color=METHODS["harmonic"].color, label=label)
    panel.plot([0, highest], [0, highest], color="0.6", linewidth=0.8, linestyle="--", label="$E = 3Nk_BT$")
    if "zero_point" in published:
        zero = published["zero_point"]
        draw_published(panel, [0.0], [zero.number], f"{zero.label}, {zero.where}, near 0 K")
    panel.set_xlim(-0.03 * highest, highest)
    panel.set_ylim(bottom=0.0)
    panel.set_xlabel("temperature (K)")
    panel.set_ylabel("$E/(3Nk_B)$ (K)")
    panel.set_title(f"{pressure:g} GPa")
    legend_above(figure, [panel], columns=2)
    return figure
