"""Expectation values from exact independent samples: draws, local energies, control variates, errors.

The free energy F = <V> + <K> - TS has an exact S; V and K are averaged over ρ(x). Draws are maps of normal vectors z.
So the means of z_k and z_k² are known exactly: values are regressed on them (control variates). Coefficients come from the other
half of the draws, so that the mean stays unbiased.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qcrystal.variational.basis import Basis
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Energies, Potential
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.wave_functions import Given, Parameters, State

CHUNK = 512
"""Configurations whose kinetic energies are calculated at once."""
FEW = 4
"""Draws per regressed variable below which no control variates are used."""


class Draws(NamedTuple):
    """Normal vectors (n, D), and the number of the independent block that each belongs to (n,)."""

    normal: np.ndarray
    blocks: np.ndarray


def antithetic(count: int, size: int, seed: int) -> Draws:
    """Pseudo-random normal vectors z with their opposites -z; a pair is one block."""
    pairs = max(2, (count + 1) // 2)
    half = np.random.default_rng(seed).normal(size=(pairs, size))
    return Draws(np.concatenate([half, -half]), np.tile(np.arange(pairs), 2))


def estimate(values: np.ndarray, draws: Draws) -> Estimate:
    """Mean of values (n,) and its error, with z_k and z_k² as control variates where there are draws enough.

    The blocks are halved; the coefficients for each half come from the other. The error is that of the blocks' means.
    """
    return of_blocks(controlled(values, draws), draws)


def serve_as_controls(draws: Draws) -> bool:
    """Whether there are draws enough for control variates: in each half, `FEW` for each of z_k and z_k²."""
    half = _half(draws)
    return bool(min(half.sum(), (~half).sum()) >= FEW * 2 * draws.normal.shape[1])


def _half(draws: Draws) -> np.ndarray:
    """Draws (n,) that are in the first half of the blocks."""
    _, place = np.unique(draws.blocks, return_inverse=True)
    return np.asarray(place % 2 == 0)


def controlled(values: np.ndarray, draws: Draws) -> np.ndarray:
    """Values (n,) less what z_k and z_k² explain of them, which has the mean zero; as they are where there are few draws."""
    values = np.asarray(values, float)
    half = _half(draws)
    controls = np.concatenate([draws.normal, draws.normal**2 - 1.0], axis=1)
    if not serve_as_controls(draws):
        return values
    reduced = values.copy()
    for own in (half, ~half):
        design = np.column_stack([np.ones((~own).sum()), controls[~own]])
        slopes = np.linalg.lstsq(design, values[~own], rcond=None)[0][1:]
        reduced[own] -= controls[own] @ slopes
    return reduced


def of_blocks(values: np.ndarray, draws: Draws) -> Estimate:
    """Mean of values (n,), and its error by the means of independent blocks."""
    names, place = np.unique(draws.blocks, return_inverse=True)
    means = np.bincount(place, weights=values) / np.bincount(place)
    return Estimate(float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(names))))


@partial(jax.jit, static_argnums=0)
def _samples(state: State, parameters: Parameters, given: Given, normal: jax.Array) -> jax.Array:
    return jax.vmap(lambda z: state.sample(parameters, given, z))(normal)


@partial(jax.jit, static_argnums=0)
def _products(state: State, parameters: Parameters, given: Given, x: jax.Array, momenta: jax.Array) -> jax.Array:
    def one(point: jax.Array) -> jax.Array:
        products = state.momentum_products(parameters, given, point)
        return jnp.einsum("iak,ibk->iab", momenta @ products, momenta)

    return jax.vmap(one)(x)


@in_double
def sample(state: State, parameters: Parameters, given: Given, normal: np.ndarray) -> np.ndarray:
    """Coordinates (n, D) with the distribution ρ(x), from normal vectors (n, D)."""
    parts = [_samples(state, parameters, given, part) for part in _chunks(normal)]
    return np.concatenate([np.asarray(part) for part in parts])[: len(normal)]


@in_double
def atomic_momenta(state: State, parameters: Parameters, given: Given, basis: Basis, x: np.ndarray) -> np.ndarray:
    """(n, N, d, d) local values of p_a p_b / m of each atom at coordinates (n, D), eq. 5; half the trace is kinetic energy."""
    momenta = jnp.asarray(basis.momenta().reshape(*basis.rest.shape, -1))
    parts = [_products(state, parameters, given, part, momenta) for part in _chunks(x)]
    return np.concatenate([np.asarray(part) for part in parts])[: len(x)]


class Samples(NamedTuple):
    """Samples of a state with frozen parameters, and all that is averaged over them.

    ``coordinates`` (n, D), ``positions`` (n, N, d), ``energies`` `Energies` less that of the crystal at rest,
    ``momenta`` (n, N, d, d) of `atomic_momenta`, ``entropy`` S/k.
    """

    draws: Draws
    coordinates: np.ndarray
    positions: np.ndarray
    energies: Energies
    momenta: np.ndarray
    entropy: float


@in_double
def draw(
    state: State,
    parameters: Parameters,
    given: Given,
    basis: Basis,
    potential: Potential,
    draws: Draws,
    progress: Callable[[int], None] = lambda done: None,
) -> Samples:
    """Fresh samples with frozen parameters.

    Raises
    ------
    VariationalError
        If an energy is not a number; it names the sample and the phonon that is displaced most.
    """
    x = sample(state, parameters, given, draws.normal)
    positions = basis.positions(x)
    parts = []
    for first in range(0, len(x), CHUNK):
        parts.append(potential(positions[first : first + CHUNK], basis.cell))
        progress(min(first + CHUNK, len(x)))
    at_rest = potential(basis.rest[None], basis.cell).energies[0]
    found = Energies(*(np.concatenate(values) for values in zip(*parts, strict=True)))
    found = found._replace(energies=found.energies - at_rest)
    check_numbers(found.energies, x)
    momenta = atomic_momenta(state, parameters, given, basis, x)
    return Samples(draws, x, positions, found, momenta, float(state.entropy(parameters, given)))


def check_numbers(energies: np.ndarray, x: np.ndarray) -> None:
    """Make sure that energies (n,) at coordinates (n, D) are numbers."""
    wrong = ~np.isfinite(energies)
    if wrong.any():
        number = int(np.argmax(wrong))
        mode = int(np.argmax(np.abs(np.nan_to_num(x[number], nan=np.inf))))
        raise VariationalError(
            f"the energy of sample {number} is {energies[number]}, where phonon {mode} has x = {x[number, mode]:.3g}; "
            "lower the learning rate, or look at the potential at large displacements"
        )


def _chunks(values: np.ndarray) -> list[jax.Array]:
    """Parts of `CHUNK` rows, the last filled up with its last row, so that one compilation serves all."""
    if len(values) <= CHUNK:
        return [jnp.asarray(values)]
    missing = -len(values) % CHUNK
    padded = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
    return [jnp.asarray(part) for part in np.split(padded, len(padded) // CHUNK)]
