"""Agreement of the potential with DFT: parity of energies or forces, training and test frames apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage

from qcrystal.figures.kinds import Inputs, Parity
from qcrystal.figures.offsets import note_offsets
from qcrystal.figures.style import SMALLEST_TEXT, Picture, letter_panels, new_figure, styled
from qcrystal.io.tables import TableError, source_of
from qcrystal.manuscript.published import Cited
from qcrystal.units import MEV_PER_EV

SPLITS = {"train": "training frames", "test": "test frames"}
UNITS = {"energy": "eV/atom", "force": "eV/Å"}
BIN_RESOLUTION = 1e-6  # eV/atom or eV/Å, to which bin centres are given


def bin_width(histogram: pd.DataFrame) -> float:
    """Common width of the square bins whose centres, multiples of it to six decimals, the histogram lists."""
    centres = np.unique(histogram[["reference", "predicted"]].to_numpy())
    steps = np.rint(np.diff(centres) / BIN_RESOLUTION).astype(int)
    return float(np.gcd.reduce(steps)) * BIN_RESOLUTION if len(steps) else 1.0


def draw_histogram(
    axes: Axes, histogram: pd.DataFrame, width: float, limits: tuple[float, float], norm: LogNorm
) -> AxesImage:
    """Draw a sparse histogram (bin centres and counts) as an image on the square ``limits``."""
    low, high = limits
    size = int(round((high - low) / width))
    counts = np.zeros((size, size))
    columns, rows = (((histogram[a] - low) / width).astype(int).clip(0, size - 1) for a in ("reference", "predicted"))
    np.add.at(counts, (rows, columns), histogram["count"])
    image = axes.imshow(
        np.ma.masked_equal(counts, 0.0),
        origin="lower",
        extent=(low, high, low, high),
        norm=norm,
        cmap="viridis",
        interpolation="nearest",
        zorder=2,
    )
    axes.plot(limits, limits, color="0.6", linewidth=0.6, zorder=1)
    return image


def select_error(errors: pd.DataFrame, quantity: str, split: str, species: str) -> pd.Series:
    """Row of the errors of a whole split."""
    rows = errors[(errors["quantity"] == quantity) & (errors["split"] == split)]
    rows = rows[(rows["species"] == species) & (rows["system"] == "all")]
    if rows.empty:
        wanted = f"quantity={quantity}, split={split}, system=all, species={species}"
        raise TableError(f"{source_of(errors)}: no row {wanted}")
    return rows.iloc[0]


def rmse_text(quantity: str, error: pd.Series) -> str:
    """The error that a panel states, with the number of values behind it."""
    if quantity == "energy":
        return f"RMSE {MEV_PER_EV * error.rmse:.2f} meV/atom\n{error.n:.0f} frames"
    return f"RMSE {error.rmse:.3f} eV/Å\n{error.n:.0f} components"


def parity(figure: Picture, axes: Any, inputs: Inputs, quantity: str, species: list[str]) -> None:
    """Parity histograms: one row per species, one column per split; the error is written inside."""
    histograms, errors = inputs["histograms"], inputs["errors"]
    unit = UNITS[quantity]
    chosen = histograms[histograms["quantity"] == quantity]
    if chosen.empty:
        raise TableError(f"{source_of(histograms)}: no rows of quantity {quantity}")
    norm = LogNorm(1.0, max(10.0, chosen["count"].max()))
    image = None
    for row, name in zip(axes, species, strict=True):
        of_species = chosen[chosen["species"] == name]
        if of_species.empty:
            raise TableError(f"{source_of(histograms)}: no {quantity} rows of species {name}")
        width = bin_width(of_species)
        values = of_species[["reference", "predicted"]].to_numpy()
        margin = (np.ceil(0.03 * (values.max() - values.min()) / width) + 0.5) * width
        limits = (values.min() - margin, values.max() + margin)
        for panel, (split, text) in zip(row, SPLITS.items(), strict=True):
            image = draw_histogram(panel, of_species[of_species["split"] == split], width, limits, norm)
            told = rmse_text(quantity, select_error(errors, quantity, split, name))
            panel.set_title(text if name == "all" else f"{name}, {text}")
            panel.text(0.05, 0.95, told, transform=panel.transAxes, va="top", fontsize=SMALLEST_TEXT)
            panel.set_xlabel(f"DFT {quantity} ({unit})")
            panel.set_ylabel(f"DP {quantity} ({unit})")
    letter_panels(axes.flat)
    if image is not None:
        figure.colorbar(image, ax=axes, label="number per bin", pad=0.02, aspect=12 + 13 * len(species))


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Parity) -> Picture:
    """Energies, or force components per species, against DFT, training and test frames apart, with the RMSE."""
    errors = inputs["errors"]
    of_force = errors.loc[errors["quantity"] == "force", "species"]
    species = ["all"] if options.quantity == "energy" else [name for name in of_force.unique() if name != "all"]
    if not species:
        raise TableError(f"{source_of(errors)}: no rows of quantity force per species")
    figure, axes = new_figure(2, 3.1 if options.quantity == "energy" else 0.4 + 2.6 * len(species), len(species), 2)
    parity(figure, axes, inputs, options.quantity, species)
    if options.quantity == "force":
        totals = (f"{text} {select_error(errors, 'force', split, 'all').rmse:.3f}" for split, text in SPLITS.items())
        figure.note(f"RMSE over all species (eV/Å): {', '.join(totals)}")
    if options.quantity == "energy":
        note_offsets(figure, inputs.get("frames"))
    if "rmse" in published:
        rmse = published["rmse"]
        unit = "meV/atom" if options.quantity == "energy" else "eV/Å"
        figure.note(f"published RMSE: {rmse.number:g} {unit} ({rmse.label}, {rmse.where}; other training frames)")
    return figure
