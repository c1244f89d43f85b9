"""Neighbour lists with a skin (Verlet lists) for periodic cells of any shape and size, many frames at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass
class Pairs:
    """Ordered pairs closer than a reach, both directions, of F frames with N atoms each.

    Attributes
    ----------
    first : (F N + 1,) array of int64
        Pairs ``first[i]`` to ``first[i + 1]`` belong to atom i; atoms are counted through all frames.
    other : (P,) array of int32
        The neighbour.
    image : (P,) array of int32
        Which of ``shifts``: the neighbour is at its position plus that many cell vectors.
    shifts : (I, 3) array
        Numbers of cell vectors.
    frames : (I,) array of int64
        Frame of each shift.
    """

    first: np.ndarray
    other: np.ndarray
    image: np.ndarray
    shifts: np.ndarray
    frames: np.ndarray


def find_pairs(positions: np.ndarray, cells: np.ndarray, reach: float) -> Pairs:
    """All pairs closer than ``reach`` under periodic boundaries.

    Parameters
    ----------
    positions : (F, N, 3) array
        Å; atoms may lie outside of their cells.
    cells : (F, 3, 3) array
        Å; rows are vectors, of either handedness.
    reach
        Å; may be longer than the cell.
    """
    parts, shifts, frames = [], [], []
    count = positions.shape[1]
    for frame, (place, cell) in enumerate(zip(positions, cells, strict=True)):
        first, other, image, numbers = _pairs_of(np.ascontiguousarray(place, float), np.asarray(cell, float), reach)
        parts.append((first[1:] - first[:-1], other + frame * count, image + sum(len(s) for s in shifts)))
        shifts.append(numbers)
        frames.append(np.full(len(numbers), frame))
    lengths, other, image = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Pairs(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        other.astype(np.int32),
        image.astype(np.int32),
        np.concatenate(shifts).astype(float),
        np.concatenate(frames).astype(np.int64),
    )


def _pairs_of(positions: np.ndarray, cell: np.ndarray, reach: float):
    inverse = np.linalg.inv(cell)
    heights = 1 / np.linalg.norm(inverse, axis=0)  # distances between the cell's faces, Å
    fractional = positions @ inverse
    inside = np.floor(fractional)
    fractional -= inside
    layers = np.ceil(reach / heights).astype(np.int64)
    bins = np.maximum(1, np.minimum(heights / reach * 2, 32)).astype(np.int64)
    steps = np.ceil(reach / heights * bins).astype(np.int64)
    order, starts = _sort(fractional, bins)
    numbers = np.stack(np.meshgrid(*[np.arange(-2 * n - 1, 2 * n + 2) for n in layers], indexing="ij"), -1)
    sizes = np.array(numbers.shape[:3])
    first, other, image = _search(fractional, cell, reach, bins, steps, order, starts, sizes)
    # a pair is counted from wrapped positions; take back what wrapping took
    shifts = numbers.reshape(-1, 3)[image]
    owner = np.repeat(np.arange(len(positions)), np.diff(first))
    shifts = shifts - inside[other].astype(int) + inside[owner].astype(int)
    numbers, image = np.unique(shifts, axis=0, return_inverse=True)
    return first, other, image.ravel(), numbers


@njit(cache=True, error_model="numpy")
def _sort(fractional, bins):
    """Atoms by bins: order, and the first place of each bin."""
    count = len(fractional)
    number = np.empty(count, np.int64)
    starts = np.zeros(bins[0] * bins[1] * bins[2] + 1, np.int64)
    for i in range(count):
        bin_of = 0
        for axis in range(3):
            k = min(int(fractional[i, axis] * bins[axis]), bins[axis] - 1)
            bin_of = bin_of * bins[axis] + k
        number[i] = bin_of
        starts[bin_of + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    order, filled = np.empty(count, np.int64), starts.copy()
    for i in range(count):
        order[filled[number[i]]] = i
        filled[number[i]] += 1
    return order, starts


@njit(cache=True, error_model="numpy")
def _search(fractional, cell, reach, bins, steps, order, starts, sizes):
    """Pairs by atoms: counts first, then fills."""
    count = len(fractional)
    first = np.zeros(count + 1, np.int64)
    other, image = np.empty(0, np.int64), np.empty(0, np.int64)
    for turn in range(2):
        place = 0
        for i in range(count):
            a, b, c = fractional[i]
            home = (int(a * bins[0]), int(b * bins[1]), int(c * bins[2]))
            for u in range(home[0] - steps[0], home[0] + steps[0] + 1):
                su = u // bins[0]
                for v in range(home[1] - steps[1], home[1] + steps[1] + 1):
                    sv = v // bins[1]
                    for w in range(home[2] - steps[2], home[2] + steps[2] + 1):
                        sw = w // bins[2]
                        k = ((u - su * bins[0]) * bins[1] + v - sv * bins[1]) * bins[2] + w - sw * bins[2]
                        shift = ((su + sizes[0] // 2) * sizes[1] + sv + sizes[1] // 2) * sizes[2] + sw + sizes[2] // 2
                        for p in range(starts[k], starts[k + 1]):
                            j = order[p]
                            x = fractional[j, 0] + su - a
                            y = fractional[j, 1] + sv - b
                            z = fractional[j, 2] + sw - c
                            dx = x * cell[0, 0] + y * cell[1, 0] + z * cell[2, 0]
                            dy = x * cell[0, 1] + y * cell[1, 1] + z * cell[2, 1]
                            dz = x * cell[0, 2] + y * cell[1, 2] + z * cell[2, 2]
                            same = i == j and su == 0 and sv == 0 and sw == 0
                            if same or dx * dx + dy * dy + dz * dz >= reach * reach:
                                continue
                            if turn:
                                other[place], image[place] = j, shift
                            place += 1
            if turn == 0:
                first[i + 1] = place
        if turn == 0:
            other, image = np.empty(place, np.int64), np.empty(place, np.int64)
    return first, other, image
