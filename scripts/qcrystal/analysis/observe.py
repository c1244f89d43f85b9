"""All observables of one run as tidy tables. Nothing here depends on how the trajectory was made."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.analysis import cells, diffraction, energy, msd, periodic, rdf, reordered, sites
from qcrystal.analysis.equilibration import production_start
from qcrystal.analysis.order_parameters.registry import measure
from qcrystal.analysis.production import ObserveSettings, Production, production
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import Estimate, estimate, mean_error
from qcrystal.crystal.cells import ANGLES, conventional_cells
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import Trajectory

SITES_ABOUT_A_PATH = 6.0
"""Distance (Å) from a path within which the table of paths holds mean sites of the other species, periodic images included."""


def observe(
    trajectory: Trajectory,
    thermo: pd.DataFrame,
    eos: pd.DataFrame,
    settings: ObserveSettings,
    report: Mapping[str, Any] | None = None,
) -> dict[str, pd.DataFrame]:
    """Observables of one run. Long because its tables are described here.

    Parameters
    ----------
    trajectory
        The run's trajectory.
    thermo
        Thermodynamic table of the same run.
    eos
        Static energy curve of the potential: volume (Å³/atom), energy (eV/atom).
    settings
        See `ObserveSettings`.
    report
        The run's report, which decides on these rows of the summary:

        - ``temperature_corrected``, ``energy_over_3NkB_corrected``, ``pressure_corrected`` of a quantum bath's run, without
          what the bath's friction adds
        - ``diffusion``, with a value where atoms hop and a limit where none does, except for path integrals that only sample
        - ``fluctuation_dissipation`` of each species, for a bath that watched its own power
        - ``max_frequency`` of path integrals whose report has the stiffest phonon, by which the number of beads is judged

    Returns
    -------
    dict of DataFrame
        - ``summary`` (columns of `rows.Row`)
        - ``msd`` (time, species, kind, msd, error)
        - ``rdf`` (r, pair, g, error), of path integrals from a bead where the trajectory has one. Centroids are spread less
          than particles.
        - ``paths`` (proton, time, x, y, z, category), in the mean cell, unwrapped. Mean sites of species that are not mobile
          have their symbol as category and time NaN.
        - ``cell`` (time, alpha, beta, gamma) of the whole run
        - ``diffraction`` (species, h, k, l, q, structure_factor, error)

        Errors are NaN where there are too few samples to tell.

    Raises
    ------
    ValueError
        If the run does not fit the prototype, the static curve does not reach its volume, or the cell jumps.
    """
    start = production_start(thermo, settings.discard)
    steady = thermo[thermo["time"] >= start]
    periodic.check_continuous(trajectory.cell)
    run = production(trajectory, start, settings.prototype)
    held = {
        symbol: sites.held_sites(run, symbol, settings.site_window) for symbol in run.order if symbol in run.species
    }
    hops, away = np.zeros(len(run.species), int), np.zeros(len(run.species), bool)
    if run.mobile in held:
        hops, away = sites.hops(run, run.mobile, held[run.mobile])
    rows = Rows()
    rows.add("production_length", "all", Estimate(run.time[-1] - run.time[0], 0.0, 1.0), "ps")
    _thermodynamics(rows, steady, eos, run.species, trajectory.spec)
    if report is not None:
        _corrected(rows, steady, eos, run.species, trajectory.spec, report)
        _bath(rows, report)
        _stiffest(rows, report)
    measure(rows, run, away, settings)
    msd_table = _displacements(rows, run, settings)
    _exchanges(rows, run, hops)
    if run.moves:
        _diffusion(rows, run, held)
    every = run.evenly(settings.rdf_frames)
    return {
        "summary": rows.table(),
        "msd": msd_table,
        "rdf": rdf.partial_rdfs(
            run.configurations[every], run.cell[every], run.species, run.order, settings.rdf_r_max, settings.rdf_dr
        ),
        "paths": _paths(run, hops, settings),
        "cell": _cell_table(trajectory, settings),
        "diffraction": diffraction.diffraction_table(
            run.configurations[every], run.species, run.mean_cell, trajectory.spec.repeat, trajectory.spec.mobile
        ),
    }


def _thermodynamics(rows: Rows, thermo: pd.DataFrame, eos: pd.DataFrame, species: np.ndarray, spec: RunSpec) -> None:
    """Temperatures, pressure, volume and energies."""
    atoms = len(species)
    _temperatures(rows, "temperature", thermo, species, spec)
    rows.add("pressure", "all", estimate(thermo["pressure"]), "GPa")
    rows.add("volume", "all", estimate(thermo["volume"] / atoms), "Å3/atom")
    rows.add("potential_energy", "all", estimate(thermo["potential_energy"] / atoms), "eV/atom")
    rows.add("kinetic_energy", "all", estimate(thermo["kinetic_energy"] / atoms), "eV/atom")
    rows.add("energy_over_3NkB", "all", _vibrational(thermo, eos, atoms, spec), "K")


def _temperatures(rows: Rows, observable: str, thermo: pd.DataFrame, species: np.ndarray, spec: RunSpec) -> None:
    """Kinetic temperature of each species and of all atoms."""
    present = [s for s in spec.species if s in species]
    kinetic = {s: thermo[f"kinetic_{s}"] for s in present} | {"all": thermo["kinetic_energy"] / len(species)}
    for name, value in kinetic.items():
        rows.add(observable, name, estimate(energy.kinetic_temperature(value)), "K")


def _vibrational(thermo: pd.DataFrame, eos: pd.DataFrame, atoms: int, spec: RunSpec) -> Estimate:
    """E/(3 N k_B) in K; not known with defects, as the static curve is the perfect crystal's."""
    if spec.vacancies or spec.interstitials:
        return Estimate(np.nan, np.nan, 0.0)
    return estimate(energy.energy_over_3nkb(thermo, eos, atoms, spec.temperature))


