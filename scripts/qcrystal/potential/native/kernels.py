"""Energies, forces and virials of atoms from neighbour lists: the loops around `qcrystal.potential.native.emitted`.

Atoms of one species, of any frame, are taken 32 at a time. Each one's neighbours are summed and projected on the channels.
Products, networks and their slopes follow, with atoms as lanes. Then each atom's slopes go back to its neighbours one by one, so
that the order of additions is always the same. Differences of positions, forces, virials and the repulsion are in double
precision, everything else in single.

Everything is compiled once per degree of the harmonics, see `qcrystal.potential.native.compiling`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
from numba import njit
from numba.extending import overload

from qcrystal.potential.moments import invariants, neighbourhoods
from qcrystal.potential.native import arrays, simd
from qcrystal.potential.native import emitted as emit
from qcrystal.potential.native.arrays import BLOCK, OUTPUTS, Task, row_length
from qcrystal.potential.native.compiling import CALLED, c_function, named, reader, stamp
from qcrystal.potential.native.simd import LANES

WIDE = BLOCK // LANES
OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
task_at = reader(Task)


def _variant(*of: int):
    """`numba.njit` for a function inside of another one, made for degrees ``of``."""
    return lambda function: njit(**OPTIONS)(named(function, *of))


@cache
def compiled(degree: int):
    """The evaluation for harmonics up to a degree, as a C function.

    It takes the address of the table of a `qcrystal.potential.native.arrays.Task` and adds to its results. It returns how many
    atoms have more neighbours than the descriptor has places.
    """
    digest = stamp(emit, simd, arrays, invariants, neighbourhoods)

    def evaluate(address):
        blocks, atoms, system, pairs, model, work, results = task_at(address)
        crowded = 0 * len(digest)  # a variable of the function belongs to numba's key
        for number in range(len(blocks)):
            first, last, own = blocks[number]
            crowded += _block(atoms[first:last], own, system, pairs, model, work, results, degree)
        return crowded

    return c_function(CALLED, named(evaluate, degree))


def _block(atoms, own, system, pairs, model, work, results, degree):
    """One block of atoms of a species; number of those with more neighbours than the descriptor has places."""
    raise NotImplementedError("compiled code only")


@overload(_block, jit_options=cast(Any, OPTIONS), prefer_literal=True)  # numba's type of options is private
def _block_of(atoms, own, system, pairs, model, work, results, degree):
    return _made(degree.literal_value)


@cache
def _made(degree: int):
    forward, backward, features = _forward(degree), _backward(degree), _features(degree)

    def block(atoms, own, system, pairs, model, work, results, degree):
        size, count = model.sums, len(atoms)
        wide = (count + LANES - 1) // LANES
        crowded = 0
        for slot in range(count):
            crowded += forward(slot, atoms[slot], own, system, pairs, model, work, results)
        work.sums[count * size : wide * LANES * size] = 0.0
        for part in range(wide):
            for start in range(0, size, LANES):
                first = part * LANES * size + start
                emit.turn_block(work.sums, first, size, work.lanes, start * BLOCK + part * LANES, BLOCK)
        for part in range(wide):
            features(model, work, part * LANES, True)
        _network(atoms, own, wide, model, work, results)
        work.slopes[: size * BLOCK] = 0.0
        for part in range(wide):
            features(model, work, part * LANES, False)
            for start in range(0, size, LANES):
                first = part * LANES * size + start
                emit.turn_block(work.slopes, start * BLOCK + part * LANES, BLOCK, work.sums, first, size)
        for slot in range(count):
            backward(slot, atoms[slot], own, system, model, work, results)
        return crowded

    return named(block, degree)


# --- an atom and its neighbours ------------------------------------------------------------------------------------------


@njit(**OPTIONS)
def _gather(slot, atom, own, system, pairs, model, work, results):
    """Vectors to the neighbours within the cutoff, filled up to whole groups; the repulsion on the way."""
    vectors, neighbours, base, nearest, found = work.vectors, work.neighbours, work.base, work.nearest, work.found
    positions, species, other, image, shifts = system.positions, system.species, pairs.other, pairs.image, pairs.shifts
    size = len(neighbours)
    cutoff, close = model.ranges[2] ** 2, model.ranges[3] ** 2
    for kind in range(model.species):
        nearest[slot, kind], found[kind] = cutoff, 0
    x, y, z = positions[atom, 0], positions[atom, 1], positions[atom, 2]
    place = work.ends[slot]
    for p in range(pairs.first[atom], pairs.first[atom + 1]):
        j, shift = other[p], image[p]
        dx = positions[j, 0] + shifts[shift, 0] - x
        dy = positions[j, 1] + shifts[shift, 1] - y
        dz = positions[j, 2] + shifts[shift, 2] - z
        squared = dx * dx + dy * dy + dz * dz
        if not squared < cutoff:
            continue
        kind = species[j]
        vectors[place], vectors[size + place], vectors[2 * size + place] = dx, dy, dz
        neighbours[place] = j
        base[place] = kind * model.rows
        place += 1
        found[kind] += 1
        nearest[slot, kind] = min(nearest[slot, kind], squared)
        if squared < close:
            energy, slope = _repulsion(np.sqrt(squared), model.repulsion[own, kind], model.ranges[4])
            results.energies[atom] += energy
            virial = results.virials[system.frame[atom]]
            _push(atom, j, (slope * dx, slope * dy, slope * dz), (dx, dy, dz), results.forces, virial)
    work.counts[slot] = place - work.ends[slot]
    while place % LANES:  # in rows of nobody
        vectors[place], vectors[size + place], vectors[2 * size + place] = model.ranges[0], 0.0, 0.0
        neighbours[place] = -1
        base[place] = model.species * model.rows
        place += 1
    work.ends[slot + 1] = place
    for kind in range(model.species):
        results.closest[0] = min(results.closest[0], nearest[slot, kind])
    for kind in range(model.species):
        if found[kind] > model.limits[kind]:
            return 1
    return 0


@njit(**OPTIONS)
def _repulsion(r, table, spacing):
    """Half of a pair's energy (eV), and of its slope over the distance (eV/Å²)."""
    u = r / spacing
    k = int(u)
    if k >= len(table):
        return 0.0, 0.0
    t = u - k
    a, b, c, d = table[k, 0], table[k, 1], table[k, 2], table[k, 3]
    slope = ((3 * a * t + 2 * b) * t + c) / spacing
    return 0.5 * (((a * t + b) * t + c) * t + d), 0.5 * slope / max(r, 1e-4)


