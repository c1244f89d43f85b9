"""Compositions of ternary hydrides A_m B_n H_x: the space that a search goes through.

The bounds are those of X. Wang et al., arXiv 2502.16558 (2025), fig. 1a: m, n ≤ 4 and 3(m+n) ≤ x ≤ 10(m+n).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qcrystal.crystal.formulas import HYDROGEN, Space, check_space, hydrogens


class Composition(NamedTuple):
    """Atoms of a cell: ``first`` and ``second`` are elements, m, n and x their numbers and that of hydrogen."""

    first: str
    second: str
    m: int
    n: int
    x: int

    @property
    def atoms(self) -> int:
        """Atoms of the cell."""
        return self.m + self.n + self.x

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element; elements without an atom are left out."""
        numbers = {self.first: self.m, self.second: self.n, HYDROGEN: self.x}
        return {element: number for element, number in numbers.items() if number}

    @property
    def formula(self) -> str:
        """``Ca3YH24``; a multiple of a formula keeps its factor, ``Ca2Y2H24``."""
        return "".join(f"{element}{number if number > 1 else ''}" for element, number in self.counts.items())

    @property
    def reduced(self) -> Composition:
        """The formula unit: numbers without a common divisor."""
        divisor = math.gcd(self.m, self.n, self.x)
        return self._replace(m=self.m // divisor, n=self.n // divisor, x=self.x // divisor)


def compositions(elements: Sequence[str], space: Space, max_atoms: int | None = None) -> Iterator[Composition]:
    """Every composition of every pair of elements, multiples of a formula too.

    Parameters
    ----------
    elements
        Partners of hydrogen. In a pair the earlier one comes first.
    max_atoms
        Atoms of a cell at most; None: no bound.

    Raises
    ------
    CompositionError
        There is none: fewer than two elements, ``ratio`` the wrong way round, or ``max_atoms`` below the smallest.
    """
    check_space(elements, space, max_atoms)
    for first, second in itertools.combinations(elements, 2):
        for m, n in itertools.product(range(1, space.largest_m + 1), range(1, space.largest_n + 1)):
            least, most = hydrogens(space, m + n)
            for x in range(least, most + 1):
                found = Composition(first, second, m, n, x)
                if max_atoms is None or found.atoms <= max_atoms:
                    yield found
