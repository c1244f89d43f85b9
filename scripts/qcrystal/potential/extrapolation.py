"""Accuracy of a potential per condition, and whether a run leaves the conditions in which it is known.

Two measures: the error on labelled frames that were held out from the training, and the deviation of a committee's forces
(`qcrystal.potential.committee`), which needs no labels and so can be had from production runs too.

A run extrapolates where

- its pressure without the kinetic part is outside the range of the labelled frames (their pressures have no kinetic part), or
- the committee's deviation in its median frame is larger than in `PERCENTILE` per cent of the held-out frames: the worst
  atom's (eq. 1 of [Ly]) or the rms over the atoms. The worst of many atoms is worse than the worst of few: a cell much
  larger than the labelled ones is called extrapolating rather too early.

Labelled frames have a pressure but no temperature. Where one is needed the rms force of a frame stands for it: it grows with
the atoms' displacements, whether these are thermal or of zero-point size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms, units

from qcrystal.analysis.statistics import Estimate, estimate, mean_error, production_start
from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.potential.committee import Committee, force_deviation, force_deviation_rms

PERCENTILE = 99.0
PRESSURE_WIDTH = 20.0  # GPa, of the bins
FORCE_BINS = 6
DEVIATIONS = {"deviation": "deviation_max", "deviation_rms": "deviation_rms"}
"""Limit and column of the two measures of a committee's deviation."""


def held_out_frames(committee: Committee, systems: Sequence[LabelledFrames]) -> pd.DataFrame:
    """Errors and committee deviations of labelled frames, one row per frame.

    Parameters
    ----------
    committee
        Its first member is the potential whose errors are given; the deviations need at least two.
    systems
        Frames that no member was trained on.

    Returns
    -------
    DataFrame
        system, frame, atoms, volume (Å³/atom), pressure (GPa, its potential part), force_rms (eV/Å, the label's, per
        component), energy_error (eV/atom), force_rmse and force_rmse_<species> (eV/Å, per component), force_error_max
        (eV/Å, an atom's), deviation_max and deviation_rms (eV/Å, see `qcrystal.potential.committee`; NaN without a committee).
    """
    return pd.concat([_held_out(committee, system) for system in systems], ignore_index=True)


def _held_out(committee: Committee, system: LabelledFrames) -> pd.DataFrame:
    atoms = len(system.symbols)
    energies, forces = committee.evaluate(system)
    errors = forces[0] - system.forces
    columns = {
        "system": system.name,
        "frame": np.arange(len(system)),
        "atoms": atoms,
        "volume": system.volumes / atoms,
        "pressure": system.pressures,
        "force_rms": _rms(system.forces),
        "energy_error": (energies[0] - system.energies) / atoms,
        "force_rmse": _rms(errors),
    }
    for species in dict.fromkeys(system.symbols.tolist()):
        columns[f"force_rmse_{species}"] = _rms(errors[:, system.symbols == species])
    columns["force_error_max"] = np.linalg.norm(errors, axis=2).max(axis=1)
    return pd.DataFrame(columns | _deviations(forces))


def _rms(forces: np.ndarray) -> np.ndarray:
    """Root mean square (F,) of the components of forces (F, N, 3)."""
    return np.sqrt((forces**2).mean(axis=(1, 2)))


def _deviations(forces: np.ndarray) -> dict[str, np.ndarray | float]:
    """Deviations of the forces (M, F, N, 3) of a committee; NaN with one member."""
    if len(forces) < 2:
        return dict.fromkeys(DEVIATIONS.values(), np.nan)
    return {"deviation_max": force_deviation(forces), "deviation_rms": force_deviation_rms(forces)}


