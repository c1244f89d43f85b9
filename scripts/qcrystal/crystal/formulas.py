"""Formulas of hydrides: what a formula says, and the bounds of a space of formulas A_m B_n H_x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ase.data import chemical_symbols
from ase.formula import Formula

from qcrystal.errors import Problem, QcrystalError

HYDROGEN = "H"


class CompositionError(QcrystalError, ValueError):
    """A space without compositions, or a formula that is none; one line."""


class Space(NamedTuple):
    """Bounds of the compositions: ``largest_m`` and ``largest_n``; ``ratio`` is the least and largest x/(m+n)."""

    largest_m: int
    largest_n: int
    ratio: tuple[float, float]


def hydrogens(space: Space, metals: int) -> tuple[int, int]:
    """Least and largest number of hydrogen atoms beside so many metal atoms."""
    return math.ceil(space.ratio[0] * metals - 1e-9), math.floor(space.ratio[1] * metals + 1e-9)


def check_space(elements: Sequence[str], space: Space, max_atoms: int | None, where: str = "") -> None:
    """Make sure that a space has a composition; `CompositionError` says what to change."""
    if len(elements) < 2:
        raise CompositionError(Problem(where, "elements", f"{list(elements)} has no pair", "name two or more"))
    low, high = space.ratio
    if low > high:
        raise CompositionError(Problem(where, "formula.ratio", f"from {low:g} to {high:g}", "put the smaller first"))
    metals = range(2, space.largest_m + space.largest_n + 1)
    sizes = [total + hydrogens(space, total)[0] for total in metals if _is_filled(space, total)]
    if not sizes:
        found = f"from {low:g} to {high:g} leaves no whole number of hydrogen atoms"
        raise CompositionError(Problem(where, "formula.ratio", found, "widen it"))
    if max_atoms is not None and min(sizes) > max_atoms:
        smallest = next(total for total in metals if total + hydrogens(space, total)[0] == min(sizes))
        found = f"{max_atoms} leaves no composition: the smallest has {min(sizes)} atoms ({smallest} of metals)"
        raise CompositionError(Problem(where, "max_atoms", found, f"take {min(sizes)} or more"))


def _is_filled(space: Space, metals: int) -> bool:
    least, most = hydrogens(space, metals)
    return least <= most


def parsed(formula: str) -> dict[str, int]:
    """Atoms of each element of a formula such as ``Sr3Y4H42``.

    Raises
    ------
    CompositionError
        It is none.
    """
    try:
        counts = Formula(formula, strict=True).count()
    except ValueError:
        counts = {}
    known = not set(counts) - set(chemical_symbols[1:]) and 0 not in counts.values()
    if not counts or not known or not formula[0].isalpha():
        raise CompositionError(Problem("", "", f"{formula!r:.60} is no formula", "write it as Ca3YH24"))
    return {str(element): int(number) for element, number in counts.items()}


def formula_unit(formula: str) -> str:
    """The formula with numbers that have no common divisor, its elements in Hill's order: one text for one unit."""
    parsed(formula)
    return f"{Formula(formula).reduce()[0]:hill}"
