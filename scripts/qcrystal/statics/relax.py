"""Relaxations with a potential: at a fixed volume within the crystal's symmetry, and at a pressure.

Å, eV, GPa. A potential is any ASE calculator with energy, forces and stress, such as
`qcrystal.potential.calculator.DeepPotential`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.constraints import FixSymmetry
from ase.filters import FrechetCellFilter, UnitCellFilter
from ase.optimize import BFGS

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.neighbours import neighbours
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import EXACT, space_group
from qcrystal.statics.errors import StaticsError

log = logging.getLogger(__name__)

# Å, one distance for all pairs of atoms, or one per pair of elements.
Shortest = Mapping[tuple[str, str], float] | float
# Å: atoms nearer than this mean that a potential has been led out of its training data (H2 has 0.74 Å).
SHORTEST_DISTANCE = 0.7
# A relaxation that ends below this part of its starting volume has left the training data too, as has one that ends above
# the inverse of it. 50 GPa more take 8 % of the volume at 250 GPa.
SMALLEST_VOLUME = 0.75


def pair_distances(shortest: dict[str, float]) -> dict[tuple[str, str], float]:
    """``{"La-H": 1.6}`` as ``{("La", "H"): 1.6}``, which is how ASE names pairs."""
    pairs = ((pair.split("-"), distance) for pair, distance in shortest.items())
    return {(first, second): distance for (first, second), distance in pairs}


class Effort(NamedTuple):
    """Limits of a relaxation at a pressure: when it is done, and when it is given up.

    Attributes
    ----------
    fmax : float
        eV/Å, bound on forces and on the cell's generalised force of `ase.filters.UnitCellFilter`.
    max_steps : int
        Bound on the steps.
    symprec : float
        Å, tolerance of the space group. 0.02 still splits relaxed crystals of one kind; 0.05 and 0.1 do not.
    shortest : dict or float
        Å, for all pairs of atoms or per pair of elements; a crystal with nearer atoms has collapsed.
    """

    fmax: float = 0.01
    max_steps: int = 300
    symprec: float = 0.05
    shortest: Shortest = SHORTEST_DISTANCE


class Relaxed(NamedTuple):
    """A relaxed crystal: enthalpy (eV/atom) and volume (Å³/atom) at a pressure (GPa), space group, convergence."""

    atoms: Atoms
    pressure: float
    enthalpy: float
    volume: float
    spacegroup: str
    converged: bool


def static_pressure(atoms: Atoms) -> float:
    """Pressure (GPa) of the crystal at rest: minus a third of the trace of the stress."""
    return float(-atoms.get_stress(voigt=True)[:3].mean() / units.GPa)


def nearer_than(atoms: Atoms, shortest: Shortest) -> bool:
    """Whether two atoms or periodic images are nearer than ``shortest`` (Å, for all or per pair of elements)."""
    farthest = max(shortest.values(), default=0.0) if isinstance(shortest, Mapping) else shortest
    pairs = neighbours(atoms.positions, atoms.cell.array, farthest)
    if not isinstance(shortest, Mapping):
        return bool((pairs.distances < shortest).any())
    symbols = np.array(atoms.get_chemical_symbols())
    first, second = symbols[pairs.first], symbols[pairs.second]
    return any(
        bool((pairs.distances[(first == one) & (second == other)] < distance).any())
        for (one, other), distance in shortest.items()
    )


def relaxed_at_volume(
    potential: Calculator, prototype: Prototype, lattice_constant: float, fmax: float = 1e-4, max_steps: int = 200
) -> Atoms:
    """Primitive cell of a prototype relaxed at fixed volume: its free internal coordinates, and its shape unless it is cubic.

    The symmetry is kept: a saddle point of higher symmetry stays one. ``fmax`` in eV/Å; single-precision potentials carry
    noise of about 1e-6 eV/Å.

    Parameters
    ----------
    lattice_constant
        Å. The volume is that of the prototype's cell, scaled without a change of shape until a is this.

    Raises
    ------
    StaticsError
        If the crystal does not come to rest within ``max_steps``, or atoms collapse.
    """
    atoms = primitive_cell(prototype, lattice_constant)
    atoms.calc = potential
    atoms.set_constraint(FixSymmetry(atoms, symprec=1e-4))
    free = atoms if prototype.cubic else FrechetCellFilter(atoms, constant_volume=True)
    converged = BFGS(cast(Atoms, free), logfile=None, maxstep=0.05).run(fmax=fmax, steps=max_steps)
    if not converged or nearer_than(atoms, SHORTEST_DISTANCE):
        what = "the internal coordinates do not relax" if prototype.cubic else "shape and coordinates do not relax"
        raise StaticsError(
            f"lattice constant {lattice_constant:g} Å: {what} to {fmax:g} eV/Å in {max_steps} steps; the potential does not "
            "hold there, choose a narrower range"
        )
    atoms.set_constraint()
    return atoms


def relax(
    potential: Calculator,
    atoms: Atoms,
    pressure: float,
    effort: Effort,
    keep_symmetry: bool = False,
    smallest_volume: float | None = None,
) -> Relaxed | None:
    """Relax positions and cell at a hydrostatic pressure (GPa); None if the crystal collapses.

    Collapse means that the potential does not hold there: atoms come nearer than ``effort.shortest``, or the volume leaves
    its range. The range starts at ``smallest_volume`` and ends at the start's volume over `SMALLEST_VOLUME`.

    Parameters
    ----------
    keep_symmetry
        Stay within the space group of the start.
    smallest_volume
        Å³/atom; None: `SMALLEST_VOLUME` times the start's.
    """
    atoms = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    atoms.calc = potential
    if keep_symmetry:
        atoms.set_constraint(FixSymmetry(atoms, symprec=EXACT))
    start = volume = atoms.get_volume() / len(atoms)
    smallest = SMALLEST_VOLUME * start if smallest_volume is None else smallest_volume
    # Not FrechetCellFilter: its matrix logarithms take longer than the potential does.
    free = UnitCellFilter(atoms, scalar_pressure=pressure * units.GPa)
    optimizer = BFGS(cast(Atoms, free), logfile=None, maxstep=0.1)  # ASE's types do not know that a filter will do
    converged = False
    try:
        for converged in optimizer.irun(fmax=effort.fmax, steps=effort.max_steps):  # noqa: B007 the last value is the answer
            volume = atoms.get_volume() / len(atoms)
            if not smallest < volume < start / SMALLEST_VOLUME or nearer_than(atoms, effort.shortest):
                return None
    except RuntimeError as error:  # FixSymmetry refuses steps that strain the cell by a quarter
        log.info("relaxation given up: %s", error)
        return None
    atoms.set_constraint()
    enthalpy = atoms.get_potential_energy() / len(atoms) + pressure * units.GPa * volume
    atoms.calc = None
    return Relaxed(atoms, pressure, enthalpy, volume, space_group(atoms, effort.symprec), bool(converged))
