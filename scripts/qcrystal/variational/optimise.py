"""Minimise the free energy of a state over its parameters, by Adam with gradients from samples.

``pathwise``: samples are maps of normal vectors, and the gradient goes through them, with dV = -F·dR.
For free occupations the quantiles are differentiated too. ``score``: the gradient of [Zhang 2025, eq. 4], which needs energies
alone. It is <(F_loc - b) ∇ln p> for the occupations and 2 <(E_loc - b) ∇ln|Ψ|> for the flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from qcrystal.variational.basis import Basis
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Potential
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimators import check_numbers
from qcrystal.variational.spec import Gradient, Laplacian
from qcrystal.variational.wave_functions import Given, Parameters, State

SLOWER = 0.1
"""Learning rate of the couplings' networks over that of scales, shifts and occupations."""
LARGEST_GRADIENT = 10.0
"""Of the norm over all parameters, in units of kT plus the mean ħω: a longer gradient is shortened."""


@dataclass(frozen=True)
class Settings:
    """How a level is optimised.

    Attributes
    ----------
    steps, batch
        Of Adam; samples of each step, half of them the opposites of the other half.
    rate
        First learning rate; it falls to a hundredth along a cosine.
    gradient
        ``pathwise`` or ``score``.
    laplacian
        ``exact``, or ``probe``: one random direction for the kinetic energy of a sample. Cheaper above about 150 phonons.
    top
        Levels that ``score`` knows of; it leaves out what lies above.
    seed
    """

    steps: int
    batch: int
    rate: float = 0.02
    gradient: Gradient = "pathwise"
    laplacian: Laplacian = "exact"
    top: int = 64
    seed: int = 0


class Progress(NamedTuple):
    """Training so far: parameters, Adam's memory, step, and F of each step's batch with its error, (step, 2)."""

    parameters: Parameters
    memory: Any
    step: int
    history: np.ndarray


