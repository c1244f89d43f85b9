"""The variational density matrix of a crystal: ρ = Σ_n p_n |Ψ_n><Ψ_n| [Zhang 2025, eqs. 2, 3].

Ψ_n(x) = Π_k φ_{n_k}(f_k(x)) |det ∂f/∂x|^(1/2) with Hermite functions φ and one map f for all n: the states are orthonormal
whatever the map's weights. p_n = Π_k p_k(n_k).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import folx
import jax
import jax.numpy as jnp
import numpy as np

from qcrystal.variational.basis import Basis
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.flow import Flow, flow_of
from qcrystal.variational.occupations import Bose, Levels, Occupations, hermite_functions, hermite_slopes
from qcrystal.variational.spec import Level

SMALLEST_TAIL = 1e-3
"""Largest Boltzmann factor of the lowest phonon's first level that is left out."""

Parameters = dict[str, Any]
"""``flow`` and ``occupations``."""


class Given(NamedTuple):
    """Quantities that are not varied: ħω of the coordinates (D,) and 1/kT, in one unit of energy."""

    energies: jax.Array
    beta: jax.Array


@dataclass(frozen=True)
class State:
    """The form of ρ. All methods take one point x, ξ or normal z (D,); `jax.vmap` makes batches of them."""

    flow: Flow
    occupations: Occupations

    def start(self, energies: np.ndarray, seed: int = 0) -> Parameters:
        """Parameters of independent oscillators of ħω ``energies`` (D,)."""
        return {"flow": self.flow.start(seed), "occupations": self.occupations.start(energies)}

    def sample(self, parameters: Parameters, given: Given, normal: jax.Array) -> jax.Array:
        """x whose distribution is ρ(x) where that of ``normal`` is the standard normal one: exact and independent."""
        xi = self.occupations.quantile(parameters["occupations"], given.beta, normal)
        return self.flow.inverse(parameters["flow"], xi)

    def log_density(self, parameters: Parameters, given: Given, x: jax.Array) -> jax.Array:
        """ln ρ(x, x) = Σ_k ln ρ_k(f_k) + ln|det ∂f/∂x|."""
        xi, log_slope = self.flow.forward(parameters["flow"], x)
        return jnp.sum(self.occupations.marginal(parameters["occupations"], given.beta, xi).log_density) + log_slope

    def log_amplitude(self, parameters: Parameters, x: jax.Array, numbers: jax.Array, top: int) -> jax.Array:
        """ln|Ψ_n(x)| of the state with occupation ``numbers`` (D,), all below ``top`` (eq. 3)."""
        xi, log_slope = self.flow.forward(parameters["flow"], x)
        functions = jnp.take_along_axis(hermite_functions(xi, top), numbers[:, None], axis=-1)
        return jnp.sum(jnp.log(jnp.abs(functions))) + 0.5 * log_slope

    def momentum_products(self, parameters: Parameters, given: Given, x: jax.Array) -> jax.Array:
        """(D, D): Σ_n p_n ∂_iΨ_n ∂_jΨ_n / ρ, whose mean over ρ is <p_i p_j>/ħ².

        It is g g^T + J^T diag(c) J with J = ∂f/∂x and g = ∇(½ Σ_k ln ρ_k(f_k) + ½ ln|J|).
        """
        xi, _ = self.flow.forward(parameters["flow"], x)
        spread = self.occupations.marginal(parameters["occupations"], given.beta, xi).spread
        slopes = jax.jacfwd(lambda point: self.flow.forward(parameters["flow"], point)[0])(x)
        gradient = 0.5 * jax.grad(self.log_density, argnums=2)(parameters, given, x)
        return jnp.outer(gradient, gradient) + slopes.T @ (spread[:, None] * slopes)

    def kinetic(self, parameters: Parameters, given: Given, x: jax.Array) -> jax.Array:
        """Kinetic energy at x, ½ Σ_i ħω_i of the diagonal of `momentum_products`."""
        xi, _ = self.flow.forward(parameters["flow"], x)
        spread = self.occupations.marginal(parameters["occupations"], given.beta, xi).spread
        slopes = jax.jacfwd(lambda point: self.flow.forward(parameters["flow"], point)[0])(x)
        gradient = 0.5 * jax.grad(self.log_density, argnums=2)(parameters, given, x)
        return 0.5 * (jnp.sum(given.energies * gradient**2) + jnp.sum(spread @ (slopes**2 * given.energies)))

    def kinetic_by_probe(self, parameters: Parameters, given: Given, x: jax.Array, signs: jax.Array) -> jax.Array:
        """The same with Σ_k c_k (J v)_k² for v_i = ±(ħω_i)^(1/2): its mean over signs (D,) is exact, J is never made."""
        probe = signs * jnp.sqrt(given.energies)
        xi, along = jax.jvp(lambda point: self.flow.forward(parameters["flow"], point)[0], (x,), (probe,))
        spread = self.occupations.marginal(parameters["occupations"], given.beta, xi).spread
        gradient = 0.5 * jax.grad(self.log_density, argnums=2)(parameters, given, x)
        return 0.5 * (jnp.sum(given.energies * gradient**2) + jnp.sum(spread * along**2))

    def kinetic_of_state(
        self, parameters: Parameters, given: Given, x: jax.Array, numbers: jax.Array, top: int
    ) -> jax.Array:
        """-½ Σ_k ħω_k [∂_k² ln|Ψ_n| + (∂_k ln|Ψ_n|)²] of one state (eq. 4), with the Laplacian of folx.

        The map's own first and second derivatives are folx's; those of φ_n follow from φ'' = (ξ² - 2n - 1) φ.
        """
        roots = jnp.sqrt(given.energies)

        def stretched(y: jax.Array) -> jax.Array:
            xi, log_slope = self.flow.forward(parameters["flow"], roots * y)
            return jnp.concatenate([xi, 0.5 * log_slope[None]])

        result = folx.forward_laplacian(stretched)(x / roots)
        slopes, bends, xi = result.jacobian.dense_array, result.laplacian, result.x[:-1]  # (D, D + 1), (D + 1,)
        functions = hermite_functions(xi, top)
        chosen = jnp.take_along_axis(functions, numbers[:, None], axis=-1)[:, 0]
        slope = jnp.take_along_axis(hermite_slopes(functions, xi), numbers[:, None], axis=-1)[:, 0] / chosen
        bend = xi**2 - 2 * numbers - 1 - slope**2
        gradient = slopes @ jnp.append(slope, 1.0)
        laplacian = jnp.sum(slopes[:, :-1] ** 2 @ bend) + bends @ jnp.append(slope, 1.0)
        return -0.5 * (laplacian + jnp.sum(gradient**2))

    def numbers(self, parameters: Parameters, given: Given, key: jax.Array, normal: jax.Array, top: int):
        """A point x and occupation numbers n with the joint probability p_n |Ψ_n(x)|², from a normal vector and a key."""
        xi = self.occupations.quantile(parameters["occupations"], given.beta, normal)
        weights = self.occupations.log_probabilities(parameters["occupations"], given.beta, top)
        logits = weights + 2 * jnp.log(jnp.abs(hermite_functions(xi, top)) + 1e-300)
        return self.flow.inverse(parameters["flow"], xi), jax.random.categorical(key, logits, axis=-1)

    def log_probability(self, parameters: Parameters, given: Given, numbers: jax.Array, top: int) -> jax.Array:
        """ln p_n."""
        table = self.occupations.log_probabilities(parameters["occupations"], given.beta, top)
        return jnp.sum(jnp.take_along_axis(table, numbers[:, None], axis=-1))

    def entropy(self, parameters: Parameters, given: Given) -> jax.Array:
        """S/k."""
        return self.occupations.entropy(parameters["occupations"], given.beta)