@njit(**OPTIONS)
def _push(i, j, gradient, vector, forces, virial):
    """Add the forces and the virial of a pair whose energy has a gradient along the vector from i to j."""
    for a in range(3):
        forces[i, a] += gradient[a]
        forces[j, a] -= gradient[a]
        for b in range(3):
            virial[a, b] -= gradient[a] * vector[b]


@njit(**OPTIONS)
def _lowest(nearest, ranges):
    """Number of the first spline that a pair at the squared distance ``nearest`` sees, or the one before."""
    return max(0, int((np.sqrt(nearest) - ranges[0]) * ranges[1]) - 1)


def _forward(degree):
    length, projections = row_length(degree), _projections(degree)

    @_variant(degree)
    def forward(slot, atom, own, system, pairs, model, work, results):
        crowded = _gather(slot, atom, own, system, pairs, model, work, results)
        vectors, base, splines, rows, moments = work.vectors, work.base, work.splines, work.rows, work.moments
        size, room, start = len(base), len(rows), work.ends[slot]
        cutoff, target = model.ranges[2] ** 2, slot * model.sums
        for kind in range(model.species):
            if work.nearest[slot, kind] < cutoff:
                lowest = kind * model.rows + _lowest(work.nearest[slot, kind], model.ranges)
                moments[lowest * length : (kind + 1) * model.rows * length] = 0.0
        for at in range(0, work.ends[slot + 1] - start, LANES):
            emit.prepare_pairs(vectors, size, start + at, base, model.knots, splines, room, at, rows)
        for at in range(0, work.ends[slot + 1] - start, LANES):
            emit.add_pairs(splines, room, at, rows, moments, degree)
        for k in range(model.sums):
            work.sums[target + k] = model.numbers[model.constants[own] + k]
        for kind in range(model.species):
            if work.nearest[slot, kind] < cutoff:
                lowest = kind * model.rows + _lowest(work.nearest[slot, kind], model.ranges)
                projections(lowest, kind * model.rows + model.intervals, own, model, work, target)
        return crowded

    return forward


