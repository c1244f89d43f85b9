"""Equation of state of a prototype: energy, pressure and distances of the crystal at rest over lattice constants. Å, eV, GPa."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd
import scipy
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.neighborlist import neighbor_list

from qcrystal.crystal.cells import conventional_vectors
from qcrystal.crystal.prototype import Cage, CellParameters, Prototype
from qcrystal.statics.coverage import beyond_training
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.relax import relaxed_at_volume, static_pressure

log = logging.getLogger(__name__)

SAME = 1e-6
"""Å; lattice constants that differ by less are one: a grid point and one of DFT may be the same but for rounding."""


def cage_distances(atoms: Atoms, centre: str, member: str) -> dict[str, float]:
    """Nearest distances (Å) in a crystal with a cage of atoms around another, in the classes of [Qin] table I.

    Columns are named by the elements: for LaH10 they are those of the table below.

    Qin et al. tell H "(1) in, (2) out of the quadrilaterals" of the H32 cage around La. The cage's 6 quadrilaterals
    are made of its 24 atoms on 32f (x,x,x); the other 8 sit on 8c (1/4,1/4,1/4), where only hexagons meet. So, from
    the geometry of Fm-3m, with a = 4.749 Å and x = 0.1205 in brackets beside the published value:

    ======  =============================  =============================  =================
    column  bond                           length                         Å
    ======  =============================  =============================  =================
    la_h1   La to 32f                      a sqrt((1/2 - x)² + 2 x²)      1.9757 (1.9755)
    la_h2   La to 8c                       a sqrt(3)/4                    2.0564 (2.0564)
    h_h1    32f to 32f, the quadrilateral  2 x a                          1.1445 (1.1454)
    h_h2    32f to 8c                      a sqrt(3) (1/4 - x)            1.0652 (1.0645)
    la_la   La to La                       a / sqrt(2)                    3.3581 (3.3581)
    ======  =============================  =============================  =================

    Parameters
    ----------
    atoms
        Cell from `qcrystal.crystal.cells.primitive_cell`, which notes each atom's site in ``spacegroup_kinds``.
    centre, member
        Elements at the cage's centre and on its corners. Members (1) are the site with the most atoms; a crystal
        whose cage has one site has no (2): those distances are NaN.
    """
    symbols, site = np.array(atoms.get_chemical_symbols()), atoms.arrays["spacegroup_kinds"]
    member_sites, counts = np.unique(site[symbols == member], return_counts=True)
    member_sites = member_sites[np.argsort(-counts, kind="stable")]
    centres, first = symbols == centre, site == member_sites[0]
    second = np.isin(site, member_sites[1:2])
    i, j, d = neighbor_list("ijd", atoms, 1.1 * np.cbrt(4 * atoms.get_volume()))

    def nearest(a: np.ndarray, b: np.ndarray) -> float:
        return float(min(d[a[i] & b[j]], default=np.nan))

    centre, member = centre.lower(), member.lower()
    return {
        f"{centre}_{member}1": nearest(centres, first),
        f"{centre}_{member}2": nearest(centres, second),
        f"{member}_{member}1": nearest(first, first),
        f"{member}_{member}2": nearest(first, second),
        f"{centre}_{centre}": nearest(centres, centres),
    }


def lattice_row(
    prototype: Prototype, atoms: Atoms, lattice_constant: float, energy: float, pressure: float, cage: Cage | None
) -> dict[str, float]:
    """One row of a table of relaxed lattices, whoever relaxed them; see `equation_of_state`.

    ``atoms`` is the relaxed primitive cell; ``energy`` in eV/atom, ``pressure`` in GPa.
    """
    last_site = np.flatnonzero(atoms.arrays["spacegroup_kinds"] == len(prototype.sites) - 1)[0]
    conventional = conventional_vectors(prototype, atoms)
    cell = CellParameters(*conventional.cellpar().tolist())
    return {
        "lattice_constant": lattice_constant,
        "volume": atoms.get_volume() / len(atoms),
        "energy": energy,
        "pressure": pressure,
        "x": conventional.scaled_positions(atoms.positions[[last_site]])[0, 0],
        **({} if prototype.cubic else cell._asdict()),
        **({} if cage is None else cage_distances(atoms, cage.centre, cage.member)),
    }


def shape_at(prototype: Prototype, eos: pd.DataFrame, lattice_constant: float) -> Prototype:
    """The prototype with the relaxed cell that an equation of state has at a lattice constant (Å), interpolated linearly.

    Its own lattice constant is the relaxed a. A cubic prototype has one shape only: it is scaled.

    Raises
    ------
    StaticsError
        If the table has no cell parameters.
    """
    if prototype.cubic:
        return prototype.model_copy(update={"lattice_constant": lattice_constant})
    missing = [name for name in CellParameters._fields if name not in eos]
    if missing:
        raise StaticsError(f"the equation of state has no column {missing[0]!r}; make it again for this prototype")
    rows = eos.sort_values("lattice_constant")
    cell = CellParameters(
        *(np.interp(lattice_constant, rows["lattice_constant"], rows[n]) for n in CellParameters._fields)
    )
    # Interpolated parameters have not quite the volume that is asked for.
    scale = np.cbrt(prototype.cell_parameters(lattice_constant).volume / cell.volume)
    a, b, c = (float(scale * length) for length in cell[:3])
    return prototype.with_cell(CellParameters(a, b, c, *map(float, cell[3:])))


def equation_of_state(
    potential: Calculator,
    prototype: Prototype,
    lattice_constants: Iterable[float],
    cage: Cage | None = None,
    trained: tuple[float, float] = (-np.inf, np.inf),
) -> pd.DataFrame:
    """Static equation of state of a prototype: internal coordinates, and the shape of a cell that is not cubic, are relaxed.

    Parameters
    ----------
    lattice_constants
        Å. Each stands for a volume: that of the prototype's cell, scaled without a change of shape until a is this.
    cage
        Whose distances are tabulated, see `cage_distances`; None: none are.
    trained
        GPa, lowest and highest pressure of the frames that the potential was trained on.

    Returns
    -------
    pandas.DataFrame
        One row per lattice constant, ascending, without those at which the crystal does not relax (a warning names them).

        - lattice_constant (Å), volume (Å³/atom), energy (eV/atom), pressure (GPa, from the stress)
        - x: first coordinate of the prototype's last site, in the conventional cell
        - the distances of `cage_distances` (Å); a, b, c (Å), alpha, beta, gamma (degrees) of a cell that is not cubic
        - beyond_training: by how much (GPa) the pressure is outside ``trained``; NaN where it falls on compression

    Raises
    ------
    StaticsError
        If the crystal relaxes at none of the lattice constants.
    """
    ordered = sorted(float(a) for a in lattice_constants)
    lattice_constants = [a for i, a in enumerate(ordered) if i == 0 or a - ordered[i - 1] > SAME]
    rows = []
    for number, a in enumerate(lattice_constants, 1):
        try:
            atoms = relaxed_at_volume(potential, prototype, a)
        except StaticsError as error:
            log.warning("left out of the equation of state: %s", error)
            continue
        energy = atoms.get_potential_energy() / len(atoms)
        rows.append(lattice_row(prototype, atoms, a, energy, static_pressure(atoms), cage))
        log.info(
            "equation of state %d/%d: a = %.4f Å, %.2f GPa", number, len(lattice_constants), a, rows[-1]["pressure"]
        )
    if not rows:
        raise StaticsError(f"no lattice constant of {lattice_constants} Å relaxes with this potential; choose others")
    eos = pd.DataFrame(rows)
    stable = _compressible_branch(eos)
    if len(stable) < len(eos):
        log.warning(
            "below a = %.4f Å the pressure no longer rises on compression (at most %.1f GPa): the potential "
            "extrapolates there and those rows are not used for interpolation",
            stable["lattice_constant"].iloc[0],
            stable["pressure"].max(),
        )
    beyond = pd.Series(beyond_training(stable["pressure"], trained), index=stable.index)
    return eos.assign(beyond_training=beyond)


def _compressible_branch(eos: pd.DataFrame) -> pd.DataFrame:
    """Rows from the largest lattice constant down to where the pressure stops rising (dP/dV < 0)."""
    eos = eos.sort_values("lattice_constant")
    rising = np.diff(eos["pressure"].to_numpy()) < 0
    bad = np.flatnonzero(~rising)
    return eos.iloc[bad[-1] + 1 if len(bad) else 0 :]


def lattice_at_pressure(eos: pd.DataFrame, pressure: float) -> float:
    """Lattice constant (Å) at a static pressure (GPa): monotone cubic interpolation of the equation of state.

    Raises
    ------
    StaticsError
        If the pressure is outside the part of the table where compression raises the pressure.
    """
    branch = _compressible_branch(eos).iloc[::-1]
    low, high = branch["pressure"].iloc[[0, -1]]
    if len(branch) < 4 or not low <= pressure <= high:
        raise StaticsError(
            f"{pressure:g} GPa: the equation of state holds from {low:.1f} to {high:.1f} GPa ({len(branch)} points); "
            "widen statics.lattice_constants, or use a potential trained at this pressure"
        )
    return float(scipy.interpolate.PchipInterpolator(branch["pressure"], branch["lattice_constant"])(pressure))
