"""All observables of one run as tidy tables. Nothing here depends on how the trajectory was made."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms

from qcrystal.analysis import cage, cells, diffraction, energy, msd, periodic, rdf, reordered
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import Estimate, estimate, production_start
from qcrystal.crystal.cells import supercell, unit_cell
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import Trajectory

FEWEST_SEGMENTS = 4
"""Independent values from which an error is told."""
SITES_ABOUT_A_PATH = 6.0
"""Distance (Å) from a path within which the table of paths holds the centres' mean sites, periodic images included."""


@dataclass(frozen=True)
class ObserveSettings:
    """What the observables need to know besides the run.

    Attributes
    ----------
    prototype
        Prototype of the crystal: ``spacegroup``, ``sites`` and ``lattice_constant``, as in ``config/crystals``.
    cage
        ``centre``, ``member``, ``members``, ``quadrilaterals``, as in ``config/crystals``.
    discard : float or None
        Fraction of the run that is left out as equilibration; None finds it, at least 0.2 and at most 0.6.
    n_blocks : int
        Blocks of time for errors that cannot be had from a series.
    rdf_r_max, rdf_dr : float
        Å.
    rdf_frames : int
        Frames used for the pair distribution at most, evenly spaced.
    msd_lag_fraction : float
        Longest lag as a fraction of the production part.
    msd_lags, reordered_lags, reordered_origins : int
        Numbers of lags in the tables, and of time origins of the reordered displacement.
    site_window : float
        ps over which positions are averaged before atoms are assigned to sites.
    examples : int
        Protons per category in the table of paths.
    fold : bool
        Average the cages over the lattice before taking angles.
    """

    prototype: Prototype
    cage: Cage
    discard: float | None = None
    n_blocks: int = 10
    rdf_r_max: float = 6.0
    rdf_dr: float = 0.05
    rdf_frames: int = 200
    msd_lag_fraction: float = 0.5
    msd_lags: int = 101
    reordered_lags: int = 26
    reordered_origins: int = 4
    site_window: float = 0.1
    examples: int = 3
    fold: bool = True