def _projections(degree):
    """The projections of all degrees, one after the other."""

    def one(own, before):
        @_variant(degree, own)
        def project(lowest, last, species, model, work, target):
            before(lowest, last, species, model, work, target)
            matrix, width, at = model.matrices[species, own], model.widths[own], target + model.starts[own]
            for column in range(0, width, LANES):
                emit.project(
                    work.moments, lowest, last, model.numbers, matrix, width, column, work.sums, at, degree, own
                )

        return project

    @njit(**OPTIONS)
    def nothing(lowest, last, species, model, work, target):
        pass

    chain = nothing
    for own in range(degree + 1):
        chain = one(own, chain)
    return chain


def _backward(degree):
    @_variant(degree)
    def backward(slot, atom, own, system, model, work, results):
        vectors, splines, rows, virial = work.vectors, work.splines, work.rows, work.virial
        size, room, start = len(work.base), len(rows), work.ends[slot]
        work.own[:] = work.sums[slot * model.sums : (slot + 1) * model.sums]
        for kind in range(model.species):
            if work.nearest[slot, kind] < model.ranges[2] ** 2:
                lowest = _lowest(work.nearest[slot, kind], model.ranges) // LANES * LANES
                for place in range(kind * model.rows + lowest, (kind + 1) * model.rows, LANES):
                    emit.expand(
                        model.numbers, model.transposed[own], model.species * model.rows, model.channels,
                        model.widths, model.starts, work.own, place, work.tilts, degree,
                    )  # fmt: skip
        virial[:] = 0.0
        for at in range(0, work.ends[slot + 1] - start, LANES):
            emit.prepare_pairs(vectors, size, start + at, work.base, model.knots, splines, room, at, rows)
        for at in range(0, work.ends[slot + 1] - start, LANES):
            emit.differentiate_pairs(splines, room, at, rows, work.tilts, vectors, size, start + at, virial, degree)
        _scatter(slot, atom, system, work, results)

    return backward


@njit(**OPTIONS)
def _scatter(slot, atom, system, work, results):
    """Give the forces of an atom's pairs to the atoms."""
    vectors, neighbours, forces = work.vectors, work.neighbours, results.forces
    size, start = len(neighbours), work.ends[slot]
    fx = fy = fz = 0.0
    for p in range(start, start + work.counts[slot]):
        j = neighbours[p]
        gx, gy, gz = vectors[p], vectors[size + p], vectors[2 * size + p]
        forces[j, 0] -= gx
        forces[j, 1] -= gy
        forces[j, 2] -= gz
        fx += gx
        fy += gy
        fz += gz
    forces[atom, 0] += fx
    forces[atom, 1] += fy
    forces[atom, 2] += fz
    total = results.virials[system.frame[atom]]
    for i in range(3):
        for j in range(3):
            part = 0.0
            for lane in range(LANES):
                part += work.virial[(3 * i + j) * LANES + lane]
            total[i, j] -= part


# --- lanes are atoms -----------------------------------------------------------------------------------------------------


def _features(degree):
    """All features of 16 atoms, or the slopes along their sums from those along the features."""
    products = _triples(degree)

    @_variant(degree)
    def features(model, work, lane, ahead):
        width, start, channels = model.widths[1], model.starts[1], model.channels[0]
        if ahead:
            emit.multiply_pairs(work.lanes, width, start, channels, model.axis, work.features, BLOCK, lane)
        else:
            emit.differentiate_products(
                work.lanes, work.slopes, width, start, channels, model.axis, work.features, BLOCK, lane
            )
        if model.probes[0]:
            products(channels * model.axis, model, work, lane, ahead)

    return features


