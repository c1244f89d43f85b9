"""Numbers of atoms to which blocks of atoms are padded.

JAX compiles a function anew for each shape of its arguments, which takes seconds. A block holds the atoms of one species in a
batch, and every species has the same networks but for their weights. So blocks of all species and of all compositions share
few sizes. Atoms that are added have no neighbours, and their energies do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

MOST = 4
"""Sizes that a training compiles."""


def few_sizes(numbers: Iterable[int], most: int = MOST) -> list[int]:
    """At most ``most`` sizes that hold all blocks, chosen so that the fewest atoms are added.

    Parameters
    ----------
    numbers
        Atoms of each block, once per evaluation. Blocks without an atom need no size.

    Returns
    -------
    list of int, the smallest first
    """
    blocks = Counter(number for number in numbers if number)
    sizes = sorted(blocks)
    if len(sizes) <= most:
        return sizes
    before = [0, *accumulate(blocks[size] for size in sizes)]
    atoms = [0, *accumulate(blocks[size] * size for size in sizes)]

    def added(first: int, last: int) -> int:
        """Atoms added where blocks of the sizes first to last - 1 are padded to the largest of them."""
        return (before[last] - before[first]) * sizes[last - 1] - (atoms[last] - atoms[first])

    # fewest atoms added to the blocks of the first n sizes by k of them, and which these are
    best: list[tuple[int, list[int]]] = [(added(0, n), [sizes[n - 1]]) if n else (0, []) for n in range(len(sizes) + 1)]
    for k in range(1, most):
        best = best[: k + 1] + [
            min((best[m][0] + added(m, n), [*best[m][1], sizes[n - 1]]) for m in range(k, n))
            for n in range(k + 1, len(sizes) + 1)
        ]
    return best[-1][1]


def size_for(number: int, sizes: Iterable[int]) -> int:
    """The smallest of the sizes that holds so many atoms; their own number if none does, or if there are none."""
    return min((size for size in sizes if size >= number), default=number) if number else 0
