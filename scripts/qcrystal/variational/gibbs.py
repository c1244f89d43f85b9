"""Gibbs energies of phases from free energies and pressures at several volumes, and where two phases change places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from ase import units

from qcrystal.units import MEV
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimates import Estimate

GIBBS = ["level", "temperature_target", "pressure", "gibbs_energy", "gibbs_energy_error", "volumes"]
"""Columns of a table of Gibbs energies."""
SAME = 1e-6
"""Å³/atom; volumes that differ by less are one."""
BEYOND = 0.05
"""Share of the volume by which a fit is continued beyond the volumes that it is of."""


def gibbs_energy(table: pd.DataFrame, pressure: float) -> Estimate:
    """G = F + PΩ at a pressure (GPa), in meV/atom, from rows of one phase, level and temperature.

    F(Ω) is the polynomial that fits the free energies and their slopes -P together, each weighted by its error. It is of degree
    3, which two volumes determine, or 1 where only one volume is given. G is its minimum with PΩ, and its error that of F where
    it was fitted. Where values scatter about the fit by more than their errors, as those of different seeds may, the error grows
    with them.

    Raises
    ------
    VariationalError
        If the volumes do not reach the pressure.
    """
    volume = table["volume"].to_numpy(float)
    energy = table["static_energy"].to_numpy(float) / MEV + table["free_energy"].to_numpy(float)
    slope = -table["pressure"].to_numpy(float) * units.GPa / MEV
    errors = np.maximum(table["free_energy_error"].to_numpy(float), 1e-3)
    slope_errors = np.maximum(table["pressure_error"].to_numpy(float), 1e-3) * units.GPa / MEV
    middle, degree = volume.mean(), 3 if np.ptp(volume) > SAME else 1
    powers = np.arange(degree + 1)
    x = volume - middle
    values = x[:, None] ** powers / errors[:, None]
    slopes = np.where(powers > 0, powers * x[:, None] ** np.maximum(powers - 1, 0), 0.0) / slope_errors[:, None]
    design = np.vstack([values, slopes])
    target = np.concatenate([energy / errors, slope / slope_errors])
    weights = np.linalg.lstsq(design, target, rcond=None)[0]
    covariance = np.linalg.pinv(design.T @ design)
    free = len(target) - len(powers)
    if free > 0:
        covariance *= max(1.0, float(np.sum((target - design @ weights) ** 2)) / free)
    work = pressure * units.GPa / MEV
    at = _minimum(weights, work) if degree > 1 else 0.0
    if not x.min() - BEYOND * middle < at < x.max() + BEYOND * middle:
        raise VariationalError(
            f"{pressure:g} GPa is outside of what volumes {volume.min():.3f} to {volume.max():.3f} Å³/atom reach "
            f"({table['pressure'].min():.2f} to {table['pressure'].max():.2f} GPa); add volumes"
        )
    row = at**powers
    return Estimate(float(row @ weights + work * (at + middle)), float(np.sqrt(row @ covariance @ row)))


def _minimum(weights: np.ndarray, work: float) -> float:
    """Place of the minimum of a cubic polynomial with ``work`` added to its slope; NaN if it has none."""
    slope, bend, third = weights[1] + work, 2 * weights[2], 3 * weights[3]
    root = np.sqrt(max(bend**2 - 4 * slope * third, 0.0))  # the curvature at the minimum
    if root == 0.0:
        return np.nan
    return float(-2 * slope / (bend + root) if bend > 0 else (root - bend) / (2 * third) if third else np.nan)


def gibbs_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Gibbs energies of every level and temperature of a phase, at the pressures that its volumes have.

    Parameters
    ----------
    summary
        Rows of `qcrystal.variational.measuring.measure` of several volumes and seeds; those refused or without a pressure
        are left out.

    Returns
    -------
    DataFrame
        level, temperature_target, pressure (GPa), gibbs_energy and gibbs_energy_error (meV/atom), volumes.
    """
    rows = []
    for (level, temperature), part in summary.dropna(subset=["pressure", "free_energy"]).groupby(
        ["level", "temperature_target"]
    ):
        volumes = part["volume"].round(6).nunique()
        pressures = sorted(part["pressure"]) if volumes > 1 else [float(part["pressure"].mean())]
        for pressure in np.linspace(pressures[0], pressures[-1], 5 if volumes > 1 else 1):
            found = gibbs_energy(part, float(pressure))
            rows.append(
                {
                    "level": level,
                    "temperature_target": temperature,
                    "pressure": pressure,
                    "gibbs_energy": found.value,
                    "gibbs_energy_error": found.error,
                    "volumes": volumes,
                }
            )
    return pd.DataFrame(rows, columns=GIBBS)


