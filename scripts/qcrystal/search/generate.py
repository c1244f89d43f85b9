"""Starts of a search over compositions: random symmetric crystals, and orderings of metals on known prototypes. Å."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.build import make_supercell

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.formulas import HYDROGEN
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import (
    EXACT,
    reduced_primitive_cell,
    sorted_by_element,
    symmetry_dataset,
    symmetry_operations,
)
from qcrystal.search.compositions import Composition
from qcrystal.search.random_crystals import random_crystal
from qcrystal.statics.relax import Shortest

VOLUMES = (0.95, 1.15)
"""Volumes of the starts, relative to those of the references that the composition would fall apart into."""
TRIES = 20
"""Space groups that are tried for one random crystal before it is given up."""
SAME_SITE, SAME_LENGTH, SAME_ANGLE = 0.05, 0.01, 0.5
"""Of (V/N)^(1/3), relative, degrees: two orderings of one lattice that agree within these are one."""


class Start(NamedTuple):
    """A start of a relaxation, and a text that says how it was made."""

    atoms: Atoms
    origin: str


@functools.cache
def fitting_groups(counts: tuple[int, ...], groups: tuple[int, ...]) -> tuple[int, ...]:
    """Space groups, of those given, whose Wyckoff positions can hold so many atoms of each element in a primitive cell.

    A group drawn blindly rarely fits a composition, and finding out by drawing takes seconds.
    """
    from pyxtal.symmetry import Group  # takes seconds: only those who search pay for it

    found = []
    for number in groups:
        group = Group(number)
        whole = [count * int(group.cellsize()) for count in counts]
        if group.check_compatible(whole)[0]:
            found.append(number)
    return tuple(found)


def random_start(
    composition: Composition,
    groups: Sequence[int],
    volume: float,
    shortest: Shortest,
    rng: np.random.Generator,
) -> Start | None:
    """A random crystal of a composition in one of the space groups that fit it; None if none was found in `TRIES` draws.

    Parameters
    ----------
    volume
        Å³/atom of the references; the start has `VOLUMES` times as much.
    shortest
        Å per pair of elements.
    """
    counts = composition.counts
    fitting = fitting_groups(tuple(counts.values()), tuple(groups))
    for _ in range(TRIES if fitting else 0):
        group, part = int(rng.choice(fitting)), rng.uniform(*VOLUMES)
        atoms = random_crystal(counts, group, part * volume, shortest, rng)
        if atoms is not None:
            return Start(atoms, f"random {group}")
    return None


def hermite_normal_forms(size: int) -> Iterator[np.ndarray]:
    """Every superlattice of a lattice with cells ``size`` times as large, once: (3, 3) matrices whose rows are its vectors.

    [G. L. W. Hart, R. W. Forcade, Phys. Rev. B 77, 224115 (2008)]
    """
    for a in range(1, size + 1):
        if size % a:
            continue
        for c in range(1, size // a + 1):
            if size // a % c:
                continue
            f = size // (a * c)
            for b, d, e in itertools.product(range(c), range(f), range(f)):
                yield np.array([[a, b, d], [0, c, e], [0, 0, f]])


def orderings(prototype: Prototype, name: str, elements: Sequence[str], metals: int) -> list[Start]:
    """All different orderings of two elements on the metal sites of a prototype, hydrogen as it is.

    Parameters
    ----------
    elements
        The two that take the metals' places. Both are in every ordering. A prototype of two metals keeps its sites apart:
        the elements are put on them both ways round.
    metals
        Metal atoms in a cell at most.

    Returns
    -------
    list of Start
        Primitive cells at the prototype's lattice constant. Two orderings that a symmetry of the lattice takes into each
        other are one.
    """
    cell = primitive_cell(prototype, prototype.lattice_constant)
    places = _metal_sites(cell)
    kinds = list(dict.fromkeys(cell.symbols[places]))
    if len(kinds) > 1:
        pairs = itertools.permutations(elements)
        return [_exchanged(cell, dict(zip(kinds, pair, strict=True)), name) for pair in pairs]
    # where the hydrogen breaks no symmetry of the metals' lattice, the metals alone tell two orderings apart
    metals_tell = _operations(cell) == _operations(cell[places])
    found: dict[tuple, list[tuple[Atoms, Atoms]]] = {}
    for size in range(1, metals // len(places) + 1):
        for matrix in hermite_normal_forms(size):
            larger = make_supercell(cell, matrix)
            for colours in itertools.product(elements, repeat=len(_metal_sites(larger))):
                if len(set(colours)) == 2:
                    _keep(found, larger, colours, metals_tell)
    starts = (atoms for known in found.values() for atoms, _ in known)
    ordered = [sorted_by_element(reduced_primitive_cell(atoms, EXACT), [*elements, HYDROGEN]) for atoms in starts]
    return [Start(atoms, f"ordering of {name}") for atoms in ordered]


def _metal_sites(atoms: Atoms) -> list[int]:
    return [index for index, symbol in enumerate(atoms.get_chemical_symbols()) if symbol != HYDROGEN]


def _operations(atoms: Atoms) -> int:
    """Number of symmetry operations of a cell."""
    return len(symmetry_operations(atoms, EXACT)[0])


def _exchanged(cell: Atoms, names: dict[str, str], name: str) -> Start:
    """A prototype with its metals renamed."""
    atoms = cell.copy()
    atoms.set_chemical_symbols([names.get(symbol, symbol) for symbol in cell.get_chemical_symbols()])
    return Start(sorted_by_element(atoms, [*names.values(), HYDROGEN]), f"ordering of {name}")


def _keep(
    found: dict[tuple, list[tuple[Atoms, Atoms]]], larger: Atoms, colours: Sequence[str], metals_tell: bool
) -> None:
    """Add a colouring to those found before, unless it is one of them, or has a smaller cell.

    ``found`` holds pairs of a crystal and the part of it by which it is compared, by what two that are one must share.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher  # takes seconds
    from pymatgen.io.ase import AseAtomsAdaptor

    whole, sites = larger.copy(), _metal_sites(larger)
    symbols = whole.get_chemical_symbols()
    for site, colour in zip(sites, colours, strict=True):
        symbols[site] = colour
    whole.set_chemical_symbols(symbols)
    compared = whole[sites] if metals_tell else whole  # metals may have a smaller cell than the hydrogen leaves them
    data = symmetry_dataset(compared, EXACT)
    if data is None or len(set(data.mapping_to_primitive)) < len(compared):
        return
    key = (len(sites), tuple(sorted(colours)), data.number)
    matcher = StructureMatcher(
        ltol=SAME_LENGTH, stol=SAME_SITE, angle_tol=SAME_ANGLE, primitive_cell=False, scale=False
    )
    one = AseAtomsAdaptor.get_structure(compared)
    if not any(matcher.fit(one, AseAtomsAdaptor.get_structure(other)) for _, other in found.get(key, [])):
        found.setdefault(key, []).append((whole, compared))


def at_volume(start: Start, volume: float) -> Start:
    """A start scaled to a volume (Å³/atom) without a change of shape."""
    atoms = start.atoms.copy()
    scale = (volume * len(atoms) / atoms.get_volume()) ** (1 / 3)
    atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
    return start._replace(atoms=atoms)
