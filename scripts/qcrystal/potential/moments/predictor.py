"""Energies, forces and virials of frames from weights and moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qcrystal.potential.moments import invariants
from qcrystal.potential.moments.frames import Frame
from qcrystal.potential.moments.invariants import INVARIANT_SCALE, apply_network
from qcrystal.potential.moments.neighbourhoods import Environment, moments, pair_forces, splines
from qcrystal.potential.moments.sizes import size_for


class Energies:
    """Energies of atoms as a function of weights and moments."""

    def __init__(self, environment: Environment, axis: int, one_side: bool):
        self.one_side = one_side
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
        return [
            self.of_species(self.part(weights, species), self.nodes[species], block)
            for species, block in enumerate(moments)
        ]

    def part(self, weights: dict[str, Any], species: int) -> dict[str, Any]:
        """The weights that atoms of a species need; those of all species have the same form."""
        networks = weights["embedding"]
        if len(networks) > len(self.nodes):  # one per pair of species, that of the central atom first
            networks = networks[species :: len(self.nodes)]
        own = {"embedding": list(networks), "fitting": weights["fitting"][species]}
        return own | ({"probes": weights["probes"][species]} if "probes" in weights else {})

    def whole(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Gradients with respect to all weights, from those with respect to the part of each species."""
        embeddings = [part["embedding"] for part in parts]
        if self.one_side:  # all species share them
            networks = [_sum(networks) for networks in zip(*embeddings, strict=True)]
        else:
            networks = [network for networks in zip(*embeddings, strict=True) for network in networks]
        own = {"embedding": networks, "fitting": [part["fitting"] for part in parts]}
        return own | ({"probes": [part["probes"] for part in parts]} if "probes" in parts[0] else {})

    def of_species(self, part: dict[str, Any], nodes: Any, block: Any) -> Any:
        """Energies (n,) of atoms of one species from its weights, its nodes and moments (n, C, S K)."""
        import jax.numpy as jnp

        embedded = [
            self.projection @ apply_network(network, nodes, False, jnp) / self.slots for network in part["embedding"]
        ]
        count, _, size = block.shape
        g = (block[:, :4].reshape(count * 4, size) @ jnp.concatenate(embedded)).reshape(count, 4, -1)
        features = [jnp.einsum("ncm,nca->nma", g, g[:, :, : self.axis]).reshape(count, -1)]
        if "probes" in part:
            moments = []
            for degree, probes in enumerate(part["probes"], 1):
                own = block[:, degree**2 : (degree + 1) ** 2].reshape(count * (2 * degree + 1), size)
                seen = jnp.concatenate([g @ probe for g, probe in zip(embedded, probes, strict=True)])
                moments.append((own @ seen).reshape(count, 2 * degree + 1, -1).transpose(0, 2, 1))
            numbers = [one.shape[1] for one in moments]
            features += [INVARIANT_SCALE * one for one in invariants.features(moments, numbers, jnp)]
        return apply_network(part["fitting"], jnp.concatenate(features, axis=1), True, jnp)[:, 0]


def _sum(trees: Sequence[Any]) -> Any:
    import jax

    return jax.tree.map(lambda *arrays: sum(arrays[1:], arrays[0]), *trees)


class Predictor:
    """Energy, forces and virial of frames by given weights; forces follow from the gradient with respect to the moments.

    Parameters
    ----------
    environment
        How neighbours enter the descriptor.
    axis
        Channels of the second factor of the scalar products.
    one_side
        Whether an embedding depends on the neighbour's species only.
    sizes
        Numbers of atoms to which blocks are padded; see `qcrystal.potential.moments.sizes`.
    """

    def __init__(self, environment: Environment, axis: int, one_side: bool, sizes: Sequence[int] = ()):
        import jax

        self.environment, self.sizes = environment, sizes
        self.energies = energies = Energies(environment, axis, one_side)

        def total(part: dict[str, Any], nodes: Any, block: Any) -> tuple[Any, Any]:
            own = energies.of_species(part, nodes, block)
            return own.sum(), own

        # compiled once for each size of a block, whatever its species
        self._gradient = jax.jit(jax.grad(total, argnums=2, has_aux=True))

    def gradients(self, weights: dict[str, Any], blocks: Sequence[np.ndarray]) -> list[tuple[Any, Any]]:
        """Per species: derivatives of the energy with respect to the moments, and energies of the atoms."""
        return [
            self._gradient(self.energies.part(weights, species), self.energies.nodes[species], block)
            if len(block)
            else (block, block[:, 0, 0])
            for species, block in enumerate(blocks)
        ]

    def predict(
        self, weights: dict[str, Any], frames: Sequence[Frame], blocks: list[np.ndarray] | None = None
    ) -> list[tuple[float, np.ndarray, np.ndarray]]:
        """Energy (without the species' means), forces and virial of frames of one composition."""
        found = self.gradients(weights, self.blocks(frames) if blocks is None else blocks)
        gradient, energies = zip(*found, strict=True)
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
        return [self._padded(block) for block in blocks]

    def _padded(self, block: np.ndarray) -> np.ndarray:
        lacking = size_for(len(block), self.sizes) - len(block)
        return np.concatenate([block, np.zeros((lacking, *block.shape[1:]), block.dtype)]) if lacking else block
