"""How well the deep potential follows DFT: parity of energies and forces [Qin et al. 2023, fig. 1(c, d)]."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from qcrystal.analysis.sweeps import published, table
from qcrystal.figures.style import add_note, new_figure, styled
from qcrystal.io.tables import TableError

HISTOGRAM = ["quantity", "split", "species", "reference", "predicted", "count"]
ERRORS = ["quantity", "split", "system", "species", "rmse", "n"]
SPLITS = {"train": "training frames", "test": "test frames"}
MEV_PER_EV = 1000.0
BIN_RESOLUTION = 1e-6  # eV/atom or eV/Å, to which bin centres are given


def bin_width(histogram) -> float:
    """Common width of the square bins whose centres, multiples of it to six decimals, the histogram lists."""
    centres = np.unique(histogram[["reference", "predicted"]].to_numpy())
    steps = np.rint(np.diff(centres) / BIN_RESOLUTION).astype(int)
    return float(np.gcd.reduce(steps)) * BIN_RESOLUTION if len(steps) else 1.0


def draw_histogram(axes: Axes, histogram, width: float, limits: tuple[float, float], norm: LogNorm):
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


def select_error(errors, quantity: str, split: str, species: str):
    """Row of the errors of a whole split."""
    rows = errors[(errors["quantity"] == quantity) & (errors["split"] == split)]
    rows = rows[(rows["species"] == species) & (rows["system"] == "all")]
    if rows.empty:
        wanted = f"quantity={quantity}, split={split}, system=all, species={species}"
        raise TableError(f"table 'potential:parity_errors' has no row {wanted}")
    return rows.iloc[0]


def parity(tables: dict, quantity: str, species: list[str], unit: str, height: float, describe) -> Figure:
    """Parity histograms: one row per species, one column per split; ``describe(error row)`` is printed inside."""
    histograms = table(tables, "potential:parity_histograms", HISTOGRAM)
    errors = table(tables, "potential:parity_errors", ERRORS)
    histograms = histograms[histograms["quantity"] == quantity]
    if histograms.empty:
        raise TableError(f"table 'potential:parity_histograms' has no rows of quantity {quantity}")
    figure, axes = new_figure(2, height, len(species), len(SPLITS))
    norm = LogNorm(1.0, max(10.0, histograms["count"].max()))
    image = None
    for row, name in zip(axes, species, strict=True):
        of_species = histograms[histograms["species"] == name]
        if of_species.empty:
            raise TableError(f"table 'potential:parity_histograms' has no {quantity} rows of species {name}")
        width = bin_width(of_species)
        values = of_species[["reference", "predicted"]].to_numpy()
        margin = (np.ceil(0.03 * (values.max() - values.min()) / width) + 0.5) * width
        limits = (values.min() - margin, values.max() + margin)
        for panel, (split, text) in zip(row, SPLITS.items(), strict=True):
            chosen = of_species[of_species["split"] == split]
            image = draw_histogram(panel, chosen, width, limits, norm)
            error = select_error(errors, quantity, split, name)
            title = text if name == "all" else f"{name}, {text}"
            panel.set_title(title)
            panel.text(0.05, 0.95, describe(error), transform=panel.transAxes, va="top", fontsize=7)
            panel.set_xlabel(f"DFT {quantity} ({unit})")
            panel.set_ylabel(f"DP {quantity} ({unit})")
    figure.colorbar(image, ax=axes, label="number per bin", pad=0.02, aspect=12 + 13 * len(species))
    return figure


@styled
def energy_parity(tables: dict, published_values: dict) -> Figure:
    """Energies of the deep potential against DFT, training and test frames apart, with the RMSE."""
    figure = parity(
        tables,
        "energy",
        ["all"],
        "eV/atom",
        3.1,
        lambda error: f"RMSE {MEV_PER_EV * error.rmse:.2f} meV/atom\n{error.n:.0f} frames",
    )
    rmse = published(published_values, "qin_energy_rmse")
    add_note(figure, f"published RMSE: {rmse.value:g} meV/atom ({rmse.label}, {rmse.where}; other training frames)")
    return figure


@styled
def force_parity(tables: dict, published_values: dict) -> Figure:
    """Force components of the deep potential against DFT per species, training and test frames apart, with the RMSE."""
    errors = table(tables, "potential:parity_errors", ERRORS)
    species = [name for name in errors.loc[errors["quantity"] == "force", "species"].unique() if name != "all"]
    if not species:
        raise TableError("table 'potential:parity_errors' has no rows of quantity force per species")
    figure = parity(
        tables,
        "force",
        species,
        "eV/Å",
        0.4 + 2.6 * len(species),
        lambda error: f"RMSE {error.rmse:.3f} eV/Å\n{error.n:.0f} components",
    )
    whole = ", ".join(
        f"{text} {select_error(errors, 'force', split, 'all').rmse:.3f}" for split, text in SPLITS.items()
    )
    rmse = published(published_values, "qin_force_rmse")
    source = f"{rmse.label}, {rmse.where}; other training frames"
    add_note(figure, f"RMSE over all species (eV/Å): {whole}; published {rmse.value:g} ({source})")
    return figure
