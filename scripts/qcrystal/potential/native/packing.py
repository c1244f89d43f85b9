"""A potential's functions as arrays that the kernels stream through.

Take s(r), the networks and the normalisation together. A neighbour of species b at distance r then adds φ(r) Y(u) to
channel m of an atom of species a. All φ are written as cubic B-splines in r with common, uniform knots. One knot is at the
inner cutoff, where the third derivative of s jumps. One is at the cutoff, where the φ vanish with two derivatives.
Coefficients are those of least squares.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import solveh_banded

from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.neighbourhoods import smooth_inverses
from qcrystal.potential.native.arrays import OUTPUTS, Model, ceiling
from qcrystal.potential.native.simd import LANES
from qcrystal.potential.native.weights import Weights

KNOTS = 32  # per Å: more let rounding grow, fewer the splines' error; forces then differ by about 6e-5 eV/Å
CLOSEST = 0.1  # Å; closer pairs see the functions at this distance
SAMPLES = 6  # per interval, for the fit


def pack(weights: Weights) -> Model:
    """Fit the splines and lay everything out."""
    grid = _Grid(weights)
    degree, count = weights.degree, len(weights.species)
    channels, probes = weights.channels, weights.probes or (0,) * degree
    widths = [channels, channels + probes[0], *probes[1:]]
    padded = [ceiling(width, LANES) for width in widths]
    starts = np.cumsum([0, *((2 * own + 1) * width for own, width in enumerate(padded))])
    store = _Store()
    constants, matrices, transposed, layers = [], [], [], []
    for own in range(count):
        functions, constant = _functions(weights, grid, own)
        sums = np.zeros(starts[-1])
        sums[:channels] = constant
        constants.append(store.add(sums))
        matrices.append([store.add(_widened(f, width)) for f, width in zip(functions, padded, strict=True)])
        transposed.append([store.add(f.T) for f in functions])
        layers.append(_layers(store, weights, own))
    info, data = weights.repulsion or (np.array([0, 1.0, 0, count]), np.zeros((count, count, 1, 4)))
    ranges = np.array([grid.first, 1 / grid.spacing, weights.cutoff, info[1] * info[2], info[1]])
    return Model(
        numbers=store.numbers(),
        constants=np.array(constants, np.int64),
        matrices=np.array(matrices, np.int64),
        transposed=np.array(transposed, np.int64),
        layers=np.array(layers, np.int64),
        channels=np.array(widths, np.int64),
        widths=np.array(padded, np.int64),
        starts=np.array(starts[:-1], np.int64),
        probes=np.array(probes, np.int64),
        energies=np.asarray(weights.energies, float),
        ranges=ranges,
        knots=ranges[:2].astype(np.float32),
        repulsion=np.ascontiguousarray(data, float),
        limits=np.asarray(weights.places, np.int64),
        species=count,
        intervals=grid.intervals,
        rows=grid.rows,
        sums=int(starts[-1]),
        axis=weights.axis,
    )


class _Grid:
    """Knots of the splines, and their values at the points of the fit."""

    def __init__(self, weights: Weights):
        span = weights.cutoff - weights.cutoff_smooth
        self.spacing = span / max(1, math.ceil(span * KNOTS))
        inner = math.ceil((weights.cutoff_smooth - CLOSEST) / self.spacing - 1e-9)
        self.first = weights.cutoff_smooth - inner * self.spacing
        if self.first < 0.25 * CLOSEST:
            self.first += self.spacing
            inner -= 1
        self.intervals = inner + round(span / self.spacing)
        self.rows = ceiling(self.intervals + 3, LANES)
        u = (np.arange(self.intervals * SAMPLES) + 0.5) / SAMPLES
        self.points = self.first + u * self.spacing
        k = u.astype(int)
        t = u - k
        values = np.stack([(1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3]) / 6
        self.splines = values.reshape(4, self.intervals, SAMPLES)  # those that are not zero in an interval

    def fit(self, values: np.ndarray) -> np.ndarray:
        """Coefficients (rows, functions) of functions given at the points.

        A spline overlaps with three neighbours to each side, so the normal equations are banded. In single precision their
        solution is that of singular values, but for the last digit of few numbers. The last three splines reach beyond the
        cutoff and are left out.
        """
        wanted = values.reshape(self.intervals, SAMPLES, -1)
        weights = 1 / (1 + np.abs(wanted).max(axis=2, initial=0)) ** 2
        bands = np.zeros((4, self.intervals + 3))
        right = np.zeros((self.intervals + 3, wanted.shape[2]))
        for one, spline in enumerate(self.splines):
            weighted = weights * spline
            right[one : one + self.intervals] += np.einsum("is,isf->if", weighted, wanted)
            for other in range(one, 4):
                place = slice(other, other + self.intervals)
                bands[3 - other + one, place] += np.einsum("is,is->i", weighted, self.splines[other])
        result = np.zeros((self.rows, wanted.shape[2]))
        result[: self.intervals] = solveh_banded(bands[:, : self.intervals], right[: self.intervals])
        return result


def _functions(weights: Weights, grid: _Grid, own: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Coefficients by degree, (S rows, functions), and the constant part of the sums of degree 0."""
    slots = weights.places.sum()
    mean, deviation, vector = (x[own] for x in (weights.mean, weights.deviation, weights.vector_deviation))
    s = smooth_inverses(grid.points, weights.cutoff_smooth, weights.cutoff)
    normalised, empty = (s - mean) / deviation, -mean / deviation
    parts: list[list[np.ndarray]] = [[] for _ in range(weights.degree + 1)]
    constant = np.zeros(weights.channels)
    for other in range(len(weights.species)):
        network = weights.embedding[own, other]
        values = np.asarray(network(normalised), float)
        nothing = empty * np.asarray(network(np.array([empty])), float)[0] / slots
        constant = constant + weights.places[other] * nothing
        parts[0].append(grid.fit(normalised[:, None] * values / slots - nothing))
        along = (s / vector / slots)[:, None]
        seen = values if not weights.probes else np.hstack([values, values @ weights.first[own, other]])
        parts[1].append(grid.fit(along * seen))
        if weights.degree > 1:
            higher = along * np.asarray(weights.higher[own, other](normalised), float)
            ends = np.cumsum((0, *weights.probes[1:]))
            for degree, (first, last) in enumerate(zip(ends, ends[1:], strict=False), 2):
                parts[degree].append(grid.fit(math.sqrt((2 * degree + 1) / 3) * higher[:, first:last]))
    return [np.concatenate(part) for part in parts], constant


