"""Occupations p_k(n) of the phonons, and what follows from them in closed form.

Of phonon k with coordinate ξ, φ_n the Hermite functions:

    ρ(ξ) = Σ_n p(n) φ_n²,    s = ρ'/ρ,    c = Σ_n p(n) φ_n'² / ρ - s²/4 ≥ 0

`Bose` has p ∝ e^(-βνn): ρ is a Gaussian of variance ½ coth(βν/2), c = 1/sinh βν and the entropy is that of an oscillator.
`Levels` adds K probabilities of any value to a share of `Bose`, which carries the levels above K.
Partners of a star share their occupations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr
from jax.scipy.stats import norm

Parameters = dict[str, Any]
"""Arrays by name."""


class Marginal(NamedTuple):
    """ln ρ, s and c of each phonon, each of the shape of ξ."""

    log_density: jax.Array
    slope: jax.Array
    spread: jax.Array


class Occupations(Protocol):
    """Interface that a state needs of its occupations; ``beta`` is 1/kT."""

    def start(self, energies: np.ndarray) -> Parameters:
        """Parameters of independent oscillators of these ħω (D,)."""
        ...

    def entropy(self, parameters: Parameters, beta: jax.Array) -> jax.Array:
        """S/k of all phonons: -Σ_k Σ_n p ln p, exactly."""
        ...

    def marginal(self, parameters: Parameters, beta: jax.Array, xi: jax.Array) -> Marginal:
        """ρ, s, c at ξ (D,)."""
        ...

    def quantile(self, parameters: Parameters, beta: jax.Array, normal: jax.Array) -> jax.Array:
        """ξ (D,) whose distribution is ρ where that of ``normal`` (D,) is the standard normal one; differentiable in p."""
        ...

    def log_probabilities(self, parameters: Parameters, beta: jax.Array, top: int) -> jax.Array:
        """ln p_k(n) for n < ``top``, (D, top)."""
        ...


def hermite_functions(xi: jax.Array, top: int) -> jax.Array:
    """φ_0 to φ_(top-1) at ξ: shape (..., top). φ_n = √(2/n) ξ φ_(n-1) - √((n-1)/n) φ_(n-2), orthonormal."""
    first = jnp.pi**-0.25 * jnp.exp(-0.5 * xi**2)

    def next_one(pair, n):
        before, last = pair
        new = jnp.sqrt(2.0 / n) * xi * last - jnp.sqrt((n - 1.0) / n) * before
        return (last, new), new

    orders = jnp.arange(1, top, dtype=xi.dtype)
    _, rest = jax.lax.scan(next_one, (jnp.zeros_like(xi), first), orders)
    return jnp.concatenate([first[..., None], jnp.moveaxis(rest, 0, -1)], axis=-1)


def hermite_slopes(functions: jax.Array, xi: jax.Array) -> jax.Array:
    """φ_n' = √(2n) φ_(n-1) - ξ φ_n of `hermite_functions` (..., top)."""
    top = functions.shape[-1]
    below = jnp.concatenate([jnp.zeros_like(functions[..., :1]), functions[..., :-1]], axis=-1)
    return jnp.sqrt(2.0 * jnp.arange(top)) * below - xi[..., None] * functions


@dataclass(frozen=True)
class Bose:
    """p(n) ∝ e^(-βνn), one energy ν per star."""

    stars: tuple[int, ...]

    def start(self, energies: np.ndarray) -> Parameters:
        return {"log_quantum": jnp.log(_of_stars(self.stars, np.asarray(energies, float)))}

    def exponent(self, parameters: Parameters, beta: jax.Array) -> jax.Array:
        """βν of each phonon (D,)."""
        return beta * jnp.exp(parameters["log_quantum"])[jnp.array(self.stars)]

    def entropy(self, parameters: Parameters, beta: jax.Array) -> jax.Array:
        y = self.exponent(parameters, beta)
        return jnp.sum(y / jnp.expm1(y) - jnp.log(-jnp.expm1(-y)))

    def variance(self, parameters: Parameters, beta: jax.Array) -> jax.Array:
        """σ² = ½ coth(βν/2) (D,)."""
        return 0.5 / jnp.tanh(0.5 * self.exponent(parameters, beta))

    def marginal(self, parameters: Parameters, beta: jax.Array, xi: jax.Array) -> Marginal:
        variance = self.variance(parameters, beta)
        density = -0.5 * (xi**2 / variance + jnp.log(2 * jnp.pi * variance))
        return Marginal(density, -xi / variance, 1.0 / jnp.sinh(self.exponent(parameters, beta)) + 0.0 * xi)

    def quantile(self, parameters: Parameters, beta: jax.Array, normal: jax.Array) -> jax.Array:
        return jnp.sqrt(self.variance(parameters, beta)) * normal

    def log_probabilities(self, parameters: Parameters, beta: jax.Array, top: int) -> jax.Array:
        y = self.exponent(parameters, beta)[:, None]
        return jnp.log(-jnp.expm1(-y)) - y * jnp.arange(top)


