"""Sizes of the blocks of atoms, one per species, to which batches are padded.

JAX compiles a function anew for each shape of its arguments, which takes half a minute for three species. So batches of many
compositions share few shapes. Atoms that are added have no neighbours, and their energies do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

Shape = tuple[int, ...]

MOST = 4
"""Shapes that a training compiles for its batches, and as many for single frames."""


def least(counts: Iterable[int]) -> Shape:
    """Atoms of each species, one where there is none: no block is empty."""
    return tuple(max(1, number) for number in counts)


def covers(shape: Shape, counts: Shape) -> bool:
    """Whether blocks of a shape hold so many atoms of each species."""
    return all(most >= number for most, number in zip(shape, counts, strict=True))


def few_shapes(compositions: Iterable[Shape], most: int = MOST) -> list[Shape]:
    """At most ``most`` shapes that hold all compositions, chosen so that few atoms are added.

    Parameters
    ----------
    compositions
        Atoms of each species, once per frame. As many shapes as there are compositions, if these are few: then no atom is
        added, unless a species is absent.

    Returns
    -------
    list of tuples, the fewest atoms first
    """
    frames = Counter(least(one) for one in compositions)
    members = {shape: {shape: number} for shape, number in frames.items()}
    while len(members) > most:
        shapes = list(members)
        pairs = [(a, b) for index, a in enumerate(shapes) for b in shapes[:index]]

        def added(pair: tuple[Shape, Shape], known: dict[Shape, dict[Shape, int]] = members) -> int:
            whole = sum(map(max, *pair))
            return sum(number * (whole - sum(shape)) for shape in pair for number in known[shape].values())

        one, other = min(pairs, key=added)
        joined = members.pop(one) | members.pop(other)
        shape = tuple(map(max, one, other))
        members[shape] = members.get(shape, {}) | joined
    return sorted(members, key=sum)


def shape_for(counts: Iterable[int], shapes: Iterable[Shape]) -> Shape:
    """The smallest of the shapes that holds so many atoms of each species; their own numbers if none does."""
    wanted = least(counts)
    return min((shape for shape in shapes if covers(shape, wanted)), key=sum, default=wanted)
