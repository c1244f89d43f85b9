"""The part of a run that is analysed, and what the analysis needs to know besides the run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from ase import Atoms

from qcrystal.analysis import cage, periodic
from qcrystal.crystal.cells import conventional_cells, supercell, unit_cell
from qcrystal.crystal.holes import holes_of_supercell
from qcrystal.crystal.order_parameters import OrderParameters
from qcrystal.crystal.prototype import Cage, Prototype
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.fields import spread


@dataclass(frozen=True)
class ObserveSettings:
    """Settings of the analysis that the run itself does not hold.

    Attributes
    ----------
    prototype
        Prototype of the crystal: ``spacegroup``, ``sites`` and ``lattice_constant``, as in ``config/crystals``.
    cage
        ``centre``, ``member``, ``members``, ``quadrilaterals``, as in ``config/crystals``; None: the crystal has no cage.
    order_parameters
        Order parameters that are measured, with their options.
    discard : float or None
        Fraction of the run that is left out as equilibration; None finds it, at least 0.2 and at most 0.6.
    n_blocks : int
        Blocks of time for errors that cannot be had from a series.
    rdf_r_max, rdf_dr : float
        Å.
    rdf_frames : int
        Frames used for the pair distribution and for coordination at most, evenly spaced.
    msd_lag_fraction : float
        Longest lag as a fraction of the production part.
    msd_lags, reordered_lags, reordered_origins : int
        Numbers of lags in the tables, and of time origins of the reordered displacement.
    site_window : float
        ps over which positions are averaged before atoms are assigned to sites.
    examples : int
        Mobile atoms per category in the table of paths.
    """

    prototype: Prototype
    cage: Cage | None = None
    order_parameters: OrderParameters = field(default_factory=OrderParameters)
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


@dataclass(frozen=True)
class Production:
    """The production part of a run of F frames and N atoms, in coordinates that move with the cell.

    Attributes
    ----------
    species : (N,) array of str
    order : list of str
        Species in the order of the type map.
    mobile : str or None
        Species whose exchanges of sites are followed; None: no species.
    time : (F,) array
        ps.
    interval : float
        ps between frames.
    fractional : (F, N, 3) array
        Fractional coordinates, unwrapped, without drift; of path integrals those of the centroids.
    configurations : (F, N, 3) array
        Of path integrals fractional coordinates of a bead, else the same as ``fractional``.
    cell : (F, 3, 3) array
        Å.
    mean_cell : (3, 3) array
        Å.
    conventional : (F, 3, 3) array
        The conventional cell in each frame, Å.
    ideal : ase.Atoms
        The supercell of the prototype: the sites.
    places : ase.Atoms
        The sites, and behind them the holes where a run has interstitials: all places that atoms may hold.
    site, image : (N,) and (N, 3) arrays of int
        Place of each atom in the first frame of the run, and its periodic image.
    moves : bool
        The frames follow each other in time. Those of path integrals that sample do not.
    """

    species: np.ndarray
    order: list[str]
    mobile: str | None
    time: np.ndarray
    interval: float
    fractional: np.ndarray
    configurations: np.ndarray
    cell: np.ndarray
    mean_cell: np.ndarray
    conventional: np.ndarray
    ideal: Atoms
    places: Atoms
    site: np.ndarray
    image: np.ndarray
    moves: bool

    @property
    def positions(self) -> np.ndarray:
        """(F, N, 3) positions in the mean cell, unwrapped, without drift, Å."""
        return self.fractional @ self.mean_cell

    def evenly(self, number: int) -> np.ndarray:
        """Numbers of at most ``number`` frames, evenly spaced."""
        return np.array(spread(range(len(self.time)), number))


def production(trajectory: Trajectory, start: float, prototype: Prototype) -> Production:
    """The production part of a run of a prototype's crystal, from ``start`` (ps).

    Raises
    ------
    ValueError
        If frames are not evenly spaced, or the first frame is no crystal of the prototype.
    """
    spec = trajectory.spec
    fractional = periodic.lattice_coordinates(trajectory.positions, trajectory.cell, trajectory.masses)
    first = min(int(np.searchsorted(trajectory.time, start - 1e-9)), len(trajectory) - 1)
    time = trajectory.time[first:]
    steps = np.diff(time)
    if len(steps) and np.ptp(steps) > 1e-3 * steps.mean():
        raise ValueError(f"{trajectory.path}: frames are not evenly spaced in time; run its dynamics job again")
    unit = unit_cell(prototype, spec.basis, prototype.lattice_constant)
    ideal = supercell(unit, spec.repeat, list(spec.species))
    places = ideal.copy()
    if spec.interstitials:
        found = holes_of_supercell(unit, spec.repeat)
        places.extend(Atoms([spec.mobile] * len(found), positions=found @ ideal.cell.array))
    site, image = cage.match_sites(fractional[0], trajectory.species, places)
    cell = trajectory.cell[first:]
    beads = None if trajectory.beads is None else trajectory.beads[first:, 0]
    return Production(
        species=np.asarray(trajectory.species),
        order=list(spec.species),
        mobile=spec.mobile,
        time=time,
        interval=float(steps.mean()) if len(steps) else 0.0,
        fractional=fractional[first:],
        configurations=fractional[first:] if beads is None else beads @ np.linalg.inv(cell),
        cell=cell,
        mean_cell=cell.mean(axis=0),
        conventional=conventional_cells(cell, prototype, spec.basis, spec.repeat),
        ideal=ideal,
        places=places,
        site=site,
        image=image,
        moves=spec.method != "pimd",
    )
