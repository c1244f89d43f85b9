"""How much a committee disagrees about the frames of a run, and whether the run leaves what the potential knows.

A run extrapolates where

- its pressure without the kinetic part is outside the range of the labelled frames (their pressures have no kinetic part), or
- the committee's deviation in its median frame is larger than in 99 per cent of the held-out frames. This counts for the
  worst atom's (eq. 1 of [Ly]) and for the rms over the atoms. The worst of many atoms is worse than the worst of few. So a
  cell much larger than the labelled ones is called extrapolating rather too early.

The limits are those of `qcrystal.potential.accuracy.limits`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import Atoms, units

from qcrystal.analysis.equilibration import production_start
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import Estimate, estimate, mean_error
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.fields import spread
from qcrystal.potential.accuracy import DEVIATIONS, deviations, rms
from qcrystal.potential.committee import Committee


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
        - time (ps)
        - configuration: ``positions``, or for path integrals ``bead`` where the trajectory holds beads and ``centroid`` where
          it does not. Forces on centroids are smoother than those on beads.
        - deviation_max, deviation_rms (eV/Å)
        - force_rms (eV/Å), per component, of the members' mean
        - deviation_relative: deviation_rms over the rms force of an atom
    """
    frames = np.flatnonzero(trajectory.time >= start - 1e-9)
    beads = 1 if trajectory.beads is None else trajectory.beads.shape[1]
    frames = frames[np.array(spread(range(len(frames)), max(1, count // beads)), int)]
    path_integral = trajectory.spec.beads > 1
    kind = "bead" if trajectory.beads is not None else "centroid" if path_integral else "positions"
    table = pd.DataFrame({"time": np.repeat(trajectory.time[frames], beads), "configuration": kind})
    columns = ["deviation_max", "deviation_rms", "force_rms", "deviation_relative"]
    if committee is None or len(committee) < 2:
        return table.assign(**dict.fromkeys(columns, np.nan))
    _, forces = committee.evaluate([atoms for frame in frames for atoms in _configurations(trajectory, frame)])
    table = table.assign(**deviations(forces), force_rms=rms(forces.mean(axis=0)))
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
    """Summary of a run's deviation and pressure, and whether it extrapolates.

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
        Rows of a run's summary, with the columns of `qcrystal.analysis.rows.Row`. The observables are pressure_potential,
        force_rms, committee_deviation (the worst atom's, mean over the frames), committee_deviation_rms, _largest and
        _relative. The frames are far apart in time and count as independent.
    extrapolates : str
        ``pressure``, ``deviation`` or ``pressure and deviation`` says what is beyond the limits, ``no`` that nothing is.
        ``unknown`` stands at a pressure within the range without a committee. It also stands where centroids alone, which
        are smoother than the beads, are within its limits.
    """
    pressure = potential_pressure(thermo)
    limit = bounds.set_index("limit")["value"]
    reasons = [] if limit["pressure_low"] <= pressure.value <= limit["pressure_high"] else ["pressure"]
    known = [name for name, column in DEVIATIONS.items() if name in limit and deviation[column].notna().all()]
    if any(deviation[DEVIATIONS[name]].median() > limit[name] for name in known):
        reasons.append("deviation")
    smoother = (deviation["configuration"] == "centroid").any()  # than what the limits were taken from
    verdict = " and ".join(reasons) or ("no" if known and not smoother else "unknown")
    rows = Rows()
    rows.add("pressure_potential", "all", pressure, "GPa")
    rows.add("force_rms", "all", _mean(deviation["force_rms"]), "eV/Å")
    rows.add("committee_deviation", "all", _mean(deviation["deviation_max"]), "eV/Å")
    rows.add("committee_deviation_rms", "all", _mean(deviation["deviation_rms"]), "eV/Å")
    largest = Estimate(deviation["deviation_max"].max(), np.nan, np.nan)
    rows.add("committee_deviation_largest", "all", largest, "eV/Å")
    rows.add("committee_deviation_relative", "all", _mean(deviation["deviation_relative"]), "")
    return rows.table(), verdict


def _mean(values: pd.Series) -> Estimate:
    """Mean of independent values; NaN if they are not known."""
    return Estimate(
        values.mean(skipna=False), mean_error(values), float(values.notna().sum()), float(values.notna().sum() - 1)
    )
