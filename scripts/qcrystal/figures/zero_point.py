"""Zero-point temperature against pressure."""

from __future__ import annotations

from collections.abc import Mapping

from qcrystal.figures.energies import REFERENCE, draw_series, note_bead_error, vibrational_energy
from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.style import METHODS, Picture, draw_published, legend_above, new_figure, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Zero-point temperature against pressure: each sweep at its lowest temperature, and phonons of the same potential."""
    figure, axes = new_figure(1, 3.1)
    panel = axes[0, 0]
    pressures: list[float] = []
    figure.note(REFERENCE)
    for summary in inputs["summaries"]:
        rows = vibrational_energy(figure, summary)
        temperature = rows["temperature_target"].min()
        rows = rows[rows["temperature_target"] == temperature]
        note_bead_error(figure, inputs["dos"], rows)
        draw_series(panel, rows, "pressure_target", f"{temperature:g} K")
        pressures.extend(rows["pressure_target"])
    phonons = inputs["phonons"].sort_values("pressure")
    style = METHODS["harmonic"]
    x, y = phonons["pressure"].to_numpy(float), phonons["zero_point_temperature"].to_numpy(float)
    panel.plot(x, y, color=style.color, marker=style.marker, linewidth=0.8, label=style.label)
    unstable = phonons["imaginary_fraction"].to_numpy(float) > 0
    if unstable.any():
        panel.plot(x[unstable], y[unstable], "o", markersize=8, color=style.color, alpha=0.2, markeredgewidth=0)
        figure.note("grey discs: some phonons are imaginary and add no zero-point energy")
    beyond = phonons["beyond_training"].to_numpy(float) > 0
    if beyond.any():
        panel.plot(x[beyond], y[beyond], "s", markersize=9, color="none", markeredgecolor="0.6", markeredgewidth=0.6)
        figure.note("grey squares: phonons at static pressures beyond those that the potential was trained on")
    low, high = min([*pressures, *x]), max([*pressures, *x])
    if "zero_point" in published:
        zero = published["zero_point"]
        text = f"{zero.label}, {zero.where} (≈{zero.number:g} K)"
        draw_published(panel, [low, high], [zero.number] * 2, text, line="--")
    margin = 0.06 * max(high - low, 50.0)
    panel.set_xlim(low - margin, high + margin)
    panel.set_xlabel("pressure (GPa)")
    panel.set_ylabel("$E/(3Nk_B)$ (K)")
    legend_above(figure, [panel], columns=2)
    return figure