@partial(jax.jit, static_argnums=(0, 4))
def _drawn(state: State, parameters: Parameters, given: Given, key: jax.Array, batch: int):
    half = jax.random.normal(key, (batch // 2, len(given.energies)))
    normal = jnp.concatenate([half, -half])
    return normal, jax.vmap(lambda z: state.sample(parameters, given, z))(normal)


@partial(jax.jit, static_argnums=(0, 6))
def _pathwise(
    state: State, parameters: Parameters, given: Given, normal: jax.Array, pull: jax.Array, key: jax.Array, probe: bool
):
    """Gradient of F and the local kinetic energies; ``pull`` (B, D) is ∂V/∂x at the samples."""
    signs = jax.random.rademacher(key, normal.shape, dtype=normal.dtype)

    def free_energy(p: Parameters):
        x = jax.vmap(lambda z: state.sample(p, given, z))(normal)
        if probe:
            kinetic = jax.vmap(lambda point, v: state.kinetic_by_probe(p, given, point, v))(x, signs)
        else:
            kinetic = jax.vmap(lambda point: state.kinetic(p, given, point))(x)
        along = jnp.sum(pull * x, axis=-1)
        return jnp.mean(along + kinetic) - state.entropy(p, given) / given.beta, kinetic

    slopes, kinetic = jax.grad(free_energy, has_aux=True)(parameters)
    return slopes, kinetic, state.entropy(parameters, given)


@partial(jax.jit, static_argnums=(0, 5))
def _numbered(state: State, parameters: Parameters, given: Given, key: jax.Array, normal: jax.Array, top: int):
    keys = jax.random.split(key, len(normal))
    x, numbers = jax.vmap(lambda k, z: state.numbers(parameters, given, k, z, top))(keys, normal)
    kinetic = jax.vmap(lambda point, n: state.kinetic_of_state(parameters, given, point, n, top))(x, numbers)
    return x, numbers, kinetic


@partial(jax.jit, static_argnums=(0, 6))
def _score(
    state: State, parameters: Parameters, given: Given, x: jax.Array, numbers: jax.Array, local: jax.Array, top: int
):
    """Gradient of F and its local values, from local energies (B,) of single states."""
    chances = jax.vmap(lambda n: state.log_probability(parameters, given, n, top))(numbers)
    free = chances / given.beta + local

    def surrogate(p: Parameters) -> jax.Array:
        chance = jax.vmap(lambda n: state.log_probability(p, given, n, top))(numbers)
        amplitude = jax.vmap(lambda point, n: state.log_amplitude(p, point, n, top))(x, numbers)
        return jnp.mean((free - free.mean()) * chance + 2.0 * (local - local.mean()) * amplitude)

    return jax.grad(surrogate)(parameters), free


class Optimiser:
    """The optimisation of one level, step by step. A step depends on the seed and its number alone, so it can be resumed."""

    def __init__(self, state: State, given: Given, basis: Basis, potential: Potential, settings: Settings):
        if settings.batch < 4 or settings.batch % 2:
            raise VariationalError(f"nct.batch is {settings.batch}; take an even number of at least 4")
        self.state, self.basis, self.potential, self.settings = state, basis, potential, settings
        with jax.enable_x64(True):
            self.given = Given(jnp.asarray(given.energies, float), jnp.asarray(given.beta, float))
        self.at_rest = float(potential(basis.rest[None], basis.cell).energies[0])
        scale = 1.0 / float(given.beta) + float(np.mean(basis.energies))
        schedule = optax.cosine_decay_schedule(settings.rate, max(settings.steps, 1), 0.01)
        slow = optax.cosine_decay_schedule(SLOWER * settings.rate, max(settings.steps, 1), 0.01)
        self._adam = optax.chain(
            optax.scale(1.0 / scale),
            optax.clip_by_global_norm(LARGEST_GRADIENT),
            optax.multi_transform({"fast": optax.adam(schedule), "slow": optax.adam(slow)}, _speeds),
        )
        self._update = jax.jit(self._adam.update)

    @in_double
    def start(self, parameters: Parameters) -> Progress:
        """Before the first step."""
        parameters = jax.tree.map(lambda value: jnp.asarray(value, float), parameters)
        return Progress(parameters, self._adam.init(parameters), 0, np.empty((0, 2)))

    @in_double
    def step(self, progress: Progress) -> Progress:
        """One step of Adam."""
        key = jax.random.fold_in(jax.random.key(self.settings.seed), progress.step)
        slopes, free = self._gradient(progress.parameters, *jax.random.split(key))
        changes, memory = self._update(slopes, progress.memory, progress.parameters)
        parameters = optax.apply_updates(progress.parameters, changes)
        pairs = free.reshape(2, -1).mean(axis=0)
        row = [free.mean(), pairs.std(ddof=1) / np.sqrt(len(pairs))]
        return Progress(parameters, memory, progress.step + 1, np.vstack([progress.history, row]))

    def _gradient(self, parameters: Parameters, key: jax.Array, second: jax.Array) -> tuple[Parameters, np.ndarray]:
        """Gradient of F, and F's local values (B,) less the energy at rest."""
        settings, given = self.settings, self.given
        normal, x = _drawn(self.state, parameters, given, key, settings.batch)
        if settings.gradient == "pathwise":
            energies, pull = self._energies(np.asarray(x))
            probe = settings.laplacian == "probe"
            slopes, kinetic, entropy = _pathwise(self.state, parameters, given, normal, pull, second, probe)
            return slopes, energies + np.asarray(kinetic) - float(entropy / given.beta)
        x, numbers, kinetic = _numbered(self.state, parameters, given, second, normal, settings.top)
        energies, _ = self._energies(np.asarray(x))
        slopes, free = _score(self.state, parameters, given, x, numbers, energies + kinetic, settings.top)
        return slopes, np.asarray(free)

    def _energies(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V (B,) less that at rest, and ∂V/∂x (B, D)."""
        found = self.potential(self.basis.positions(x), self.basis.cell)
        energies = found.energies - self.at_rest
        check_numbers(energies, x)
        return energies, -found.forces.reshape(len(x), -1) @ self.basis.displacements


def _speeds(parameters: Parameters) -> Any:
    """Label of each parameter: ``slow`` in the networks of couplings, ``fast`` elsewhere."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: (
            "slow" if any(str(getattr(part, "key", "")).startswith("coupling") for part in path) else "fast"
        ),
        parameters,
    )