def binned(frames: pd.DataFrame) -> pd.DataFrame:
    """Errors and deviations of held-out frames by pressure, by rms force and by system.

    Parameters
    ----------
    frames
        See `held_out_frames`.

    Returns
    -------
    DataFrame
        by (``pressure``: bins of `PRESSURE_WIDTH` GPa, ``force``: `FORCE_BINS` bins of equally many frames, ``system``,
        ``all``), name (of a system), low, high and mean (GPa or eV/Å), frames, energy_rmse (eV/atom), force_rmse with its
        standard error force_rmse_error (eV/Å), deviation_rms (eV/Å, over atoms and frames) and deviation_max (eV/Å, mean
        over the frames of the worst atom's).
    """
    rows = [_bin("all", frames)]
    rows += [_bin("system", part, name=str(name)) for name, part in frames.groupby("system", sort=True)]
    for number, part in frames.groupby(np.floor(frames["pressure"] / PRESSURE_WIDTH), sort=True):
        low = number * PRESSURE_WIDTH
        rows.append(_bin("pressure", part, low=low, high=low + PRESSURE_WIDTH, mean=part["pressure"].mean()))
    order = frames.sort_values("force_rms", kind="stable")
    for chosen in np.array_split(np.arange(len(order)), min(FORCE_BINS, len(order))):
        part = order.iloc[chosen]
        force = part["force_rms"]
        rows.append(_bin("force", part, low=force.min(), high=force.max(), mean=force.mean()))
    return pd.DataFrame(rows)


def _bin(
    by: str, frames: pd.DataFrame, name: str = "", low: float = np.nan, high: float = np.nan, mean: float = np.nan
) -> dict[str, Any]:
    weights = frames["atoms"] / frames["atoms"].mean()
    squares = weights * frames["force_rmse"] ** 2
    force = np.sqrt(squares.mean())
    return {
        "by": by,
        "name": name,
        "low": low,
        "high": high,
        "mean": mean,
        "frames": len(frames),
        "energy_rmse": np.sqrt((frames["energy_error"] ** 2).mean()),
        "force_rmse": force,
        # the error of a square is twice the value times the value's error
        "force_rmse_error": mean_error(squares) / (2 * force),
        "deviation_rms": np.sqrt((weights * frames["deviation_rms"] ** 2).mean(skipna=False)),
        "deviation_max": frames["deviation_max"].mean(),
    }


def limits(pressures: tuple[float, float], frames: pd.DataFrame | None) -> pd.DataFrame:
    """Limits beyond which a run extrapolates.

    Parameters
    ----------
    pressures
        Lowest and highest pressure (GPa) of the labelled frames, from the potential's card.
    frames
        See `held_out_frames`; None if the potential came without.

    Returns
    -------
    DataFrame
        limit (``pressure_low``, ``pressure_high``, and with a committee ``deviation``, ``deviation_rms``), value, unit,
        rule.
    """
    low, high = pressures
    rows = [
        ("pressure_low", float(low), "GPa", "lowest pressure of the labelled frames, without the kinetic part"),
        ("pressure_high", float(high), "GPa", "highest pressure of the labelled frames, without the kinetic part"),
    ]
    for name, column in DEVIATIONS.items():
        if frames is not None and frames[column].notna().all():
            rule = f"percentile {PERCENTILE:g} of {len(frames)} held-out frames, {column}"
            rows.append((name, float(np.percentile(frames[column], PERCENTILE)), "eV/Å", rule))
    return pd.DataFrame(rows, columns=["limit", "value", "unit", "rule"])


# ---------------------------------------------------------------------------------------------------------------------
# production runs


