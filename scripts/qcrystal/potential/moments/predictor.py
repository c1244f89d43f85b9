"""Energies, forces and virials of frames from weights and moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.frames import Frame
from qcrystal.potential.moments.invariants import INVARIANT_SCALE, apply_network
from qcrystal.potential.moments.neighbourhoods import Environment, moments, pair_forces, splines
from qcrystal.potential.moments.shapes import Shape, shape_for


class Energies:
    """Energies of atoms as a function of weights and moments."""

    def __init__(self, environment: Environment, axis: int):
        grid = 5 * environment.splines
        u = np.linspace(0, (environment.splines - 3) * environment.spacing * (1 - 1e-9), grid)
        s = environment.half * u / (1 - u)
        values = np.zeros((grid, environment.splines))
        value, slope = np.empty(4), np.empty(4)
        for row, one in zip(values, s, strict=True):
            k = splines(one, environment.half, environment.spacing, value, slope)
            row[k : k + 4] = value
        self.projection = np.linalg.pinv(values).astype(np.float32)
        self.nodes = [
            ((s - shift) / scale).astype(np.float32)[:, None]
            for shift, scale in zip(environment.shift, environment.scale, strict=True)
        ]
        self.slots = float(environment.slots.sum())
        self.axis = axis

    def __call__(self, weights: dict[str, Any], moments: list[Any]) -> list[Any]:
        """Energies, one array per species of the atom, from moments (n, C, S K) per species."""
        import jax.numpy as jnp

        result = []
        for species, block in enumerate(moments):
            networks = weights["embedding"]
            if len(networks) > len(self.nodes):  # one per pair of species, that of the central atom first
                networks = networks[species :: len(self.nodes)]
            embedded = [
                self.projection @ apply_network(network, self.nodes[species], False, jnp) / self.slots
                for network in networks
            ]
            count, _, size = block.shape
            g = (block[:, :4].reshape(count * 4, size) @ jnp.concatenate(embedded)).reshape(count, 4, -1)
            features = [jnp.einsum("ncm,nca->nma", g, g[:, :, : self.axis]).reshape(count, -1)]
            if "probes" in weights:
                moments = []
                for degree, probes in enumerate(weights["probes"][species], 1):
                    own = block[:, degree**2 : (degree + 1) ** 2].reshape(count * (2 * degree + 1), size)
                    seen = jnp.concatenate([g @ probe for g, probe in zip(embedded, probes, strict=True)])
                    moments.append((own @ seen).reshape(count, 2 * degree + 1, -1).transpose(0, 2, 1))
                numbers = [part.shape[1] for part in moments]
                features += [INVARIANT_SCALE * part for part in invariants.features(moments, numbers, jnp)]
            result.append(
                apply_network(weights["fitting"][species], jnp.concatenate(features, axis=1), True, jnp)[:, 0]
            )
        return result


class Predictor:
    """Energy, forces and virial of frames by given weights; forces follow from the gradient with respect to the moments.

    Parameters
    ----------
    environment
        How neighbours enter the descriptor.
    axis
        Channels of the second factor of the scalar products.
    shapes
        Numbers of atoms per species to which batches are padded; see `qcrystal.potential.moments.shapes`.
    """

    def __init__(self, environment: Environment, axis: int, shapes: Sequence[Shape] = ()):
        import jax

        self.environment, self.shapes = environment, shapes
        self.energies = energies = Energies(environment, axis)

        def total(weights: dict[str, Any], moments: list[Any]) -> tuple[Any, list[Any]]:
            parts = energies(weights, moments)
            return sum(part.sum() for part in parts), parts

        self._gradient = jax.jit(jax.grad(total, argnums=1, has_aux=True))

    def predict(
        self, weights: dict[str, Any], frames: Sequence[Frame], blocks: list[np.ndarray] | None = None
    ) -> list[tuple[float, np.ndarray, np.ndarray]]:
        """Energy (without the species' means), forces and virial of frames of one composition."""
        gradient, energies = self._gradient(weights, self.blocks(frames) if blocks is None else blocks)
        result = []
        for number, frame in enumerate(frames):
            own = [slice(number * n, (number + 1) * n) for n in frame.counts]
            energy = sum(np.asarray(e[part], float).sum() for e, part in zip(energies, own, strict=True))
            g = np.concatenate([np.asarray(part)[chosen] for part, chosen in zip(gradient, own, strict=True)])
            forces, virial = pair_forces(frame.pairs, self.environment, g)
            result.append((energy, forces, virial))
        return result

    def blocks(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """Moments of frames of one composition, one array per species."""
        kept = [moments(frame.pairs, self.environment) if frame.moments is None else frame.moments for frame in frames]
        return self.stacked(frames, kept)

    def stacked(self, frames: Sequence[Frame], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrays of atoms (N, ...) of frames of one composition as one array per species, zeros after the atoms."""
        ends = np.cumsum([0, *frames[0].counts])
        blocks = [np.concatenate([a[first:last] for a in arrays]) for first, last in zip(ends, ends[1:], strict=False)]
        return [
            np.concatenate([block, np.zeros((size - len(block), *block.shape[1:]), block.dtype)])
            if size > len(block)
            else block
            for block, size in zip(blocks, shape_for(map(len, blocks), self.shapes), strict=True)
        ]
