"""The map ξ = f(x) from phonon coordinates to those in which the state is a product: layers that invert in closed form.

Every layer takes one point (D,), and gives the point and ln|∂y/∂x|. All start as the identity. Partners of a star are scaled
alike, and bent along their common radius, so that a rotation among them changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

Parameters = dict[str, Any]
STRONGEST = 2.0
"""Bound on a coupling's ln of a scale: no step of the optimiser can make a map singular."""


class Layer(Protocol):
    """A part of a flow; its ``name`` is its key among the parameters."""

    @property
    def name(self) -> str: ...

    def start(self, key: jax.Array) -> Parameters: ...
    def forward(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]: ...
    def inverse(self, parameters: Parameters, y: jax.Array) -> jax.Array: ...


@dataclass(frozen=True)
class Affine:
    """y = (x - shift) e^(-scale): a shift per phonon, a scale per star."""

    name: str
    stars: tuple[int, ...]

    def start(self, key: jax.Array) -> Parameters:
        return {"shift": jnp.zeros(len(self.stars)), "scale": jnp.zeros(max(self.stars) + 1)}

    def forward(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        scale = parameters["scale"][jnp.array(self.stars)]
        return (x - parameters["shift"]) * jnp.exp(-scale), -jnp.sum(scale)

    def inverse(self, parameters: Parameters, y: jax.Array) -> jax.Array:
        return y * jnp.exp(parameters["scale"][jnp.array(self.stars)]) + parameters["shift"]


@dataclass(frozen=True)
class Bend:
    """Elementwise y = sinh(e^δ asinh x - ε); of partners the radius alone is bent, r' = sinh(e^δ asinh r).

    An affine coupling cannot bend a single phonon; this can.
    """

    name: str
    stars: tuple[int, ...]

    def start(self, key: jax.Array) -> Parameters:
        stars = max(self.stars) + 1
        return {"tail": jnp.zeros(stars), "skew": jnp.zeros(stars)}

    def _stars(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Star of each phonon, members of each star, and whether each phonon is alone."""
        members = np.bincount(self.stars)
        return jnp.array(self.stars), jnp.array(members), jnp.array(members[list(self.stars)] == 1)

    def _radius(self, x: jax.Array) -> jax.Array:
        stars, members, _ = self._stars()
        return jnp.sqrt(jax.ops.segment_sum(x**2, stars, len(members)) + 1e-30)

    def forward(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        stars, members, alone = self._stars()
        power, skew = jnp.exp(parameters["tail"]), parameters["skew"]
        angle = power[stars] * jnp.arcsinh(x) - skew[stars]
        single = jnp.log(power[stars]) + _log_cosh(angle) - 0.5 * jnp.log1p(x**2)
        radius = self._radius(x)
        bent = power * jnp.arcsinh(radius)
        stretch = jnp.sinh(bent) / radius
        many = jnp.log(power) + _log_cosh(bent) - 0.5 * jnp.log1p(radius**2) + (members - 1) * jnp.log(stretch)
        y = jnp.where(alone, jnp.sinh(angle), x * stretch[stars])
        return y, jnp.sum(jnp.where(alone, single, 0.0)) + jnp.sum(jnp.where(members > 1, many, 0.0))

    def inverse(self, parameters: Parameters, y: jax.Array) -> jax.Array:
        stars, _, alone = self._stars()
        power, skew = jnp.exp(parameters["tail"]), parameters["skew"]
        single = jnp.sinh((jnp.arcsinh(y) + skew[stars]) / power[stars])
        radius = self._radius(y)
        shrink = jnp.sinh(jnp.arcsinh(radius) / power) / radius
        return jnp.where(alone, single, y * shrink[stars])


@dataclass(frozen=True)
class Coupling:
    """y_b = (x_b - t(x_a)) e^(-s(x_a)) with a network of two hidden layers; ``moved`` marks the stars b [Dinh et al. 2017]."""

    name: str
    stars: tuple[int, ...]
    moved: tuple[bool, ...]
    width: int

    def start(self, key: jax.Array) -> Parameters:
        size, stars, width = len(self.stars), max(self.stars) + 1, self.width
        first, second = jax.random.split(key)
        still = max(1, size - int(sum(self.moved[star] for star in self.stars)))
        return {
            "w1": jax.random.normal(first, (size, width)) / np.sqrt(still),
            "b1": jnp.zeros(width),
            "w2": jax.random.normal(second, (width, width)) / np.sqrt(width),
            "b2": jnp.zeros(width),
            "w3": jnp.zeros((width, size + stars)),  # zero: the layer starts as the identity
            "b3": jnp.zeros(size + stars),
        }

    def _map(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """t and s of the moved phonons, zero for those that stay."""
        moved = jnp.array([self.moved[star] for star in self.stars])
        hidden = jnp.tanh(jnp.where(moved, 0.0, x) @ parameters["w1"] + parameters["b1"])
        hidden = jnp.tanh(hidden @ parameters["w2"] + parameters["b2"])
        output = hidden @ parameters["w3"] + parameters["b3"]
        scale = STRONGEST * jnp.tanh(output[len(self.stars) :] / STRONGEST)[jnp.array(self.stars)]
        return jnp.where(moved, output[: len(self.stars)], 0.0), jnp.where(moved, scale, 0.0)

    def forward(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        shift, scale = self._map(parameters, x)
        return (x - shift) * jnp.exp(-scale), -jnp.sum(scale)

    def inverse(self, parameters: Parameters, y: jax.Array) -> jax.Array:
        shift, scale = self._map(parameters, y)  # those that stay are the same in x and y
        return y * jnp.exp(scale) + shift


@dataclass(frozen=True)
class Flow:
    """Layers, the first next to x."""

    layers: tuple[Layer, ...]

    def start(self, seed: int) -> Parameters:
        """Parameters of the identity."""
        keys = jax.random.split(jax.random.key(seed), len(self.layers) + 1)
        return {layer.name: layer.start(key) for layer, key in zip(self.layers, keys[1:], strict=True)}

    def forward(self, parameters: Parameters, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """ξ (D,) and ln|∂ξ/∂x| at a point x (D,)."""
        total = jnp.zeros(())
        for layer in self.layers:
            x, log_slope = layer.forward(parameters[layer.name], x)
            total = total + log_slope
        return x, total

    def inverse(self, parameters: Parameters, xi: jax.Array) -> jax.Array:
        """x (D,) at ξ (D,)."""
        for layer in reversed(self.layers):
            xi = layer.inverse(parameters[layer.name], xi)
        return xi


def flow_of(stars: tuple[int, ...], kind: str, couplings: int = 6, width: int = 128) -> Flow:
    """The flow of a kind: ``identity``, ``affine``, or ``full``.

    Full: scale and shift, bend, couplings, and scale, shift and bend again. Couplings come in pairs, of which the second moves
    what the first kept. Of one star there is nothing to couple.
    """
    if kind == "identity":
        return Flow(())
    first = Affine("first", stars)
    if kind != "full":
        return Flow((first,))
    middle = [Coupling(f"coupling{i}", stars, mask, width) for i, mask in enumerate(_masks(max(stars) + 1, couplings))]
    return Flow((first, Bend("bend", stars), *middle, Affine("last", stars), Bend("last_bend", stars)))


def _masks(stars: int, couplings: int) -> list[tuple[bool, ...]]:
    """Stars that each coupling moves: pair j divides them by bit j of their number, so that any two are divided once."""
    if stars < 2:
        return []
    bits = max(1, (stars - 1).bit_length())
    masks = []
    for layer in range(couplings):
        bit = (layer // 2) % bits
        masks.append(tuple(bool((star >> bit) & 1) ^ bool(layer % 2) for star in range(stars)))
    return masks


def _log_cosh(x: jax.Array) -> jax.Array:
    return jnp.abs(x) + jnp.log1p(jnp.exp(-2 * jnp.abs(x))) - jnp.log(2.0)