def run_deviation(committee: Committee | None, trajectory: Trajectory, start: float, count: int) -> pd.DataFrame:
    """Committee deviation of evenly spaced frames of a run.

    Parameters
    ----------
    committee
        None or a single potential: deviations and forces are NaN.
    start
        Time (ps) from which the run counts.
    count
        Frames at most; with beads in the trajectory, frames times beads.

    Returns
    -------
    DataFrame
        time (ps), configuration (``positions``; of path integrals ``centroid``, whose forces are smoother than those on the
        beads, or ``bead`` where the trajectory holds these), deviation_max, deviation_rms and force_rms (eV/Å; the latter
        per component, of the members' mean), deviation_relative (deviation_rms over the rms force of an atom).
    """
    frames = np.flatnonzero(trajectory.time >= start - 1e-9)
    beads = 1 if trajectory.beads is None else trajectory.beads.shape[1]
    frames = frames[np.unique(np.linspace(0, len(frames) - 1, max(1, count // beads)).round().astype(int))]
    path_integral = trajectory.spec.beads > 1
    kind = "bead" if trajectory.beads is not None else "centroid" if path_integral else "positions"
    table = pd.DataFrame({"time": np.repeat(trajectory.time[frames], beads), "configuration": kind})
    columns = ["deviation_max", "deviation_rms", "force_rms", "deviation_relative"]
    if committee is None or len(committee) < 2:
        return table.assign(**dict.fromkeys(columns, np.nan))
    _, forces = committee.evaluate([atoms for frame in frames for atoms in _configurations(trajectory, frame)])
    table = table.assign(**_deviations(forces), force_rms=_rms(forces.mean(axis=0)))
    return table.assign(deviation_relative=table["deviation_rms"] / (np.sqrt(3) * table["force_rms"]))


def _configurations(trajectory: Trajectory, frame: int) -> list[Atoms]:
    """The configurations of a frame, as `ase.Atoms`: its beads if they are there."""
    atoms = trajectory.atoms(frame)
    if trajectory.beads is None:
        return [atoms]
    beads = [atoms.copy() for _ in trajectory.beads[frame]]
    for bead, positions in zip(beads, trajectory.beads[frame], strict=True):
        bead.positions = positions
    return beads


def potential_pressure(thermo: pd.DataFrame) -> Estimate:
    """Pressure of a run without its kinetic part 2 K / 3 V (GPa), which is what labelled frames have."""
    start = production_start(thermo, None)
    steady = thermo[thermo["time"] >= start]
    return estimate(steady["pressure"] - 2 * steady["kinetic_energy"] / (3 * steady["volume"]) / units.GPa)


def run_summary(deviation: pd.DataFrame, thermo: pd.DataFrame, bounds: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """What a run's deviation and pressure say.

    Parameters
    ----------
    deviation
        See `run_deviation`.
    thermo
        Thermodynamic table of the run.
    bounds
        See `limits`.

    Returns
    -------
    rows : DataFrame
        Rows of a run's summary: observable (pressure_potential, force_rms, committee_deviation: the worst atom's, mean over
        the frames, committee_deviation_rms, _largest and _relative), species, value, error, n_effective, unit. The frames
        are far apart in time and count as independent.
    extrapolates : str
        ``pressure``, ``deviation`` or ``pressure and deviation``; ``no``; ``unknown`` at a pressure within the range
        without a committee, or where centroids alone, which are smoother than the beads, are within its limits.
    """
    pressure = potential_pressure(thermo)
    limit = bounds.set_index("limit")["value"]
    reasons = [] if limit["pressure_low"] <= pressure.value <= limit["pressure_high"] else ["pressure"]
    known = [name for name, column in DEVIATIONS.items() if name in limit and deviation[column].notna().all()]
    if any(deviation[DEVIATIONS[name]].median() > limit[name] for name in known):
        reasons.append("deviation")
    smoother = (deviation["configuration"] == "centroid").any()  # than what the limits were taken from
    verdict = " and ".join(reasons) or ("no" if known and not smoother else "unknown")
    rows = [
        ("pressure_potential", pressure, "GPa"),
        ("force_rms", _mean(deviation["force_rms"]), "eV/Å"),
        ("committee_deviation", _mean(deviation["deviation_max"]), "eV/Å"),
        ("committee_deviation_rms", _mean(deviation["deviation_rms"]), "eV/Å"),
        ("committee_deviation_largest", Estimate(deviation["deviation_max"].max(), np.nan, np.nan), "eV/Å"),
        ("committee_deviation_relative", _mean(deviation["deviation_relative"]), ""),
    ]
    columns = ["observable", "species", "value", "error", "n_effective", "unit"]
    table = [(name, "all", found.value, found.error, found.n_effective, unit) for name, found, unit in rows]
    return pd.DataFrame(table, columns=columns), verdict


def _mean(values: pd.Series) -> Estimate:
    """Mean of independent values; NaN if they are not known."""
    return Estimate(values.mean(skipna=False), mean_error(values), float(values.notna().sum()))