def _corrected(
    rows: Rows,
    thermo: pd.DataFrame,
    eos: pd.DataFrame,
    species: np.ndarray,
    spec: RunSpec,
    report: Mapping[str, Any],
) -> None:
    """Kinetic energies and pressure free of what the bath's friction adds; nothing of runs without such a bath."""
    corrected = energy.corrected_kinetic_energy(thermo, species) if "bath_state" in report else None
    if corrected is None:
        return
    _temperatures(rows, "temperature_corrected", corrected, species, spec)
    rows.add("pressure_corrected", "all", estimate(corrected["pressure"]), "GPa")
    rows.add("energy_over_3NkB_corrected", "all", _vibrational(corrected, eos, len(species), spec), "K")


def _bath(rows: Rows, report: Mapping[str, Any]) -> None:
    """Each species' fluctuation-dissipation deviation, of a bath's run.

    It is the mean over the later half of the bath's segments, with the error of independent segments. Fewer than four segments
    give nothing.
    """
    for species, entry in report.get("bath_state", {}).get("fluctuation_dissipation", {}).items():
        later = np.array(entry["history"][len(entry["history"]) // 2 :])
        found = Estimate(entry["net"], mean_error(later), float(len(later)), len(later) - 1.0)
        rows.add("fluctuation_dissipation", species, found, "1")


def _stiffest(rows: Rows, report: Mapping[str, Any]) -> None:
    """The frequency that the run was told is the highest; nothing of runs without beads."""
    if report.get("max_frequency") is not None:
        rows.add("max_frequency", "all", Estimate(report["max_frequency"], 0.0, 1.0), "THz")


def _cell_table(trajectory: Trajectory, settings: ObserveSettings) -> pd.DataFrame:
    """Angles of the conventional cell in each frame of the whole run."""
    spec = trajectory.spec
    conventional = conventional_cells(trajectory.cell, settings.prototype, spec.basis, spec.repeat)
    angles = cells.angle_series(conventional).T
    return pd.DataFrame(dict(zip(("time", *ANGLES), (trajectory.time, *angles), strict=True)))


def _diffusion(rows: Rows, run: Production, held: Mapping[str, sites.Sites]) -> None:
    """Diffusion coefficient of each species, or its upper limit if no atom of the species hopped."""
    for symbol, of_kind in held.items():
        found = sites.diffusion_of(run, of_kind)
        rows.add("diffusion", symbol, found.coefficient, "cm2/s", found.limit)
        rows.add("diffusion_linearity", symbol, found.linearity, "1")
        rows.add("hop_events", symbol, Estimate(found.events, 0.0, float(found.events)), "count")


def _displacements(rows: Rows, run: Production, settings: ObserveSettings) -> pd.DataFrame:
    """Slopes of the mean squared displacements, and their table."""
    tables = []
    lag = msd.lags(len(run.time), settings.msd_lag_fraction, settings.msd_lags)
    for symbol in (s for s in run.order if s in run.species):
        found = msd.mean_squared_displacement(run.positions[:, run.species == symbol], lag)
        slope = msd.linear_slope(found, run.interval)
        if run.moves:
            rows.add("msd_slope", symbol, slope, "Å2/ps")
        tables.append(_msd_table(found, run.interval, symbol, "standard"))
    if run.mobile is not None:
        lag = msd.lags(len(run.time), settings.msd_lag_fraction, settings.reordered_lags)
        mobile = run.fractional[:, run.species == run.mobile]
        found = reordered.reordered_displacement(mobile, run.mean_cell, lag, settings.reordered_origins)
        if run.moves:
            rows.add("msd_slope_reordered", run.mobile, msd.linear_slope(found, run.interval), "Å2/ps")
        tables.append(_msd_table(found, run.interval, run.mobile, "reordered"))
    return pd.concat(tables, ignore_index=True)


def _msd_table(displacement: msd.Displacement, interval: float, symbol: str, kind: str) -> pd.DataFrame:
    """One curve of the table of displacements."""
    mean, error = msd.mean_with_error(displacement)
    time = displacement.lag * interval
    return pd.DataFrame({"time": time, "species": symbol, "kind": kind, "msd": mean, "error": error})


def _exchanges(rows: Rows, run: Production, hops: np.ndarray) -> None:
    """Mobile atoms that changed site; the error is that of counting, at least one."""
    if run.mobile is not None:
        moved = int((hops > 0).sum())
        rows.add("exchanges", run.mobile, Estimate(moved, float(np.sqrt(max(moved, 1))), float(moved)), "count")


def _paths(run: Production, hops: np.ndarray, settings: ObserveSettings) -> pd.DataFrame:
    """Paths of the mobile atoms of each category nearest to the middle of the cell, and mean sites of the others about them."""
    mobile = np.flatnonzero(run.species == run.mobile)
    kinds = reordered.categories(hops[mobile])
    mean = run.fractional.mean(axis=0)
    rank = np.linalg.norm((mean[mobile] - 0.5) @ run.mean_cell, axis=1)
    tables, chosen = [_path_table(0, [], np.empty((0, 3)), "")], []
    for category in reordered.CATEGORIES:
        of_kind = mobile[kinds == category][np.argsort(rank[kinds == category], kind="stable")]
        for atom in of_kind[: settings.examples]:
            tables.append(_path_table(atom, run.time, run.fractional[:, atom] @ run.mean_cell, category))
            chosen.append(mean[atom] @ run.mean_cell)
    offsets = np.array(list(itertools.product((-1, 0, 1), repeat=3))) @ run.mean_cell
    for other in np.flatnonzero(run.species != run.mobile) if chosen else ():
        images = mean[other] @ run.mean_cell + offsets
        distances = np.linalg.norm(images[:, None] - np.array(chosen)[None], axis=2)
        for site in images[distances.min(axis=1) < SITES_ABOUT_A_PATH]:
            tables.append(_path_table(other, [np.nan], site[None], str(run.species[other])))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _path_table(
    atom: int | np.integer, time: np.ndarray | Sequence[float], path: np.ndarray, category: str
) -> pd.DataFrame:
    """One atom's path (F, 3) in Å."""
    x, y, z = np.asarray(path).T
    return pd.DataFrame({"proton": int(atom), "time": time, "x": x, "y": y, "z": z, "category": category})
