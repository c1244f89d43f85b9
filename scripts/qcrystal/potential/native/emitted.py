"""The inner loops of the evaluator, written out in vectors of 16: first over pairs, then over atoms.

An atom's neighbours are summed as A_kc = Σ_j B_k(r_j) Y_c(u_j) over splines B and harmonics Y; rows A_k hold all harmonics side
by side. Everything here is a block of instructions for `qcrystal.potential.native.kernels`, which holds the loops around it.
Arrays are one-dimensional; a capital letter in a comment is an array's shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qcrystal.potential.moments.invariants import coupling
from qcrystal.potential.moments.neighbourhoods import harmonics
from qcrystal.potential.native.arrays import OUTPUTS, row_length
from qcrystal.potential.native.simd import LANES, Emitter, Vector, emitted, transposed

# Eigen's rational approximation of tanh, good to single precision within these limits.
TANH_LIMIT = 7.90531110763549805
TANH_ODD = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
TANH_EVEN = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)


def _weights(emitter: Emitter, t: Vector, scale) -> tuple[list[Vector], list[Vector]]:
    """Four cubic B-splines that are not zero at t in an interval, and their derivatives times ``scale``."""
    t2 = t * t
    t3 = t2 * t
    s = 1.0 - t
    values = [s * s * s * (1 / 6), (4.0 - t2 * 6.0 + t3 * 3.0) * (1 / 6), None, t3 * (1 / 6)]
    values[2] = 1.0 - values[0] - values[1] - values[3]
    slopes = [s * s * -0.5 * scale, (t2 * 1.5 - t * 2.0) * scale, None, t2 * 0.5 * scale]
    slopes[2] = -(slopes[0] + slopes[1] + slopes[3])
    return values, slopes


@emitted
def prepare_pairs(e, pairs, size, place, base, ranges, splines, room, at, rows):
    """Unit vectors, 1/r, spline weights, slopes and row numbers of 16 pairs from ``place`` on, to be kept from ``at`` on.

    - ``pairs`` (3, size): vectors
    - ``base``: first row of the neighbour's species
    - ``splines`` (12, room): unit vector, 1/r, four weights, four slopes
    - ``rows``: the row of the first spline
    - ``ranges``: first knot, 1/spacing
    """
    x, y, z = (e.load(pairs, e.place((axis, size), place)) for axis in range(3))
    squared = (x * x + y * y + z * z).at_least(1e-8)
    inverse = 1.0 / squared.sqrt()
    first, per_length = e.everywhere(ranges, 0), e.everywhere(ranges, 1)
    u = (squared * inverse - first) * per_length
    inside = u.at_least(0.0)
    k = inside.integers()
    t = inside - e.floats(k)
    values, slopes = _weights(e, t, per_length)
    slopes = [slope.zero_where_below(u, 0.0) for slope in slopes]
    for number, vector in enumerate((x * inverse, y * inverse, z * inverse, inverse, *values, *slopes)):
        e.store(splines, e.place((number, room), at), vector)
    e.store_integers(rows, at, e.builder.add(k, e.load_integers(base, place)))


def _harmonics(x: Vector, y: Vector, z: Vector, degree: int) -> tuple[list[Vector], list[tuple[Any, ...]]]:
    """Y_c of c = 0, 1, ... at unit vectors, and the gradients of the polynomials."""
    value: dict[int, Any] = {}  # a vector, or a number where the polynomial is constant
    gradient: dict[tuple[int, int], Any] = {}
    polynomials: Any = harmonics.py_func  # its types are those of numbers; here it runs with vectors
    polynomials(x, y, z, degree, value, gradient)
    size = (degree + 1) ** 2 - 1
    return [value[c] for c in range(size)], [tuple(gradient[c, axis] for axis in range(3)) for c in range(size)]


def _unit_vector(e, splines, size, place) -> tuple[Vector, Vector, Vector]:
    x, y, z = (e.load(splines, e.place((axis, size), place)) for axis in range(3))
    return x, y, z


@emitted
def add_pairs(e, splines, size, place, rows, moments, degree):
    """Add 16 pairs to the rows A of their atom."""
    x, y, z = _unit_vector(e, splines, size, place)
    values = [e.number(1.0), *_harmonics(x, y, z, degree)[0]]
    length = row_length(degree)
    values += [e.number(0.0)] * (length - len(values))
    blocks = [transposed(values[first : first + LANES]) for first in range(0, length, LANES)]
    for lane in range(LANES):
        row = e.integer(rows, e.place(place, lane))
        for q in range(4):
            weight = e.everywhere(splines, e.place((4 + q, size), place, lane))
            for number, block in enumerate(blocks):
                at = e.place((e.place(row, q), length), number * LANES)
                e.store(moments, at, e.load(moments, at) + weight * block[lane])


@emitted
def differentiate_pairs(e, splines, room, at, rows, slope, pairs, size, place, virial, degree):
    """Forces of 16 pairs: ``slope`` holds rows dE/dA; dE/dr replaces the pairs' vectors, and r dE/dr joins ``virial`` (9, 16)."""
    unit = _unit_vector(e, splines, room, at)
    length = row_length(degree)
    along, across = [], []
    for block in range(0, length, LANES):
        values, slopes = [], []
        for lane in range(LANES):
            row = e.integer(rows, e.place(at, lane))
            one = two = None
            for q in range(4):
                own = e.load(slope, e.place((e.place(row, q), length), block))
                weight = e.everywhere(splines, e.place((4 + q, room), at, lane))
                bend = e.everywhere(splines, e.place((8 + q, room), at, lane))
                one = own * weight if one is None else one + own * weight
                two = own * bend if two is None else two + own * bend
            assert one is not None and two is not None
            values.append(one)
            slopes.append(two)
        across += transposed(values)
        along += transposed(slopes)
    harmonic, gradient = _harmonics(*unit, degree)
    radial = along[0]
    angular = [e.number(0.0)] * 3
    for c, (value, bend) in enumerate(zip(harmonic, gradient, strict=True), 1):
        radial = radial + along[c] * value
        angular = [total + across[c] * part for total, part in zip(angular, bend, strict=True)]
    inverse = e.load(splines, e.place((3, room), at))
    projection = sum((a * u for a, u in zip(angular, unit, strict=True)), e.number(0.0))
    radial = radial - projection * inverse
    force = [radial * u + a * inverse for u, a in zip(unit, angular, strict=True)]
    vector = [e.load(pairs, e.place((axis, size), place)) for axis in range(3)]
    for i in range(3):
        for j in range(3):
            entry = LANES * (3 * i + j)
            e.store(virial, entry, e.load(virial, entry) + force[i] * vector[j])
    for axis in range(3):
        e.store(pairs, e.place((axis, size), place), force[axis])