def _triples(degree):
    """The products of three, triple by triple of degrees."""

    def one(degrees, before):
        first, second, third = degrees

        @_variant(degree, *degrees)
        def run(feature, model, work, lane, ahead):
            feature = before(feature, model, work, lane, ahead)
            w1, w2, w3 = model.widths[first], model.widths[second], model.widths[third]
            p1, p2, p3 = model.starts[first], model.starts[second], model.starts[third]
            k1, k2, k3 = model.probes[first - 1], model.probes[second - 1], model.probes[third - 1]
            if first == 1:
                p1 += model.channels[0]  # the probes of degree 1 follow its channels
            if second == 1:
                p2 += model.channels[0]
            for a in range(k1):
                for b in range(a if first == second else 0, k2):
                    low = b if second == third else 0
                    if ahead:
                        emit.couple(
                            work.lanes, w1, w2, w3, p1, p2, p3, a, b, low, k3,
                            work.features, feature - low, BLOCK, lane, first, second, third,
                        )  # fmt: skip
                    else:
                        emit.differentiate_coupling(
                            work.lanes, work.slopes, w1, w2, w3, p1, p2, p3, a, b, low, k3,
                            work.features, feature - low, BLOCK, lane, first, second, third,
                        )  # fmt: skip
                    feature += k3 - low
            return feature

        return run

    @njit(**OPTIONS)
    def nothing(feature, model, work, lane, ahead):
        return feature

    chain = nothing
    for degrees in invariants.triples(degree):
        chain = one(degrees, chain)
    return chain


@njit(**OPTIONS)
def _dense(numbers, matrix, inputs, outputs, source, target, wide):
    """All outputs of a layer without biases."""
    for row in range(0, outputs, OUTPUTS):
        if wide == WIDE:
            emit.dense(numbers, matrix + row * inputs, inputs, source, target, row, BLOCK, 0, WIDE)
        else:
            for part in range(wide):
                emit.dense(numbers, matrix + row * inputs, inputs, source, target, row, BLOCK, part * LANES, 1)


@njit(**OPTIONS)
def _network(atoms, own, wide, model, work, results):
    """Energies of a block from its features, which become the slopes of the energies along them."""
    numbers, entries, values, bends = model.numbers, model.layers[own], work.values, work.bends
    last = len(entries) - 1
    source = work.features
    for number in range(last):
        inputs, outputs, shortcut, matrix, _, biases, steps = entries[number]
        _dense(numbers, matrix, inputs, outputs, source, values[number], wide)
        for part in range(wide):
            emit.activate(numbers, biases, steps, outputs, values[number], bends[number], BLOCK, part * LANES)
            for copy in range(shortcut):
                emit.add_rows(source, 0, values[number], copy * inputs, inputs, BLOCK, part * LANES)
        source = values[number]
    inputs, _, _, _, matrix, biases, _ = entries[last]
    slope, other, kept = values[last], bends[last], values[last + 1]
    for slot in range(len(atoms)):
        energy = model.energies[own] + numbers[biases]
        for i in range(inputs):
            energy += source[i * BLOCK + slot] * numbers[matrix + i]
        results.energies[atoms[slot]] += energy
    for i in range(inputs):
        slope[i * BLOCK : i * BLOCK + wide * LANES] = numbers[matrix + i]
    for number in range(last - 1, -1, -1):
        inputs, outputs, shortcut, _, matrix, _, _ = entries[number]
        target = other if number else work.features
        for part in range(wide):
            if shortcut:
                emit.copy_rows(slope, kept, outputs, BLOCK, part * LANES)
            emit.multiply_rows(bends[number], slope, outputs, BLOCK, part * LANES)
        _dense(numbers, matrix, outputs, inputs, slope, target, wide)
        for part in range(wide):
            for copy in range(shortcut):
                emit.add_rows(kept, copy * inputs, target, 0, inputs, BLOCK, part * LANES)
        slope, other = target, slope
