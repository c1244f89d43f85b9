"""The native evaluator's functions in JAX, for devices with many cores: all atoms of all crystals of a call at once.

The splines, networks and couplings are those of `qcrystal.potential.native.packing`; forces come by differentiation with respect
to the pairs' vectors. Neighbour lists, differences of positions and sums of energies are made by the processor in double
precision, everything else in single. Arrays are filled up to a few sizes, as each size is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qcrystal.potential.moments import invariants
from qcrystal.potential.native.neighbours import find_pairs
from qcrystal.potential.native.packing import pack
from qcrystal.potential.native.weights import read_weights

STEP = 8
"""Numbers of pairs of an atom are filled up to multiples of this."""
GROWTH = 1.3
"""Ratio of one number of atoms to the next one to which a species is filled up."""
FAR = 1e3
"""Å; where the pairs of nobody are."""


class JaxEvaluator:
    """A potential for F frames of N atoms, or for crystals of any sizes, on JAX's device.

    Parameters
    ----------
    model
        File of a frozen potential.

    Attributes
    ----------
    species : list of str
        Elements in the order of the potential's type map.

    Raises
    ------
    WeightsError
        If the native evaluator does not cover the potential.
    """

    def __init__(self, model: Path):
        self.weights = read_weights(model)
        self.species = list(self.weights.species)
        energies = [_energies_of(self.weights, pack(self.weights), own) for own in range(len(self.species))]
        self._evaluate = [jax.jit(_with_slopes(function)) for function in energies]

    def evaluate(self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]):
        """As `qcrystal.potential.native.evaluator.Evaluator.evaluate`."""
        crystals = [(place, cell, types) for place, cell in zip(positions, cells, strict=True)]
        energies, forces, virials = self.evaluate_crystals(crystals)
        return energies, np.array(forces), virials

    def evaluate_crystals(self, crystals: Sequence[tuple[np.ndarray, np.ndarray, Sequence[int]]]):
        """As `qcrystal.potential.native.evaluator.Evaluator.evaluate_crystals`."""
        places, cells, types = zip(*crystals, strict=True)
        starts = np.cumsum([0, *map(len, places)])
        positions, kinds = np.concatenate(places).astype(float), np.concatenate(types).astype(np.int64)
        frame = np.repeat(np.arange(len(places)), np.diff(starts))
        boxes = np.array(cells, float)
        pairs = find_pairs(positions, boxes, starts, self.weights.cutoff)
        shifts = np.einsum("ia,iab->ib", pairs.shifts, boxes[pairs.frames])
        owner = np.repeat(np.arange(len(positions)), np.diff(pairs.first))
        vectors = positions[pairs.other] + shifts[pairs.image] - positions[owner]
        energies, slopes = self.weights.energies[kinds].astype(float), np.zeros_like(vectors)
        for own, evaluate in enumerate(self._evaluate):
            atoms = np.flatnonzero(kinds == own)
            if len(atoms):
                self._add(evaluate, atoms, pairs.first, vectors, kinds[pairs.other], energies, slopes)
        forces = np.empty_like(positions)
        for axis in range(3):
            forces[:, axis] = np.bincount(owner, slopes[:, axis], len(positions))
            forces[:, axis] -= np.bincount(pairs.other, slopes[:, axis], len(positions))
        products = (slopes[:, :, None] * vectors[:, None, :]).reshape(-1, 9)
        virials = np.stack([np.bincount(frame[owner], part, len(places)) for part in products.T], axis=1)
        return np.add.reduceat(energies, starts[:-1]), np.split(forces, starts[1:-1]), -virials.reshape(-1, 3, 3)

    def _add(
        self,
        evaluate: Callable[..., Any],
        atoms: np.ndarray,
        first: np.ndarray,
        vectors: np.ndarray,
        others: np.ndarray,
        energies: np.ndarray,
        slopes: np.ndarray,
    ) -> None:
        """Add the energies of atoms of one species, and set the slopes along their pairs' vectors."""
        counts = first[atoms + 1] - first[atoms]
        size, room = _filled(len(atoms)), -(-max(1, int(counts.max())) // STEP) * STEP
        row = np.repeat(np.arange(len(atoms)), counts)
        column = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen = np.repeat(first[atoms], counts) + column
        wide = np.full((size, room, 3), [FAR, 0.0, 0.0], np.float32)
        kinds = np.full((size, room), len(self.species), np.int32)
        wide[row, column], kinds[row, column] = vectors[chosen], others[chosen]
        found, bent = evaluate(wide, kinds)
        energies[atoms] += np.asarray(found, float)[: len(atoms)]
        slopes[chosen] = np.asarray(bent)[row, column]


def _filled(count: int) -> int:
    """The next number of atoms for which there is compiled code."""
    size = 8
    while size < count:
        size = -(-int(size * GROWTH) // 8) * 8
    return size


def _with_slopes(energies: Callable[..., Any]) -> Callable[..., Any]:
    def total(vectors: Any, kinds: Any) -> Any:
        found = energies(vectors, kinds)
        return found.sum(), found

    def both(vectors: Any, kinds: Any) -> Any:
        (_, found), slopes = jax.value_and_grad(total, has_aux=True)(vectors, kinds)
        return found, slopes

    return both


def _energies_of(weights: Any, model: Any, own: int) -> Callable[..., Any]:
    """Energies (n,) in eV of atoms of one species from the vectors (n, M, 3) and species (n, M) of their neighbours."""
    degree, channels, axis = weights.degree, weights.channels, weights.axis
    nobody = model.species * model.rows
    tables = []
    for place, width in zip(model.matrices[own], model.widths, strict=True):
        values = model.numbers[place : place + nobody * width].reshape(nobody, width)
        tables.append(np.pad(values, ((0, model.rows), (0, 0))))
    table = jnp.asarray(np.concatenate(tables, axis=1))
    starts = np.cumsum([0, *model.widths])
    constant = model.numbers[model.constants[own] : model.constants[own] + channels]
    layers = [{key: np.asarray(value, np.float32) for key, value in layer.items()} for layer in weights.fitting[own]]
    first, per_length = (float(value) for value in model.ranges[:2])

    def energies(vectors: Any, kinds: Any) -> Any:
        r = jnp.sqrt(jnp.maximum((vectors**2).sum(-1), 1e-8))
        u = jnp.maximum((r - first) * per_length, 0.0)
        k = jnp.minimum(u.astype(jnp.int32), model.rows - 4)
        row = jnp.where(kinds < model.species, kinds * model.rows + k, nobody)
        seen = sum(weight[..., None] * table[row + q] for q, weight in enumerate(_splines(u - k)))
        x, y, z = (vectors[..., i] / r for i in range(3))
        harmonics = [jnp.ones_like(x), x, y, z, *(invariants.harmonics_of(x, y, z, degree) if degree > 1 else [])]
        sums = []
        for one in range(degree + 1):
            values = jnp.stack(harmonics[one**2 : (one + 1) ** 2], axis=1)
            sums.append(jnp.matmul(values, seen[..., starts[one] : starts[one + 1]], precision="highest"))
        two = jnp.concatenate([sums[0][..., :channels] + constant, sums[1][..., :channels]], axis=1)
        products = jnp.einsum("ncm,nca->nma", two, two[..., :axis], precision="highest")
        features = [products.reshape(len(vectors), -1)]
        if weights.probes:
            ends = [(channels, channels + weights.probes[0]), *((0, number) for number in weights.probes[1:])]
            moments = [part[..., start:end].swapaxes(1, 2) for part, (start, end) in zip(sums[1:], ends, strict=True)]
            cubic = invariants.features(moments, weights.probes, jnp)
            features += [invariants.INVARIANT_SCALE * part for part in cubic]
        with jax.default_matmul_precision("highest"):
            found = invariants.apply_network(layers, jnp.concatenate(features, axis=1), True, jnp)[:, 0]
        return found + _repulsion(model, own, r, kinds)

    return energies


def _splines(t: Any) -> tuple[Any, Any, Any, Any]:
    """The four cubic B-splines that are not zero at t in an interval."""
    s = 1.0 - t
    one, two, four = s**3 / 6, (4.0 - 6.0 * t**2 + 3.0 * t**3) / 6, t**3 / 6
    return one, two, 1.0 - one - two - four, four


def _repulsion(model: Any, own: int, r: Any, kinds: Any) -> Any:
    """Half of the pairs' energies (n,) in eV, of a table of cubic polynomials."""
    data = jnp.asarray(np.pad(model.repulsion[own].astype(np.float32), ((0, 1), (0, 1), (0, 0))))
    u = r / float(model.ranges[4])
    k = jnp.minimum(u.astype(jnp.int32), data.shape[1] - 1)
    a, b, c, d = (data[jnp.minimum(kinds, model.species), k, n] for n in range(4))
    t = u - k
    near = r < float(model.ranges[3])
    return 0.5 * jnp.where(near, ((a * t + b) * t + c) * t + d, 0.0).sum(-1)