def state_of(
    stars: tuple[int, ...],
    level: Level,
    levels: int = 20,
    couplings: int = 6,
    width: int = 128,
) -> State:
    """The state of a level.

    Parameters
    ----------
    stars
        Of the basis.
    level
        One of `qcrystal.variational.spec.LEVELS`.
    levels
        K, free probabilities of each phonon at level ``nct``.
    couplings, width
        Of the flow.
    """
    kinds = {"harmonic": "identity", "occupations": "identity", "scha": "affine"}
    flow = flow_of(stars, kinds.get(level, "full"), couplings, width)
    return State(flow, Levels(stars, levels) if level == "nct" else Bose(stars))


def grown(state: State, energies: np.ndarray, beta: float, smaller: Parameters, seed: int = 0) -> Parameters:
    """Parameters of a level that starts from those of the level before it: what both have is kept."""
    parameters = state.start(energies, seed)
    flow = {name: smaller["flow"].get(name, value) for name, value in parameters["flow"].items()}
    occupations = {**parameters["occupations"], **smaller["occupations"]}
    if isinstance(state.occupations, Levels) and "logits" not in smaller["occupations"]:
        occupations = state.occupations.at_temperature(occupations, beta)
    return {"flow": flow, "occupations": occupations}


def check_levels(basis: Basis, temperature: float, levels: int, where: str = "") -> None:
    """Make sure that K levels hold the occupations of the lowest phonon at kT ``temperature``.

    Raises
    ------
    VariationalError
        If e^(-K ħω/kT) exceeds `SMALLEST_TAIL`; it names the K that would do.
    """
    lowest = float(basis.energies.min())
    if np.exp(-levels * lowest / temperature) > SMALLEST_TAIL:
        enough = int(np.ceil(-np.log(SMALLEST_TAIL) * temperature / lowest))
        raise VariationalError(
            f"{where + ': ' if where else ''}nct.levels is {levels}, too few for a phonon of {lowest:.4g} at kT = "
            f"{temperature:.4g} (same unit); take {enough} or more"
        )