@dataclass(frozen=True)
class Production:
    """The production part of a run, in coordinates that move with the cell."""

    species: np.ndarray
    order: list[str]
    time: np.ndarray
    interval: float
    fractional: np.ndarray
    configurations: np.ndarray  # of path integrals fractional coordinates of a bead, else the same
    cell: np.ndarray
    mean_cell: np.ndarray
    ideal: Atoms
    site: np.ndarray
    image: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """(F, N, 3) positions in the mean cell, unwrapped, without drift, Å."""
        return self.fractional @ self.mean_cell


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
        The run's report. Of a quantum bath's run the summary also has the rows ``temperature_corrected``,
        ``energy_over_3NkB_corrected`` and ``pressure_corrected``, without what the bath's friction adds;
        of a bath that watched its own power, ``fluctuation_dissipation`` of each species; of path integrals that know it,
        ``max_frequency``, the stiffest phonon's, by which the number of beads is to be judged.

    Returns
    -------
    dict of DataFrame
        ``summary`` (observable, species, value, error, n_effective, unit), ``msd`` (time, species, kind, msd, error),
        ``rdf`` (r, pair, g, error; of path integrals from a bead, where the trajectory has one, as centroids are spread less
        than particles), ``paths`` (proton, time, x, y, z, category), ``cell`` (time, alpha, beta, gamma;
        the whole run), ``diffraction`` (species, h, k, l, q, structure_factor, error).
        Errors are NaN where there are too few samples to tell. Paths are in the mean cell, unwrapped;
        the centres' mean sites have category and symbol of the centre and time NaN.

    Raises
    ------
    ValueError
        If the run does not fit the prototype, the static curve does not reach its volume, or the cell jumps.
    """
    start = production_start(thermo, settings.discard)
    steady = thermo[thermo["time"] >= start]
    periodic.check_continuous(trajectory.cell)
    run = _production(trajectory, start, settings)
    conventional = cells.conventional_cells(
        trajectory.cell, settings.prototype, trajectory.spec.basis, trajectory.spec.repeat
    )
    number_of_hops, away = _number_of_hops(run, settings)
    rows = Rows()
    rows.add("production_length", "all", Estimate(run.time[-1] - run.time[0], 0.0, 1.0), "ps")
    _thermodynamics(rows, steady, eos, run.species, trajectory.spec)
    if report is not None:
        _corrected(rows, steady, eos, run.species, trajectory.spec, report)
        _bath(rows, report)
        _stiffest(rows, report)
    _angles(rows, conventional[trajectory.time >= run.time[0]])
    _quadrilaterals(rows, run, away, settings)
    msd_table = _displacements(rows, run, settings)
    _exchanges(rows, run, number_of_hops, settings)
    every = np.unique(np.rint(np.linspace(0, len(run.time) - 1, settings.rdf_frames)).astype(int))
    return {
        "summary": rows.table(),
        "msd": msd_table,
        "rdf": rdf.partial_rdfs(
            run.configurations[every], run.cell[every], run.species, run.order, settings.rdf_r_max, settings.rdf_dr
        ),
        "paths": _paths(run, number_of_hops, settings),
        "cell": _cell_table(trajectory.time, conventional),
        "diffraction": diffraction.diffraction_table(
            run.configurations[every], run.species, run.mean_cell, trajectory.spec.repeat, trajectory.spec.mobile
        ),
    }


def _production(trajectory: Trajectory, start: float, settings: ObserveSettings) -> Production:
    """The production part of a run, from ``start`` (ps)."""
    spec = trajectory.spec
    fractional = periodic.lattice_coordinates(trajectory.positions, trajectory.cell, trajectory.masses)
    first = min(int(np.searchsorted(trajectory.time, start - 1e-9)), len(trajectory) - 1)
    time = trajectory.time[first:]
    steps = np.diff(time)
    if len(steps) and np.ptp(steps) > 1e-3 * steps.mean():
        raise ValueError(f"{trajectory.path}: frames are not evenly spaced in time; run its dynamics job again")
    ideal = supercell(
        unit_cell(settings.prototype, spec.basis, settings.prototype.lattice_constant),
        spec.repeat,
        list(spec.species),
    )
    site, image = cage.match_sites(fractional[0], trajectory.species, ideal)
    cell = trajectory.cell[first:]
    beads = None if trajectory.beads is None else trajectory.beads[first:, 0]
    return Production(
        species=np.asarray(trajectory.species),
        order=list(spec.species),
        time=time,
        interval=float(steps.mean()) if len(steps) else 0.0,
        fractional=fractional[first:],
        configurations=fractional[first:] if beads is None else beads @ np.linalg.inv(cell),
        cell=cell,
        mean_cell=cell.mean(axis=0),
        ideal=ideal,
        site=site,
        image=image,
    )


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
    """E/(3 N k_B) in K; not known with vacancies, as the static curve is the perfect crystal's."""
    if spec.vacancies:
        return Estimate(np.nan, np.nan, 0.0)
    return estimate(energy.energy_over_3nkb(thermo, eos, atoms))


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

    It is the mean over the later half of the bath's segments, its error that of independent segments; of fewer than four
    nothing can be said.
    """
    for species, entry in report.get("bath_state", {}).get("fluctuation_dissipation", {}).items():
        later = np.array(entry["history"][len(entry["history"]) // 2 :])
        error = later.std(ddof=1) / np.sqrt(len(later)) if len(later) >= FEWEST_SEGMENTS else np.nan
        rows.add("fluctuation_dissipation", species, Estimate(entry["net"], error, float(len(later))), "1")


def _stiffest(rows: Rows, report: Mapping[str, Any]) -> None:
    """The frequency that the run was told is the highest; nothing of runs without beads."""
    if report.get("max_frequency") is not None:
        rows.add("max_frequency", "all", Estimate(report["max_frequency"], 0.0, 1.0), "THz")


def _angles(rows: Rows, conventional: np.ndarray) -> None:
    """Mean angles of the conventional cell."""
    each, deviation = cells.mean_angles(conventional)
    for name, found in zip(cells.ANGLES, each, strict=True):
        rows.add(f"angle_{name}", "all", found, "deg")
    rows.add("angle_deviation", "all", deviation, "deg")


def _cell_table(time: np.ndarray, conventional: np.ndarray) -> pd.DataFrame:
    """Angles of the conventional cell in each frame."""
    return pd.DataFrame(dict(zip(("time", *cells.ANGLES), (time, *cells.angle_series(conventional).T), strict=True)))


def _number_of_hops(run: Production, settings: ObserveSettings) -> tuple[np.ndarray, np.ndarray]:
    """Changes of site per atom, and whether it was ever away from the site of its first frame; both (N,).

    Only the cage's member species can hop; the first counts hops in the production part.
    """
    member = run.species == settings.cage.member
    places = np.flatnonzero(np.array(run.ideal.get_chemical_symbols()) == settings.cage.member)
    window = max(1, round(settings.site_window / run.interval)) if run.interval else 1
    sites = run.ideal.get_scaled_positions(wrap=False)[places]
    site, image = reordered.site_history(run.fractional[:, member], sites, run.mean_cell, window)
    number, away = np.zeros(len(run.species), int), np.zeros(len(run.species), bool)
    number[member] = reordered.hops(site, image)
    home = np.searchsorted(places, run.site[member])
    from_home = reordered.hops(np.concatenate([[home, home], site]), np.concatenate([[run.image[member]] * 2, image]))
    away[member] = from_home > 0
    return number, away


def _quadrilaterals(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Order parameter of the cages, without quadrilaterals whose atoms were ever ``away`` from their site."""
    c = settings.cage
    quads = cage.find_quadrilaterals(run.ideal, c.centre, c.member, c.members, c.quadrilaterals)
    exchanged = np.zeros(len(run.ideal), bool)
    exchanged[run.site] = away
    coordinates = cage.by_site(run.fractional, run.site, run.image, len(run.ideal))
    order = cage.cage_order(coordinates, quads, run.mean_cell, exchanged, settings.n_blocks, settings.fold)
    for name in ("deviation", "large", "small"):
        rows.add(f"quadrilateral_{name}", c.member, getattr(order, name), "deg")
    rows.add("quadrilateral_noise", c.member, Estimate(order.noise, np.nan, order.deviation.n_effective), "deg")
    rows.add("quadrilaterals_left_out", c.member, Estimate(order.left_out, 0.0, 1.0), "count")


