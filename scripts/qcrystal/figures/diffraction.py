"""X-ray powder patterns from the structure factor of one species in trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qcrystal.analysis.sweeps import combine_replicas, nearest
from qcrystal.figures.kinds import Diffraction, Inputs, Pattern
from qcrystal.figures.style import METHODS, Picture, letter_panels, new_figure, styled
from qcrystal.io.tables import TableError, records, source_of
from qcrystal.manuscript.published import Cited

POINTS = 4000  # of a drawn pattern


@cache
def _scattering_parameters() -> dict[str, list[list[float]]]:
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS  # slow to import

    return ATOMIC_SCATTERING_PARAMS


def atomic_form_factor(symbol: str, q: np.ndarray) -> np.ndarray:
    """X-ray form factor f(q) in electrons, q in 1/Å: f = Z - 41.78214 s² Σ a exp(-b s²), s = q/4π.

    Coefficients as in pymatgen, from De Graef and McHenry, Structure of Materials (2007), section 12.2.
    """
    from ase.data import atomic_numbers

    square = (np.asarray(q, float) / (4.0 * np.pi)) ** 2
    amplitudes, widths = np.array(_scattering_parameters()[symbol]).T
    series = (amplitudes * np.exp(-widths * square[..., None])).sum(axis=-1)
    return atomic_numbers[symbol] - 41.78214 * square * series


def powder_lines(reflections: pd.DataFrame, wavelength: float) -> pd.DataFrame:
    """Lines of a powder pattern: two_theta (degrees) and intensity per atom of each reflection that the wavelength (Å) reaches.

    Intensity: multiplicity 2 (q and -q) times f² S, times the Lorentz-polarisation factor (1 + cos² 2θ)/(sin² θ cos θ).
    """
    sine = reflections["q"].to_numpy(float) * wavelength / (4.0 * np.pi)
    seen = reflections[sine < 1.0]
    theta = np.arcsin(sine[sine < 1.0])
    form = atomic_form_factor(str(reflections["species"].iloc[0]), seen["q"].to_numpy(float))
    factor = (1.0 + np.cos(2.0 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    intensity = 2.0 * form**2 * factor * seen["structure_factor"].to_numpy(float)
    return seen.assign(two_theta=np.degrees(2.0 * theta), intensity=intensity).reset_index(drop=True)


def broadened(lines: pd.DataFrame, angles: np.ndarray, width: float) -> np.ndarray:
    """Pattern at ``angles`` (degrees): a Gaussian of full ``width`` (degrees) at half its height for each line."""
    sigma = width / np.sqrt(8.0 * np.log(2.0))
    pattern = np.zeros_like(angles)
    for line in records(lines):
        pattern += line.intensity * np.exp(-((angles - line.two_theta) ** 2) / (2.0 * sigma**2))
    return pattern


def chosen_run(table: pd.DataFrame, pattern: Pattern) -> pd.DataFrame:
    """Reflections at the temperature and pressure that were run nearest to the wanted ones, averaged over replicas."""
    rows = table[table["temperature_target"] == nearest(table["temperature_target"], pattern.temperature)]
    rows = rows[rows["pressure_target"] == nearest(rows["pressure_target"], pattern.pressure)]
    rows = rows[rows["atoms"] == rows["atoms"].max()]
    keys = ["method", "species", "pressure_target", "temperature_target", "atoms", "start", "h", "k", "l"]
    q = combine_replicas(rows, keys, "q").rename(columns={"value": "q"})
    mean = combine_replicas(rows, keys, "structure_factor").rename(columns={"value": "structure_factor"})
    return mean.assign(q=q["q"])


def draw_pattern(panel: Axes, rows: pd.DataFrame, pattern: Pattern, width: float) -> None:
    """One pattern, its strongest line set to 1, with a tick below each line of more than 1 % of it."""
    lines = powder_lines(rows, pattern.wavelength)
    low, high = pattern.range
    angles = np.linspace(low, high, POINTS)
    curve = broadened(lines, angles, width)
    panel.plot(angles, curve / curve.max(), color=METHODS[str(rows["method"].iloc[0])].color, linewidth=0.9)
    shown = lines[lines["two_theta"].between(low, high)]
    strong = shown[shown["intensity"] > 0.01 * shown["intensity"].max()]
    panel.plot(strong["two_theta"], np.full(len(strong), -0.06), "|", color="0.3", markersize=5)
    panel.set_xlim(low, high)
    panel.set_ylim(-0.13, 1.1)
    panel.set_xlabel(r"$2\theta$ (deg)")


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Diffraction) -> Picture:
    """A powder pattern per panel, at the wavelengths of the published figure."""
    table = inputs["reflections"]
    figure, axes = new_figure(2, 2.3, 1, len(options.patterns), sharey=True)
    known = table[table["species"] == options.species]
    if known.empty:
        raise TableError(f"{source_of(table)}: no reflections of {options.species}; correct figures.yaml")
    titles = []
    for panel, pattern in zip(axes[0], options.patterns, strict=True):
        rows = chosen_run(known, pattern)
        first = rows.iloc[0]
        draw_pattern(panel, rows, pattern, options.width)
        titles.append(
            f"{METHODS[first.method].label}, {first.pressure_target:g} GPa, {first.temperature_target:g} K, "
            rf"$\lambda$ = {pattern.wavelength:g} Å"
        )
    letter_panels(axes[0], titles)
    axes[0, 0].set_ylabel("intensity / strongest line")
    figure.note(
        f"{options.species} alone scatters; lines have a width of {options.width:g} degrees; ticks mark their places"
    )
    if "wavelengths" in published:
        cited = published["wavelengths"]
        values = " and ".join(f"{value:g}" for value in cited.value)
        figure.note(f"wavelengths of {cited.label}, {cited.where}: {values} Å")
    return figure