def _layers(store: _Store, weights: Weights, own: int) -> list[list[int]]:
    """Entries of ``Model.layers``; the inputs of the first layer are scaled, as the invariants enter 100 times larger."""
    entries = []
    layers = weights.fitting[own]
    for number, layer in enumerate(layers):
        matrix = np.array(layer["w"], float)
        inputs, outputs = matrix.shape
        if number == 0:
            matrix[weights.channels * weights.axis :] *= invariants.INVARIANT_SCALE
        shortcut = 0 if number == len(layers) - 1 else {inputs: 1, 2 * inputs: 2}.get(outputs, 0)
        steps = layer.get("idt", np.ones(outputs))
        arrays = (_blocked(matrix.T), _blocked(matrix), _filled(layer["b"]), _filled(steps))
        entries.append([inputs, outputs, shortcut, *(store.add(array) for array in arrays)])
    return entries


def _widened(matrix: np.ndarray, width: int) -> np.ndarray:
    return np.pad(matrix, ((0, 0), (0, width - matrix.shape[1])))


def _blocked(matrix: np.ndarray) -> np.ndarray:
    """A matrix (outputs, inputs) as blocks of `OUTPUTS` outputs: (blocks, inputs, OUTPUTS), filled up with zeros."""
    outputs, inputs = matrix.shape
    blocks = -(-outputs // OUTPUTS)
    wide = np.zeros((blocks * OUTPUTS, inputs))
    wide[:outputs] = matrix
    return wide.reshape(blocks, OUTPUTS, inputs).transpose(0, 2, 1)


def _filled(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, np.zeros(-len(values) % OUTPUTS)])


class _Store:
    """Arrays behind each other."""

    def __init__(self):
        self.parts: list[np.ndarray] = []
        self.length = 0

    def add(self, values: np.ndarray) -> int:
        """Place of the values, which begin at a multiple of 16."""
        flat = np.asarray(values, np.float32).ravel()
        flat = np.concatenate([flat, np.zeros(-len(flat) % LANES, np.float32)])
        place, self.length = self.length, self.length + len(flat)
        self.parts.append(flat)
        return place

    def numbers(self) -> np.ndarray:
        return np.concatenate(self.parts)