@emitted
def project(e, moments, first, last, numbers, matrix, width, column, sums, target, degree, own):
    """Add Σ_k A_kc W_km to the sums of one degree ``own``: 16 channels from ``column`` on, rows ``first`` to ``last``.

    ``numbers`` from ``matrix`` on: W (rows, width); ``sums`` from ``target`` on: (2 own + 1, width).
    """
    length, count = row_length(degree), 2 * own + 1
    turns = max(1, 8 // count)  # sums enough that none waits for its last addition
    totals = [e.sums([e.number(0.0)] * count) for _ in range(turns)]
    places = [e.place(target, (c, width), column) for c in range(count)]
    for c in range(count):
        totals[0][c].add(e.load(sums, places[c]))

    def turn(k, chosen):
        weight = e.load(numbers, e.place(matrix, (k, width), column))
        for c in range(count):
            chosen[c].add(e.everywhere(moments, e.place((k, length), own * own + c)) * weight)

    span = e.builder.sub(last, first)
    whole = e.builder.mul(e.builder.sdiv(span, e.place(turns)), e.place(turns))
    end = e.place(first, whole)
    with e.loop(first, end, turns) as k:
        for number, chosen in enumerate(totals):
            turn(e.place(k, number), chosen)
    with e.loop(end, last) as k:
        turn(k, totals[0])
    for c in range(count):
        total = totals[0][c].value()
        for chosen in totals[1:]:
            total = total + chosen[c].value()
        e.store(sums, places[c], total)


@emitted
def expand(e, numbers, matrices, rows, channels, widths, starts, sums, place, tilts, degree):
    """Rows dE/dA of 16 splines from ``place`` on, from the slopes along the sums (``sums``).

    ``matrices``: by degree, the places of the transposed matrices, (channels, rows) each, in ``numbers``.
    """
    length = row_length(degree)
    row = []
    for own in range(degree + 1):
        matrix, width, at = e.long(matrices, own), e.long(widths, own), e.long(starts, own)
        totals = e.sums([e.number(0.0)] * (2 * own + 1))
        with e.loop(0, e.long(channels, own)) as m:
            weight = e.load(numbers, e.place(matrix, (m, rows), place))
            for c, total in enumerate(totals):
                total.add(weight * e.everywhere(sums, e.place(at, (c, width), m)))
        row += [total.value() for total in totals]
    row += [e.number(0.0)] * (length - len(row))
    for block in range(0, length, LANES):
        for lane, vector in enumerate(transposed(row[block : block + LANES])):
            e.store(tilts, e.place((e.place(place, lane), length), block), vector)


@emitted
def turn_block(e, source, place, step, target, at, stride):
    """Transpose a block of 16 by 16: rows of ``source`` lie ``step`` apart, those of ``target`` ``stride``."""
    rows = [e.load(source, e.place(place, (number, step))) for number in range(LANES)]
    for number, row in enumerate(transposed(rows)):
        e.store(target, e.place(at, (number, stride)), row)


# --- lanes are atoms from here on: element (i, atom) of an array lies at i * stride + atom -------------------------------


@emitted
def multiply_pairs(e, sums, width, start, channels, axis, features, stride, lane):
    """Products of two, D_ma = Σ_c T_cm T_ca over degrees 0 and 1, as features m axis + a."""

    def component(c, m):
        return e.load(sums, e.place((e.place(*_of(c, m, width, start)), stride), lane))

    with e.loop(0, channels) as m:
        own = [component(c, m) for c in range(4)]
        with e.loop(0, axis) as a:
            total = e.number(0.0)
            for c in range(4):
                total = total + own[c] * component(c, a)
            e.store(features, e.place((e.place((m, axis), a), stride), lane), total)


def _of(c, m, width, start):
    """Parts of the number of a sum: degree 0 lies in front, ``width`` is that of degree 1, which begins at ``start``."""
    return (m,) if c == 0 else (start, (c - 1, width), m)


@emitted
def differentiate_products(e, sums, slopes, width, start, channels, axis, features, stride, lane):
    """Slopes along the sums from those along the products of two, which are read from ``features``."""

    def at(c, m):
        return e.place((e.place(*_of(c, m, width, start)), stride), lane)

    with e.loop(0, channels) as m:
        own = [e.load(sums, at(c, m)) for c in range(4)]
        totals = e.sums([e.number(0.0)] * 4)
        with e.loop(0, axis) as a:
            slope = e.load(features, e.place((e.place((m, axis), a), stride), lane))
            for c in range(4):
                totals[c].add(slope * e.load(sums, at(c, a)))
                e.store(slopes, at(c, a), e.load(slopes, at(c, a)) + slope * own[c])
        for c in range(4):
            e.store(slopes, at(c, m), e.load(slopes, at(c, m)) + totals[c].value())


class _Probes:
    """Components of the probes of three degrees in an array of sums."""

    def __init__(self, e, sums, widths, places, stride, lane):
        self.e, self.sums, self.widths, self.places = e, sums, widths, places
        self.stride, self.lane = stride, lane

    def at(self, which: int, m: int, probe):
        e = self.e
        number = e.place(self.places[which], (m, self.widths[which]), probe)
        return e.place((number, self.stride), self.lane)

    def load(self, which: int, count: int, probe) -> list[Vector]:
        return [self.e.load(self.sums, self.at(which, m, probe)) for m in range(count)]

    def add(self, which: int, probe, vectors: list[Vector]) -> None:
        for m, vector in enumerate(vectors):
            place = self.at(which, m, probe)
            self.e.store(self.sums, place, self.e.load(self.sums, place) + vector)


def _nonzero(one: int, two: int, three: int) -> list[tuple[int, int, int, float]]:
    tensor = coupling(one, two, three)
    return [(i, j, k, float(value)) for (i, j, k), value in np.ndenumerate(tensor) if value]


def _coupled(e, terms, size: int, first: list[Vector], second: list[Vector]) -> list[Vector]:
    """t_k = Σ_ij C_ijk a_i b_j; products a_i b_j that several need are taken once."""
    products: dict[tuple[int, int], Vector] = {}
    totals: list[Vector | None] = [None] * size
    for i, j, k, value in terms:
        product = products.setdefault((i, j), first[i] * second[j])
        totals[k] = product * value if totals[k] is None else totals[k] + product * value
    return [total if total is not None else e.number(0.0) for total in totals]


@emitted
def couple(e, sums, w1, w2, w3, p1, p2, p3, a, b, start, end, features, feature, stride, lane, one, two, three):
    """Products of three of probes a, b and c = ``start``, ..., ``end`` - 1 of degrees ``one``, ``two``, ``three``.

    That of probe c is feature ``feature`` + c.
    """
    probes = _Probes(e, sums, (w1, w2, w3), (p1, p2, p3), stride, lane)
    terms = _nonzero(one, two, three)
    size = 2 * three + 1
    t = _coupled(e, terms, size, probes.load(0, 2 * one + 1, a), probes.load(1, 2 * two + 1, b))
    with e.loop(start, end) as c:
        total = e.number(0.0)
        for left, right in zip(t, probes.load(2, size, c), strict=True):
            total = total + left * right
        number = e.place(feature, c)
        e.store(features, e.place((number, stride), lane), total)


@emitted
def differentiate_coupling(
    e, sums, slopes, w1, w2, w3, p1, p2, p3, a, b, start, end, features, feature, stride, lane, one, two, three
):
    """Slopes along the probes from those along the products of three, which are read from ``features``."""
    probes = _Probes(e, sums, (w1, w2, w3), (p1, p2, p3), stride, lane)
    along = _Probes(e, slopes, (w1, w2, w3), (p1, p2, p3), stride, lane)
    terms = _nonzero(one, two, three)
    size = 2 * three + 1
    first, second = probes.load(0, 2 * one + 1, a), probes.load(1, 2 * two + 1, b)
    t = _coupled(e, terms, size, first, second)
    totals = e.sums([e.number(0.0)] * size)
    with e.loop(start, end) as c:
        number = e.place(feature, c)
        slope = e.load(features, e.place((number, stride), lane))
        for total, vector in zip(totals, probes.load(2, size, c), strict=True):
            total.add(slope * vector)
        along.add(2, c, [slope * vector for vector in t])
    bend = [total.value() for total in totals]
    swapped = [(k, j, i, value) for i, j, k, value in terms]
    along.add(0, a, _coupled(e, swapped, 2 * one + 1, bend, second))
    swapped = [(i, k, j, value) for i, j, k, value in terms]
    along.add(1, b, _coupled(e, swapped, 2 * two + 1, first, bend))


@emitted
def dense(e, numbers, matrix, inputs, source, target, row, stride, lane, vectors):
    """A block of `OUTPUTS` outputs of a layer, without biases: ``vectors`` times 16 atoms."""
    totals = [e.sums([e.number(0.0)] * vectors) for _ in range(OUTPUTS)]
    with e.loop(0, inputs) as i:
        loaded = [e.load(source, e.place((i, stride), lane, LANES * v)) for v in range(vectors)]
        for o in range(OUTPUTS):
            weight = e.everywhere(numbers, e.place(matrix, (i, OUTPUTS), o))
            for v in range(vectors):
                totals[o][v].add(weight * loaded[v])
    for o in range(OUTPUTS):
        for v in range(vectors):
            e.store(target, e.place((e.place(row, o), stride), lane, LANES * v), totals[o][v].value())


@emitted
def activate(e, numbers, bias, steps, outputs, target, slope, stride, lane):
    """y = tanh(z + b) d in ``target``, which holds z, and dy/dz in ``slope``; d are the layer's time steps."""
    with e.loop(0, outputs) as o:
        at = e.place((o, stride), lane)
        step = e.everywhere(numbers, e.place(steps, o))
        value = _tanh(e, e.load(target, at) + e.everywhere(numbers, e.place(bias, o)))
        e.store(target, at, value * step)
        e.store(slope, at, (1.0 - value * value) * step)


def _tanh(e, x: Vector) -> Vector:
    x = x.at_most(TANH_LIMIT).at_least(-TANH_LIMIT)
    squared = x * x
    odd, even = e.number(TANH_ODD[0]), e.number(TANH_EVEN[0])
    for coefficient in TANH_ODD[1:]:
        odd = odd * squared + coefficient
    for coefficient in TANH_EVEN[1:]:
        even = even * squared + coefficient
    return x * odd / even


@emitted
def add_rows(e, source, first, target, onto, count, stride, lane):
    """Add ``count`` rows of ``source`` from ``first`` on to those of ``target`` from ``onto`` on."""
    with e.loop(0, count) as o:
        at = e.place((e.place(onto, o), stride), lane)
        e.store(target, at, e.load(target, at) + e.load(source, e.place((e.place(first, o), stride), lane)))


@emitted
def multiply_rows(e, source, target, count, stride, lane):
    """Multiply rows of ``target`` by those of ``source``."""
    with e.loop(0, count) as o:
        at = e.place((o, stride), lane)
        e.store(target, at, e.load(target, at) * e.load(source, at))


@emitted
def copy_rows(e, source, target, count, stride, lane):
    with e.loop(0, count) as o:
        at = e.place((o, stride), lane)
        e.store(target, at, e.load(source, at))