@dataclass(frozen=True)
class Levels:
    """p(n) = (1 - a) q(n) + a b(n): q of any values for n < ``levels``, b Bose's. Without ``tail``, a = 0."""

    stars: tuple[int, ...]
    levels: int
    tail: bool = True

    @property
    def bose(self) -> Bose:
        """The share that carries the levels above."""
        return Bose(self.stars)

    def start(self, energies: np.ndarray) -> Parameters:
        """Equal probabilities of the K levels; `at_temperature` makes them Bose's."""
        base = self.bose.start(energies)
        stars = len(set(self.stars))
        return {**base, "logits": jnp.zeros((stars, self.levels)), "share": jnp.zeros(stars)}

    def at_temperature(self, parameters: Parameters, beta: float) -> Parameters:
        """The same with q(n) ∝ e^(-βνn), so that p is Bose's but for the levels above ``levels``."""
        quanta = jnp.exp(parameters["log_quantum"])[:, None]
        return {**parameters, "logits": -beta * quanta * jnp.arange(self.levels)}

    def _parts(self, parameters: Parameters) -> tuple[jax.Array, jax.Array]:
        """(1 - a) q (D, levels) and a (D, 1)."""
        stars = jnp.array(self.stars)
        own = jax.nn.softmax(parameters["logits"], axis=-1)[stars]
        share = jax.nn.sigmoid(parameters["share"])[stars, None] if self.tail else jnp.zeros((len(stars), 1))
        return (1.0 - share) * own, share

    def entropy(self, parameters: Parameters, beta: jax.Array) -> jax.Array:
        own, share = self._parts(parameters)
        bose = jnp.exp(self.bose.log_probabilities(parameters, beta, self.levels))
        low = own + share * bose
        total = -jnp.sum(low * jnp.log(low))
        if not self.tail:
            return total
        y, share = self.bose.exponent(parameters, beta), share[:, 0]
        mass = share * jnp.exp(-self.levels * y)  # of n >= K, and ⟨n⟩ there is K + 1/(e^y - 1)
        mean = self.levels + 1.0 / jnp.expm1(y)
        return total - jnp.sum(mass * (jnp.log(share) + jnp.log(-jnp.expm1(-y)) - y * mean))

    def marginal(self, parameters: Parameters, beta: jax.Array, xi: jax.Array) -> Marginal:
        own, share = self._parts(parameters)
        functions = hermite_functions(xi, self.levels)
        slopes = hermite_slopes(functions, xi)
        density = jnp.sum(own * functions**2, axis=-1)
        bend = jnp.sum(own * 2.0 * functions * slopes, axis=-1)
        second = jnp.sum(own * slopes**2, axis=-1)
        if self.tail:
            gauss = self.bose.marginal(parameters, beta, xi)
            weight = share[:, 0] * jnp.exp(gauss.log_density)
            density, bend = density + weight, bend + weight * gauss.slope
            second = second + weight * (gauss.spread + 0.25 * gauss.slope**2)
        slope = bend / density
        return Marginal(jnp.log(density), slope, second / density - 0.25 * slope**2)

    def upper_tail(self, parameters: Parameters, beta: jax.Array, xi: jax.Array) -> jax.Array:
        """∫_ξ^∞ ρ; of φ_n² it is that of φ_(n-1)² plus φ_(n-1) φ_n / √(2n)."""
        own, share = self._parts(parameters)
        functions = hermite_functions(xi, self.levels)
        orders = jnp.arange(1, self.levels)
        steps = functions[..., :-1] * functions[..., 1:] / jnp.sqrt(2.0 * orders)
        first = jax.scipy.special.erfc(xi) / 2
        tails = first[..., None] + jnp.concatenate([jnp.zeros_like(xi)[..., None], jnp.cumsum(steps, -1)], axis=-1)
        result = jnp.sum(own * tails, axis=-1)
        if self.tail:
            width = jnp.sqrt(self.bose.variance(parameters, beta))
            result = result + share[:, 0] * norm.sf(xi / width)
        return result

    def quantile(self, parameters: Parameters, beta: jax.Array, normal: jax.Array) -> jax.Array:
        """ρ is even, so its upper half is inverted, by bisection; the derivative is that of the implicit function."""
        fixed = jax.lax.stop_gradient(parameters)
        target = jnp.exp(log_ndtr(-jnp.abs(normal)))
        width = jnp.sqrt(self.bose.variance(fixed, beta))
        reach = jnp.sqrt(2.0 * self.levels) + 8.0 + (10.0 * width if self.tail else 0.0)

        def halve(_, bounds):
            low, high = bounds
            middle = 0.5 * (low + high)
            above = self.upper_tail(fixed, beta, middle) > target
            return jnp.where(above, middle, low), jnp.where(above, high, middle)

        low, high = jax.lax.fori_loop(0, 52, halve, (jnp.zeros_like(normal), reach + jnp.zeros_like(normal)))
        xi = jax.lax.stop_gradient(0.5 * (low + high))
        tail = self.upper_tail(parameters, beta, xi)
        density = jnp.exp(self.marginal(fixed, beta, xi).log_density)
        return jnp.sign(normal) * (xi + (tail - jax.lax.stop_gradient(tail)) / density)

    def log_probabilities(self, parameters: Parameters, beta: jax.Array, top: int) -> jax.Array:
        own, share = self._parts(parameters)
        levels = jnp.pad(own, ((0, 0), (0, max(0, top - self.levels))))[:, :top]
        if not self.tail:
            return jnp.log(levels)
        return jnp.log(levels + share * jnp.exp(self.bose.log_probabilities(parameters, beta, top)))


def _of_stars(stars: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    """Mean of each star."""
    number = np.array(stars)
    return np.array([values[number == star].mean() for star in range(number.max() + 1)])