def _displacements(rows: Rows, run: Production, settings: ObserveSettings) -> pd.DataFrame:
    """Slopes of the mean squared displacements, and their table."""
    tables = []
    lag = msd.lags(len(run.time), settings.msd_lag_fraction, settings.msd_lags)
    for symbol in (s for s in run.order if s in run.species):
        found = msd.mean_squared_displacement(run.positions[:, run.species == symbol], lag)
        slope = msd.linear_slope(found, run.interval)
        rows.add("msd_slope", symbol, slope, "Å2/ps")
        rows.add("diffusion", symbol, msd.diffusion(slope), "cm2/s")
        tables.append(_msd_table(found, run.interval, symbol, "standard"))
    member = settings.cage.member
    lag = msd.lags(len(run.time), settings.msd_lag_fraction, settings.reordered_lags)
    protons = run.fractional[:, run.species == member]
    found = reordered.reordered_displacement(protons, run.mean_cell, lag, settings.reordered_origins)
    rows.add("msd_slope_reordered", member, msd.linear_slope(found, run.interval), "Å2/ps")
    tables.append(_msd_table(found, run.interval, member, "reordered"))
    return pd.concat(tables, ignore_index=True)


def _msd_table(displacement: msd.Displacement, interval: float, symbol: str, kind: str) -> pd.DataFrame:
    """One curve of the table of displacements."""
    mean, error = msd.mean_with_error(displacement)
    time = displacement.lag * interval
    return pd.DataFrame({"time": time, "species": symbol, "kind": kind, "msd": mean, "error": error})


def _exchanges(rows: Rows, run: Production, number_of_hops: np.ndarray, settings: ObserveSettings) -> None:
    """Atoms that changed site; the error is that of counting, at least one."""
    moved = int((number_of_hops > 0).sum())
    rows.add("exchanges", settings.cage.member, Estimate(moved, float(np.sqrt(max(moved, 1))), float(moved)), "count")


def _paths(run: Production, number_of_hops: np.ndarray, settings: ObserveSettings) -> pd.DataFrame:
    """Paths of the protons of each category that are nearest to the cell's middle, and the centres' mean sites about them."""
    member = np.flatnonzero(run.species == settings.cage.member)
    kinds = reordered.categories(number_of_hops[member])
    mean = run.fractional.mean(axis=0)
    rank = np.linalg.norm((mean[member] - 0.5) @ run.mean_cell, axis=1)
    tables, chosen = [], []
    for category in reordered.CATEGORIES:
        of_kind = member[kinds == category][np.argsort(rank[kinds == category], kind="stable")]
        for proton in of_kind[: settings.examples]:
            tables.append(_path_table(proton, run.time, run.fractional[:, proton] @ run.mean_cell, category))
            chosen.append(mean[proton] @ run.mean_cell)
    offsets = np.array(list(itertools.product((-1, 0, 1), repeat=3))) @ run.mean_cell
    for centre in np.flatnonzero(run.species == settings.cage.centre):
        images = mean[centre] @ run.mean_cell + offsets
        distances = np.linalg.norm(images[:, None] - np.array(chosen)[None], axis=2)
        for site in images[distances.min(axis=1) < SITES_ABOUT_A_PATH]:
            tables.append(_path_table(centre, [np.nan], site[None], settings.cage.centre))
    return pd.concat(tables, ignore_index=True)


def _path_table(
    atom: int | np.integer, time: np.ndarray | Sequence[float], path: np.ndarray, category: str
) -> pd.DataFrame:
    """One atom's path (F, 3) in Å."""
    x, y, z = np.asarray(path).T
    return pd.DataFrame({"proton": int(atom), "time": time, "x": x, "y": y, "z": z, "category": category})
