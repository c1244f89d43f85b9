"""Random crystals of many space groups, relaxed.

Random crystals find what nobody thought of (Pickard and Needs, J. Phys.: Condens. Matter 23, 053201 (2011)). Å, eV, GPa.
"""

from __future__ import annotations

import itertools
import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from ase.constraints import FixSymmetry
from ase.neighborlist import neighbor_list

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.symmetry import EXACT, reduced_primitive_cell, sorted_by_element
from qcrystal.search.candidates import Candidate
from qcrystal.search.settle import Fates, SearchTask, count_table, settle
from qcrystal.statics.relax import Shortest

log = logging.getLogger(__name__)

# Part of the shortest distances that pyxtal demands of its random points; `spread_apart` does the rest. Demanding more makes
# it draw hundreds of times in dense crystals of low symmetry.
CROWDING = 0.5
# Random crystals start up to this factor above the known crystal's volume, so that they can rearrange.
LARGEST_START = 1.2


def random_crystal(
    counts: dict[str, int], group: int, volume: float, shortest: Shortest, rng: np.random.Generator
) -> Atoms | None:
    """Random crystal of a space group by pyxtal; None where the composition does not fit the group.

    Parameters
    ----------
    counts
        Atoms of each element in the primitive cell.
    group
        Number of the space group.
    volume
        Å³ per atom.
    shortest
        Å per pair of elements, or for all; atoms end up further apart.
    rng
        Draws lattice, Wyckoff positions and coordinates.

    Returns
    -------
    ase.Atoms or None
        Primitive, Niggli-reduced cell. None also where the atoms do not fit into the volume.
    """
    from pyxtal import pyxtal  # takes seconds: only those who search pay for it
    from pyxtal.lattice import Lattice
    from pyxtal.msg import Comp_CompatibilityError
    from pyxtal.symmetry import Group
    from pyxtal.tolerance import Tol_matrix

    symmetry, crystal = Group(group), pyxtal()
    elements = itertools.combinations_with_replacement(counts, 2)
    tolerances = Tol_matrix(*[(*pair, CROWDING * _distance(shortest, *pair)) for pair in elements])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lattice = Lattice(symmetry.lattice_type, volume * sum(counts.values()) * symmetry.cellsize(), random_state=rng)
        try:
            crystal.from_random(
                3,
                group,
                list(counts),
                list(counts.values()),
                conventional=False,
                lattice=lattice,
                tm=tolerances,
                random_state=rng,
                max_count=1,
            )
        except (Comp_CompatibilityError, RuntimeError):  # RuntimeError: no points far enough apart were found
            return None
    atoms = reduced_primitive_cell(sorted_by_element(crystal.to_ase(), list(counts)), EXACT)
    if len(atoms) != sum(counts.values()):
        return None  # drawn with more translations than the group's own: a smaller cell's turn
    return atoms if spread_apart(atoms, shortest) else None


def spread_apart(atoms: Atoms, shortest: Shortest, rounds: int = 200) -> bool:
    """Move atoms along their connections, in place, until none are nearer than ``shortest`` (Å); False if that fails.

    Every pair moves by half of what it lacks, all at once and within the crystal's symmetry: rounding would grow out of it.
    """
    atoms.set_constraint(FixSymmetry(atoms, symprec=EXACT))
    symbols = np.array(atoms.get_chemical_symbols())
    for _ in range(rounds):
        i, j, vectors, distances = neighbor_list("ijDd", atoms, shortest)
        if not len(i):
            break
        if distances.min() < EXACT:
            return False
        wanted = np.array([_distance(shortest, a, b) for a, b in zip(symbols[i], symbols[j], strict=True)])
        # A little more than is lacking, or the last touch takes for ever.
        push = 0.5 * (1.02 * wanted - distances) / distances
        shifts = np.zeros_like(atoms.positions)
        np.add.at(shifts, i, -push[:, None] * vectors)
        atoms.set_positions(atoms.positions + shifts)
    atoms.set_constraint()
    return not len(i)


def _distance(shortest: Shortest, first: str, second: str) -> float:
    if not isinstance(shortest, Mapping):
        return shortest
    return shortest.get((first, second), shortest.get((second, first), 0.0))


def random_candidates(
    task: SearchTask, numbers: Iterable[int], formula_units: Sequence[int], groups: Sequence[int]
) -> tuple[list[Candidate], pd.DataFrame]:
    """Relax random crystals of the prototype's composition.

    Parameters
    ----------
    task
        Start n is relaxed at the n-th of its pressures, in turn.
    numbers
        Numbers of the starts; the same seed and number are the same start, whatever batch it is in.
    formula_units
        In the primitive cell, in turn.
    groups
        Space groups that are drawn from.

    Returns
    -------
    candidates : list of Candidate
    counts : pandas.DataFrame
        origin, pressure, fate, number. Fates are kept, higher (than the window), collapsed, not converged, and no crystal. The
        last means that the composition does not fit the space group, or the atoms not the volume.
    """
    known = task.known_crystals()
    pressures = list(known)
    unit = Counter(primitive_cell(task.prototype, task.prototype.lattice_constant).get_chemical_symbols())
    numbers, found = list(numbers), []
    fates: Fates = Counter()
    for done, number in enumerate(numbers, 1):
        rng = np.random.default_rng([task.seed, number])
        pressure = pressures[number % len(pressures)]
        multiple = formula_units[number // len(pressures) % len(formula_units)]
        group, volume = int(rng.choice(groups)), known[pressure].volume * rng.uniform(1.0, LARGEST_START)
        counts = {element: multiple * count for element, count in unit.items()}
        start = random_crystal(counts, group, volume, task.effort.shortest, rng)
        fate = "no crystal"
        if start is not None:
            crystals, fate = settle(task, start, known[pressure], rng)
            found += [Candidate(relaxed, f"random {group} #{number}") for relaxed in crystals]
        fates[pressure, fate] += 1
        log.info("start %d/%d, space group %d, %g GPa: %s", done, len(numbers), group, pressure, fate)
    return found, count_table("random", fates)
