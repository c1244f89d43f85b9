"""Map of the potential's accuracy: committee deviation over pressure and temperature, errors on held-out frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from qcrystal.figures.kinds import Inputs, Options
from qcrystal.figures.phase_map import ANNOTATED, CELL, COLORMAP, cells, draw_cells, hatch_cell, write_in_cell
from qcrystal.figures.style import (
    METHODS,
    SMALLEST_TEXT,
    Picture,
    letter_panels,
    new_figure,
    panel_legend_above,
    styled,
)
from qcrystal.io.tables import records
from qcrystal.manuscript.published import Cited
from qcrystal.units import MEV_PER_EV

ERROR_COLOR = METHODS["dft"].color
DEVIATION_COLOR = METHODS["pimd"].color
DEVIATION = "committee_deviation_rms"
FEWEST = 10  # frames from which a curve is drawn
NAMES = 15  # systems that are named on the axis


def by_condition(summary: pd.DataFrame, observable: str) -> pd.DataFrame:
    """Mean of an observable over the runs of each pressure and temperature, and whether any of these extrapolates."""
    rows = summary[(summary["observable"] == observable) & (summary["species"] == "all")]
    conditions = rows.groupby(list(CELL), as_index=False)
    return conditions.agg(
        value=("value", "mean"),
        extrapolates=("extrapolates", lambda verdicts: (~verdicts.isin(["no", "unknown"])).any()),
    )


@dataclass(frozen=True)
class Calibration:
    """Force error of a frame as a power of the committee's deviation (both meV/Å), by least squares of logarithms over
    held-out frames.

    ``scatter`` is the relative standard deviation of frames from it, ``largest`` the largest deviation among them.
    """

    prefactor: float
    power: float
    scatter: float
    largest: float

    @classmethod
    def fitted(cls, frames: pd.DataFrame) -> Calibration | None:
        """None without a committee, or with too few frames to tell."""
        known = MEV_PER_EV * frames[["deviation_rms", "force_rmse"]]
        if not (known > 0).all(axis=None) or len(known) < FEWEST or known["deviation_rms"].nunique() < 2:
            return None
        deviation, error = np.log(known["deviation_rms"]), np.log(known["force_rmse"])
        power, constant = np.polyfit(deviation, error, 1)
        scatter = float(np.sqrt(((error - constant - power * deviation) ** 2).sum() / (len(known) - 2)))
        return cls(float(np.exp(constant)), float(power), scatter, float(known["deviation_rms"].max()))

    def error(self, deviation: np.ndarray | float) -> np.ndarray | float:
        """Expected force error, per component."""
        return self.prefactor * deviation**self.power


def draw_map(axes: Axes, rows: pd.DataFrame, norm: Normalize, calibration: Calibration | None) -> None:
    """One cell per condition, coloured by its deviation (meV/Å) where it is known; extrapolating conditions are hatched.

    The cell names the deviation and, below it, the force error that held-out frames of this deviation have.
    """
    draw_cells(axes, rows, norm)
    for row in records(rows):
        place = (row.pressure_target, row.temperature_target)
        if row.extrapolates:
            hatch_cell(axes, rows, place, "0.3")
        if np.isfinite(row.value) and len(rows) <= ANNOTATED:
            text = f"{row.value:.0f}"
            if calibration:
                text += f"\n{'>' * (row.value > calibration.largest)}{calibration.error(row.value):.0f}"
            write_in_cell(axes, place, text)
    if not np.isfinite(cells(rows)[2]).any():
        axes.text(0.5, 0.5, "no committee", transform=axes.transAxes, ha="center", va="center")


def draw_errors(axes: Axes, rows: pd.DataFrame, unit: str) -> None:
    """Force error with its standard error and committee deviation of held-out frames, in bins."""
    bars = np.array([rows["mean"] - rows["low"], rows["high"] - rows["mean"]])
    error = MEV_PER_EV * rows["force_rmse_error"].fillna(0.0)
    marker: dict[str, Any] = {"markersize": 4, "linewidth": 0.7, "elinewidth": 0.7}
    axes.errorbar(
        rows["mean"], MEV_PER_EV * rows["force_rmse"], yerr=error, xerr=bars, color=ERROR_COLOR, marker="o", **marker
    )
    if rows["deviation_rms"].notna().any():
        deviation = MEV_PER_EV * rows["deviation_rms"]
        axes.plot(rows["mean"], deviation, "--", color=DEVIATION_COLOR, marker="^", markersize=4, linewidth=0.7)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(unit)
    axes.set_ylabel("force (meV/Å)")


def draw_run_forces(axes: Axes, summaries: Mapping[str, pd.DataFrame]) -> None:
    """Ranges of the rms force in the runs of each map, as bars at the lower edge of the panel."""
    for number, (letter, summary) in enumerate(summaries.items()):
        rows = summary[summary["observable"] == "force_rms"]
        method = METHODS[str(rows["method"].iloc[0])] if len(rows) else None
        if method and rows["value"].notna().any():
            axes.axvspan(
                rows["value"].min(),
                rows["value"].max(),
                0.02 + 0.05 * number,
                0.06 + 0.05 * number,
                color=method.color,
                label=f"runs of ({letter})",
            )


def draw_calibration(axes: Axes, frames: pd.DataFrame, limits: pd.DataFrame, calibration: Calibration | None) -> None:
    """Force error of each held-out frame against the deviation of the committee, their curve, and the limit for runs."""
    axes.set_xlabel("committee deviation (meV/Å)")
    axes.set_ylabel("force RMSE (meV/Å)")
    if frames["deviation_rms"].isna().any():
        axes.text(0.5, 0.5, "no committee", transform=axes.transAxes, ha="center", va="center")
        return
    deviation, error = MEV_PER_EV * frames["deviation_rms"], MEV_PER_EV * frames["force_rmse"]
    axes.plot(deviation, error, ".", color=METHODS["classical"].color, markersize=3, alpha=0.6)
    ends = np.array([0.0, deviation.max()])
    axes.plot(ends, ends / np.sqrt(3), color="0.5", linewidth=0.7, label=r"deviation / $\sqrt{3}$")
    if calibration:
        curve = np.linspace(deviation.min(), deviation.max(), 100)
        axes.plot(
            curve,
            calibration.error(curve),
            color="0.1",
            linewidth=0.8,
            label=f"~ deviation$^{{{calibration.power:.2f}}}$",
        )
    limit = limits.loc[limits["limit"] == "deviation_rms", "value"].iloc[0]
    axes.axvline(MEV_PER_EV * limit, color="0.3", linewidth=0.6, linestyle="--", label="limit for runs")
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(left=0.0)
    panel_legend_above(axes)


def draw_systems(axes: Axes, rows: pd.DataFrame) -> None:
    """Force error and committee deviation of held-out frames, by system."""
    rows = rows.sort_values("force_rmse", ascending=False).head(NAMES)
    place = np.arange(len(rows))[::-1]
    axes.barh(place, MEV_PER_EV * rows["force_rmse"], color=ERROR_COLOR, height=0.7)
    if rows["deviation_rms"].notna().any():
        axes.plot(MEV_PER_EV * rows["deviation_rms"], place, "^", color=DEVIATION_COLOR, markersize=3)
    axes.set_yticks(place, rows["name"], fontsize=SMALLEST_TEXT)
    axes.tick_params(axis="y", which="both", left=False, right=False)
    axes.set_xlabel("force (meV/Å)")


@styled
def draw(inputs: Inputs, published: Mapping[str, Cited], options: Options) -> Picture:
    """Committee deviation over pressure and temperature, and errors on held-out frames by pressure, rms force and system."""
    errors, frames = inputs["conditions"], inputs["frames"]
    mapped = [summary for summary in inputs["maps"] if is_map(by_condition(summary, DEVIATION))]
    summaries = dict(zip("abcdefg", mapped, strict=False))
    calibration = Calibration.fitted(frames)
    count = len(summaries) + 4
    figure, axes = new_figure(2, 6.2, 2, -(-count // 2))
    places = list(axes.flat)
    for place in places[count:]:
        place.remove()
    shown, (curve, by_pressure, by_force, by_system) = places[: len(summaries)], places[len(summaries) : count]
    maps = {letter: by_condition(summary, DEVIATION) for letter, summary in summaries.items()}
    maps = {letter: rows.assign(value=MEV_PER_EV * rows["value"]) for letter, rows in maps.items()}
    highest = np.nanmax([1.0, *(value for rows in maps.values() for value in rows["value"])])
    norm = Normalize(0.0, float(highest))
    for panel, (letter, rows) in zip(shown, maps.items(), strict=True):
        draw_map(panel, rows, norm, calibration)
        panel.set_title(METHODS[summaries[letter]["method"].iloc[0]].label)
    if any(rows["value"].notna().any() for rows in maps.values()):
        bar = figure.colorbar(ScalarMappable(norm, COLORMAP), ax=shown, pad=0.02, aspect=22)
        bar.set_label("committee deviation (meV/Å)")
        bar.ax.tick_params(which="both", direction="out")
    draw_calibration(curve, frames, inputs["limits"], calibration)
    draw_errors(by_pressure, errors[errors["by"] == "pressure"], "pressure of the labels (GPa)")
    draw_errors(by_force, errors[errors["by"] == "force"], "rms force of the labels (eV/Å)")
    draw_run_forces(by_force, summaries)
    panel_legend_above(by_force)
    draw_systems(by_system, errors[errors["by"] == "system"])
    for panel in (curve, by_pressure, by_force, by_system):
        panel.set_title("held-out frames")
    letter_panels(places[:count])
    add_notes(figure, errors, maps, calibration)
    return figure


def is_map(rows: pd.DataFrame) -> bool:
    """Whether conditions span pressure and temperature; a single cell is no map."""
    return all(rows[column].nunique() > 1 for column in CELL)


def add_notes(
    figure: Picture, errors: pd.DataFrame, maps: Mapping[str, pd.DataFrame], calibration: Calibration | None
) -> None:
    """Notes about the symbols."""
    total = errors[errors["by"] == "all"].iloc[0]
    figure.note(
        f"{total['frames']:.0f} held-out frames, force RMSE {MEV_PER_EV * total['force_rmse']:.0f} meV/Å. Circles and bars: "
        "RMSE per component; triangles: committee deviation, rms over atoms of the scatter of the force vector. "
        "Labels have no temperature: the rms force of a frame stands for it.",
    )
    if calibration and maps:
        figure.note(
            f"({'), ('.join(maps)}): committee deviation, and below it the force RMSE per component that the curve of "
            f"({'abcdefgh'[len(maps)]}) gives; "
            f"frames scatter about the curve by {100 * calibration.scatter:.0f} %; >: a deviation beyond the curve",
        )
    if any(rows["extrapolates"].any() for rows in maps.values()):
        figure.note("hatched: extrapolating runs")
    if maps and all(rows["value"].isna().all() for rows in maps.values()):
        figure.note("no committee: deviations are not known")
