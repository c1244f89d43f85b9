"""Static equation of state: pressure and energy against volume, by the potential and by the labels at rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from qcrystal.figures.kinds import EquationOfState, Inputs
from qcrystal.figures.style import METHODS, Picture, legend_above, letter_panels, new_figure, styled
from qcrystal.manuscript.published import Cited


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: EquationOfState) -> Picture:
    """Pressure and energy of the crystal at rest; DFT by its table of relaxed lattices or by labels of the crystal at rest.

    Energies are relative to the potential's lowest. Those of DFT are shifted by their mean difference from the potential's.
    """
    figure, axes = new_figure(2, 2.7, 1, 2)
    pressure, energy = axes[0]
    rows = inputs["eos"].sort_values("volume")
    style = METHODS["harmonic"]
    points = _labels_at_rest(inputs, options)
    if points is not None and not points.empty:
        points = points[points["volume"].between(rows["volume"].min(), rows["volume"].max())].sort_values("volume")
    for panel, column in ((pressure, "pressure"), (energy, "energy")):
        x, y = rows["volume"].to_numpy(float), rows[column].to_numpy(float)
        shift = 0.0
        if points is not None and not points.empty:
            at = points["volume"].to_numpy(float)
            if column == "energy":  # the constant by which both differ
                shift = float(np.mean(points[column] - np.interp(at, x, y)))
            panel.plot(
                at, points[column] - shift - (y.min() if column == "energy" else 0.0), METHODS["dft"].marker,
                color=METHODS["dft"].color, markersize=6.5, markeredgecolor="white", markeredgewidth=0.4, label=options.dft_label,
            )  # fmt: skip
        panel.plot(x, y - (y.min() if column == "energy" else 0.0), color=style.color, label="deep potential", zorder=1)
        beyond = rows["beyond_training"] > 0
        if beyond.any():
            low = y.min() if column == "energy" else 0.0
            panel.plot(
                x[beyond], y[beyond] - low, "s", markersize=4, color="none", markeredgecolor="0.6", markeredgewidth=0.6
            )
            figure.note("grey squares: pressures beyond those that the potential was trained on")
        panel.set_xlabel("volume (Å$^3$/atom)")
    if points is not None and not points.empty:
        figure.note("energies of DFT are shifted by their mean difference from the potential's")
    pressure.set_ylabel("pressure (GPa)")
    energy.set_ylabel("energy (eV/atom)")
    letter_panels(axes[0])
    legend_above(figure, [pressure], columns=2)
    return figure


def _labels_at_rest(inputs: Inputs, options: EquationOfState) -> pd.DataFrame | None:
    """Volume, pressure and energy of the crystal at rest by DFT, or None."""
    if len(inputs.get("dft", ())):
        return inputs["dft"][["volume", "pressure", "energy"]]
    if "frames" in inputs and options.system is not None:
        frames = inputs["frames"]
        return frames.loc[frames["system"] == options.system, ["volume", "pressure", "energy"]]
    return None
