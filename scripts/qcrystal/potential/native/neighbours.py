"""Neighbour lists with a skin (Verlet lists) for periodic cells of any shape and size, many frames of any sizes at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcrystal.potential.native.compiling import jit


@dataclass
class Pairs:
    """Ordered pairs closer than a reach, both directions, of F frames with A atoms together.

    Attributes
    ----------
    first : (A + 1,) array of int64
        Pairs ``first[i]`` to ``first[i + 1]`` belong to atom i; atoms are counted through all frames.
    other : (P,) array of int32
        The neighbour.
    image : (P,) array of int32
        Which of ``shifts``: the neighbour is at its position plus that many cell vectors. Pairs are in the order of atom,
        neighbour, shift.
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


class Lists:
    """Pairs with a skin that serve as long as no pair can have come within the cutoff unseen.

    Whether lists are old or new does not change a digit, as their order is that of the atoms' numbers. An atom that was put
    back into the cell needs new lists.

    Parameters
    ----------
    positions, cells, starts
        As for `find_pairs`, of the moment at which the lists are made.
    cutoff, skin
        Å.

    Attributes
    ----------
    pairs : Pairs
    fractional, cells
        Of the atoms when the lists were made.
    shifts : (I, 3) array
        Å; of the pairs' images in the cells of the last call of `follow`.
    """

    def __init__(self, positions: np.ndarray, cells: np.ndarray, starts: np.ndarray, cutoff: float, skin: float):
        self.pairs = find_pairs(positions, cells, starts, cutoff + skin)
        self.cells = cells.copy()
        lengths = np.diff(starts)
        self.fractional = np.einsum("ai,aij->aj", positions, np.repeat(np.linalg.inv(cells), lengths, axis=0))
        self.shifts = np.empty_like(self.pairs.shifts)


@jit
def _inverse(m):
    result = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b, c, d = (j + 1) % 3, (j + 2) % 3, (i + 1) % 3, (i + 2) % 3
            result[i, j] = m[a, c] * m[b, d] - m[a, d] * m[b, c]
    return result / (m[0, 0] * result[0, 0] + m[0, 1] * result[1, 0] + m[0, 2] * result[2, 0])


@jit
def follow(positions, cells, starts, old, old_cells, reach, skin, numbers, frames, shifts):
    """Take new positions and cells into `Lists`; False if the lists do not serve them.

    What two atoms have moved against the cell, and its strain times their distance, must be less than the skin.
    """
    for frame in range(len(cells)):
        cell, inverse, before = cells[frame], _inverse(cells[frame]), _inverse(old_cells[frame])
        strain = 0.0
        for i in range(3):
            for j in range(3):
                value = before[i, 0] * cell[0, j] + before[i, 1] * cell[1, j] + before[i, 2] * cell[2, j]
                strain += (value - (1.0 if i == j else 0.0)) ** 2
        farthest = (skin - np.sqrt(strain) * reach) / 2
        for i in range(starts[frame], starts[frame + 1]):
            x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
            a = x * inverse[0, 0] + y * inverse[1, 0] + z * inverse[2, 0] - old[i, 0]
            b = x * inverse[0, 1] + y * inverse[1, 1] + z * inverse[2, 1] - old[i, 1]
            c = x * inverse[0, 2] + y * inverse[1, 2] + z * inverse[2, 2] - old[i, 2]
            x = a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0]
            y = a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1]
            z = a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2]
            if not np.sqrt(x * x + y * y + z * z) < farthest:  # also where it is not a number
                return False
    for k in range(len(numbers)):
        cell = cells[frames[k]]
        for b in range(3):
            shifts[k, b] = numbers[k, 0] * cell[0, b] + numbers[k, 1] * cell[1, b] + numbers[k, 2] * cell[2, b]
    return True


