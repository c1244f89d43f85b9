"""Accuracy of a potential per condition, and the limits of the conditions in which it is known.

There are two measures. One is the error on labelled frames that were held out from the training. The other is the deviation of a
committee's forces (`qcrystal.potential.committee`), which needs no labels. `qcrystal.analysis.deviation` compares runs with the
limits.

Labelled frames have a pressure but no temperature. Where one is needed the rms force of a frame stands for it. It grows with
the atoms' displacements, whether these are thermal or of zero-point size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.potential.committee import Committee, force_deviation, force_deviation_rms

PERCENTILE = 99.0
PRESSURE_WIDTH = 20.0  # GPa, of the bins
FORCE_BINS = 6
FEWEST_FRAMES = 4  # of which a standard error is given
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
        - system, frame, atoms, volume (Å³/atom), pressure (GPa, its potential part)
        - force_rms (eV/Å, the label's, per component)
        - energy_error (eV/atom)
        - force_rmse and force_rmse_<species> (eV/Å, per component), force_error_max (eV/Å, an atom's)
        - deviation_max and deviation_rms (eV/Å), see `qcrystal.potential.committee`; NaN without a committee
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
        "force_rms": rms(system.forces),
        "energy_error": (energies[0] - system.energies) / atoms,
        "force_rmse": rms(errors),
    }
    for species in dict.fromkeys(system.symbols.tolist()):
        columns[f"force_rmse_{species}"] = rms(errors[:, system.symbols == species])
    columns["force_error_max"] = np.linalg.norm(errors, axis=2).max(axis=1)
    return pd.DataFrame(columns | deviations(forces))


def rms(forces: np.ndarray) -> np.ndarray:
    """Root mean square (F,) of the components of forces (F, N, 3)."""
    return np.sqrt((forces**2).mean(axis=(1, 2)))


def deviations(forces: np.ndarray) -> dict[str, np.ndarray | float]:
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
        - by: ``pressure`` (bins of `PRESSURE_WIDTH` GPa), ``force`` (`FORCE_BINS` bins of equally many frames), ``system`` or
          ``all``
        - name (of a system), low, high and mean (GPa or eV/Å), frames
        - energy_rmse (eV/atom), force_rmse with its standard error force_rmse_error (eV/Å)
        - deviation_rms (eV/Å, over atoms and frames), deviation_max (eV/Å, mean over the frames of the worst atom's)
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
        "force_rmse_error": (squares.sem() if len(squares) >= FEWEST_FRAMES else np.nan) / (2 * force),
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
