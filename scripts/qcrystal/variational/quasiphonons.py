"""Quasi-phonons: what one quantum of each phonon costs in the trained state [Zhang 2025, fig. 1c].

All energies w_k = E(1_k) - E(0) come from one set of samples of the ground state |Ψ_0|², in which ξ is normal of variance 1/2.
There <(2ξ_k² - 1) B> = <ξ_k ∂B/∂ξ_k> for any B, by parts. With φ_1 = √2 ξ φ_0, J = ∂f/∂x and g = ∇ln|Ψ_0|,

    w_k = < ξ_k ∂/∂ξ_k (V + ½ Σ_i ħω_i g_i²) + Σ_i ħω_i (2 ξ_k g_i J_ki + J_ki²) >

The brackets are ħω_k at every point of a harmonic crystal. Forces give ∂V/∂ξ, so no state needs energies of its own.
"""

from __future__ import annotations

import logging
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from qcrystal.units import MEV
from qcrystal.variational.basis import Basis
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Potential
from qcrystal.variational.estimators import Draws, antithetic, check_numbers, controlled, of_blocks
from qcrystal.variational.wave_functions import Given, Parameters, State

log = logging.getLogger(__name__)
CHUNK = 16
"""Samples that are evaluated at once."""
REPORT_INTERVAL = 15.0
"""Seconds between two lines of progress."""
TOP = 2
VALUES = ["energy", "energy_error", "occupation_energy", "zero_point_shift", "zero_point_shift_error"]
"""Columns that a refused state has no values of."""


@partial(jax.jit, static_argnums=0)
def _coordinates(state: State, parameters: Parameters, xi: jax.Array) -> jax.Array:
    return jax.vmap(lambda point: state.flow.inverse(parameters["flow"], point))(xi)


@partial(jax.jit, static_argnums=0)
def _costs(state: State, parameters: Parameters, given: Given, xi: jax.Array, pull: jax.Array) -> jax.Array:
    """The brackets (B, D) at ξ (B, D), with the slopes ∂V/∂x (B, D) of the potential."""
    flow = parameters["flow"]

    def amplitude(x: jax.Array) -> jax.Array:
        point, log_slope = state.flow.forward(flow, x)
        return -0.5 * jnp.sum(point**2) + 0.5 * log_slope

    def energy(point: jax.Array, force: jax.Array) -> jax.Array:
        x = state.flow.inverse(flow, point)
        return force @ x + 0.5 * jnp.sum(given.energies * jax.grad(amplitude)(x) ** 2)

    def one(point: jax.Array, force: jax.Array) -> jax.Array:
        x = state.flow.inverse(flow, point)
        slopes = jax.jacfwd(lambda y: state.flow.forward(flow, y)[0])(x)
        along = slopes @ (given.energies * jax.grad(amplitude)(x))
        return point * (jax.grad(energy)(point, force) + 2.0 * along) + slopes**2 @ given.energies

    return jax.vmap(one)(xi, pull)


@in_double
def quasi_phonons(
    state: State, parameters: Parameters, given: Given, basis: Basis, potential: Potential, samples: int, seed: int
) -> pd.DataFrame:
    """w_k = E(1_k) - E(0) of each phonon, all from the same samples.

    Returns
    -------
    DataFrame
        phonon, star, harmonic_energy, energy, energy_error (meV), and occupation_energy, -kT ln p_k(1)/p_k(0) (meV). In every
        row zero_point_shift, Σ_k (w_k - ħω_k)/2 (meV/atom), and its error. Phonons share their samples, so it is more than
        that of independent energies.

    Raises
    ------
    VariationalError
        If an energy is not a number.
    """
    draws = antithetic(samples, len(basis.energies), seed)
    costs = _local_costs(state, parameters, given, basis, potential, draws)
    chances = np.asarray(state.occupations.log_probabilities(parameters["occupations"], given.beta, TOP))
    rows, total = [], np.zeros(len(costs))
    for phonon, star in enumerate(basis.stars):
        cost = controlled(costs[:, phonon], Draws(draws.normal[:, [phonon]], draws.blocks))
        total += 0.5 * (cost - basis.energies[phonon])
        found = of_blocks(cost, draws)
        rows.append(
            {
                "phonon": phonon,
                "star": star,
                "harmonic_energy": basis.energies[phonon] / MEV,
                "energy": found.value / MEV,
                "energy_error": found.error / MEV,
                "occupation_energy": float((chances[phonon, 0] - chances[phonon, 1]) / given.beta) / MEV,
            }
        )
    shift, scale = of_blocks(total, draws), MEV * len(basis.masses)
    return pd.DataFrame(rows).assign(zero_point_shift=shift.value / scale, zero_point_shift_error=shift.error / scale)


def _local_costs(
    state: State, parameters: Parameters, given: Given, basis: Basis, potential: Potential, draws: Draws
) -> np.ndarray:
    """The brackets at all samples (n, D), with lines in the log that say how far it is."""
    count, found = len(draws.normal), []
    xi = np.sqrt(0.5) * np.concatenate([draws.normal, np.repeat(draws.normal[-1:], -count % CHUNK, axis=0)])
    begun = told = time.monotonic()
    for first in range(0, count, CHUNK):
        part = jnp.asarray(xi[first : first + CHUNK])
        x = np.asarray(_coordinates(state, parameters, part))
        energies = potential(basis.positions(x), basis.cell)
        check_numbers(energies.energies, x)
        pull = -energies.forces.reshape(len(x), -1) @ basis.displacements
        found.append(np.asarray(_costs(state, parameters, given, part, jnp.asarray(pull))))
        done, now = min(first + CHUNK, count), time.monotonic()
        if now - told > REPORT_INTERVAL or done == count:
            told = now
            log.info("quasi-phonons: %d/%d samples, %.0f s left", done, count, (now - begun) / done * (count - done))
    return np.concatenate(found)[:count]


def without_values(table: pd.DataFrame, refused: str) -> pd.DataFrame:
    """The table with the reason for which its state was refused; of a refused state the harmonic energies are left."""
    table = table.assign(refused=refused)
    if refused:
        table[VALUES] = np.nan
    return table