def find_pairs(positions: np.ndarray, cells: np.ndarray, starts: np.ndarray, reach: float) -> Pairs:
    """All pairs closer than ``reach`` under periodic boundaries.

    Parameters
    ----------
    positions : (A, 3) array
        Å; atoms of all frames, which may lie outside of their cells.
    cells : (F, 3, 3) array
        Å; rows are vectors, of either handedness.
    starts : (F + 1,) array
        Atoms ``starts[f]`` to ``starts[f + 1]`` belong to frame f.
    reach
        Å; may be longer than the cell.
    """
    parts, frames, shifts = [], [], []
    images = 0
    for frame, cell in enumerate(cells):
        place = np.ascontiguousarray(positions[starts[frame] : starts[frame + 1]], float)
        first, other, image, numbers = _pairs_of(place, np.asarray(cell, float), reach)
        parts.append((first[1:] - first[:-1], other + starts[frame], image + images))
        images += len(numbers)
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
    sizes = 4 * layers + 3  # images that a search may come to
    first, other, image = _search(fractional, cell, reach, bins, steps, order, starts, sizes)
    return _ordered(first, other, image, sizes, inside.astype(np.int64))


@jit
def _ordered(first, other, image, sizes, inside):
    """The pairs by numbers of atom, neighbour and image, the latter from the positions as they were before wrapping.

    As every pair is there in both directions, the neighbours of neighbours in order are pairs in the wanted order.
    """
    count, total = len(first) - 1, len(other)
    span = np.zeros(3, np.int64)
    codes, found = np.empty((total, 3), np.int64), np.zeros(count + 1, np.int64)
    for j in range(count):
        for p in range(first[j], first[j + 1]):
            i, code = other[p], image[p]
            found[i + 1] += 1
            codes[p, 2] = code % sizes[2] - sizes[2] // 2
            codes[p, 1] = code // sizes[2] % sizes[1] - sizes[1] // 2
            codes[p, 0] = code // (sizes[2] * sizes[1]) - sizes[0] // 2
            for axis in range(3):
                codes[p, axis] = inside[i, axis] - inside[j, axis] - codes[p, axis]  # from i to j
                span[axis] = max(span[axis], abs(codes[p, axis]))
    for i in range(count):
        found[i + 1] += found[i]
    place, neighbours, numbers = found.copy(), np.empty(total, np.int64), np.empty(total, np.int64)
    b, c = 2 * span[1] + 1, 2 * span[2] + 1
    used = np.zeros((2 * span[0] + 1) * b * c, np.int64)
    for j in range(count):
        for p in range(first[j], first[j + 1]):
            i = other[p]
            code = ((codes[p, 0] + span[0]) * b + codes[p, 1] + span[1]) * c + codes[p, 2] + span[2]
            used[code] = 1
            q = place[i]
            while q > found[i] and neighbours[q - 1] == j and numbers[q - 1] > code:
                numbers[q] = numbers[q - 1]
                q -= 1
            neighbours[place[i]], numbers[q] = j, code
            place[i] += 1
    shifts, taken = np.empty((used.sum(), 3), np.int64), 0
    for code in range(len(used)):
        if used[code]:
            shifts[taken] = code // (b * c) - span[0], code // c % b - span[1], code % c - span[2]
            used[code] = taken
            taken += 1
    for p in range(total):
        numbers[p] = used[numbers[p]]
    return found, neighbours, numbers, shifts


@jit
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


@jit
def _search(fractional, cell, reach, bins, steps, order, starts, sizes):
    """Pairs by atoms."""
    count, place = len(fractional), 0
    first = np.zeros(count + 1, np.int64)
    other, image = np.empty(128 * count, np.int64), np.empty(128 * count, np.int64)
    largest = reach * reach
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
                    if place + starts[k + 1] - starts[k] > len(other):
                        other, image = _longer(other, place), _longer(image, place)
                    for p in range(starts[k], starts[k + 1]):
                        j = order[p]
                        x = fractional[j, 0] + su - a
                        y = fractional[j, 1] + sv - b
                        z = fractional[j, 2] + sw - c
                        dx = x * cell[0, 0] + y * cell[1, 0] + z * cell[2, 0]
                        dy = x * cell[0, 1] + y * cell[1, 1] + z * cell[2, 1]
                        dz = x * cell[0, 2] + y * cell[1, 2] + z * cell[2, 2]
                        same = i == j and su == 0 and sv == 0 and sw == 0
                        if same or dx * dx + dy * dy + dz * dz >= largest:
                            continue
                        other[place], image[place] = j, shift
                        place += 1
        first[i + 1] = place
    return first, other[:place], image[:place]


@jit
def _longer(values, used):
    """Three times the room: at least 256 places more per atom, which no bin exceeds."""
    result = np.empty(3 * len(values), values.dtype)
    result[:used] = values[:used]
    return result