def with_size(summary: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """The summary of small cells with what they miss of the harmonic free energy.

    The difference Δ of table ``nct_size`` is added to F, of classical oscillators to level ``classical``. The pressure gets
    -dΔ/dΩ of the polynomial through the volumes of one temperature, of degree 2 at most.

    Raises
    ------
    VariationalError
        If a calculation has no row among the sizes.
    """
    lacking = sorted(set(summary["run"]) - set(sizes["run"]))
    if lacking:
        raise VariationalError(f"no size correction of {lacking[0]}; make table size of its sweep again")
    sizes = sizes.drop_duplicates("run").copy()
    for kind in ("quantum", "classical"):
        sizes[f"{kind}_slope"] = 0.0
        for _, part in sizes.groupby("temperature_target"):
            points = part.drop_duplicates("volume")
            middle, degree = points["volume"].mean(), min(2, len(points) - 1)
            if degree:
                slope = np.polynomial.Polynomial.fit(points["volume"] - middle, points[kind], degree).deriv()
                sizes.loc[part.index, f"{kind}_slope"] = slope(part["volume"] - middle)
    sizes, summary = sizes.set_index("run"), summary.copy()
    for kind, here in (("classical", summary["level"] == "classical"), ("quantum", summary["level"] != "classical")):
        runs = summary.loc[here, "run"]
        summary.loc[here, "free_energy"] += sizes.loc[runs, kind].to_numpy()
        summary.loc[here, "pressure"] -= sizes.loc[runs, f"{kind}_slope"].to_numpy() * MEV / units.GPa
    return summary


class Difference(NamedTuple):
    """Gibbs energy of one phase less that of another (meV/atom) at temperatures (K); NaN where it is not known, and why."""

    temperatures: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    unknown: tuple[str, ...]


def gibbs_difference(first: pd.DataFrame, second: pd.DataFrame, level: str, pressure: float) -> Difference:
    """G of one phase less that of the other, at the temperatures that both have.

    Parameters
    ----------
    first, second
        Summaries of the phases.
    level
        Of the rows that are compared; refused rows are left out.
    pressure
        GPa.
    """
    parts = [one[one["level"] == level].dropna(subset=["pressure", "free_energy"]) for one in (first, second)]
    temperatures = sorted(set(parts[0]["temperature_target"]) & set(parts[1]["temperature_target"]))
    values, errors, unknown = [], [], []
    for temperature in temperatures:
        try:
            one, other = (gibbs_energy(part[part["temperature_target"] == temperature], pressure) for part in parts)
        except VariationalError as error:
            unknown.append(f"{level}, {temperature:g} K: {error}")
            one = other = Estimate(np.nan, np.nan)
        values.append(one.value - other.value)
        errors.append(float(np.hypot(one.error, other.error)))
    return Difference(np.array(temperatures, float), np.array(values), np.array(errors), tuple(unknown))


def transition(difference: Difference) -> Estimate | None:
    """Temperature at which a difference changes sign, by a straight line between its neighbours; None if it does not.

    The error is that of the difference over the line's slope.
    """
    known = np.isfinite(difference.values)
    x, y, error = difference.temperatures[known], difference.values[known], difference.errors[known]
    for left in range(len(x) - 1):
        if y[left] * y[left + 1] <= 0 and y[left] != y[left + 1]:
            share = y[left] / (y[left] - y[left + 1])
            slope = (y[left + 1] - y[left]) / (x[left + 1] - x[left])
            at = x[left] + share * (x[left + 1] - x[left])
            return Estimate(float(at), float(np.hypot((1 - share) * error[left], share * error[left + 1]) / abs(slope)))
    return None


def lower_above(difference: Difference) -> int:
    """Which phase is lower above a transition: 0 for the first, 1 for the second."""
    known = difference.values[np.isfinite(difference.values)]
    return 0 if known[-1] < 0 else 1
