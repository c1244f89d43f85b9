"""Quasi-phonons: what one quantum of each phonon costs in the trained state [Zhang 2025, fig. 1c]."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from qcrystal.units import MEV
from qcrystal.variational.basis import Basis
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Potential
from qcrystal.variational.estimators import antithetic, estimate
from qcrystal.variational.occupations import Levels
from qcrystal.variational.wave_functions import Given, Parameters, State

TOP = 2
VALUES = ["energy", "energy_error", "occupation_energy", "zero_point_shift", "zero_point_shift_error"]
"""Columns that a refused state has no values of."""


@partial(jax.jit, static_argnums=0)
def _excited(state: State, parameters: Parameters, given: Given, normal: jax.Array, numbers: jax.Array):
    """x with the distribution |Ψ_n(x)|², from normal vectors (B, D), and the kinetic energies of that state."""
    level = Levels(tuple(range(len(given.energies))), TOP, tail=False)
    chosen = jnp.where(jnp.arange(TOP) == numbers[:, None], 0.0, -60.0)  # one level alone
    occupations = {"logits": chosen, "share": jnp.zeros(len(numbers)), "log_quantum": jnp.zeros(len(numbers))}

    def one(z: jax.Array):
        x = state.flow.inverse(parameters["flow"], level.quantile(occupations, given.beta, z))
        return x, state.kinetic_of_state(parameters, given, x, numbers, TOP)

    return jax.vmap(one)(normal)


@in_double
def quasi_phonons(
    state: State, parameters: Parameters, given: Given, basis: Basis, potential: Potential, samples: int, seed: int
) -> pd.DataFrame:
    """w_k = E(1_k) - E(0) of each phonon, from the same normal vectors for all states.

    Returns
    -------
    DataFrame
        phonon, star, harmonic_energy, energy, energy_error (meV), and occupation_energy, -kT ln p_k(1)/p_k(0) (meV). In every
        row zero_point_shift, Σ_k (w_k - ħω_k)/2 (meV/atom), and its error. Phonons share their samples, so it is more than
        that of independent energies.
    """
    draws = antithetic(samples, len(basis.energies), seed)

    def local(numbers: np.ndarray) -> np.ndarray:
        x, kinetic = _excited(state, parameters, given, jnp.asarray(draws.normal), jnp.asarray(numbers))
        return potential(basis.positions(np.asarray(x)), basis.cell).energies + np.asarray(kinetic)

    nothing = np.zeros(len(basis.energies), int)
    ground = local(nothing)
    chances = np.asarray(state.occupations.log_probabilities(parameters["occupations"], given.beta, TOP))
    rows, total = [], np.zeros(len(ground))
    for phonon, star in enumerate(basis.stars):
        one = nothing.copy()
        one[phonon] = 1
        cost = local(one) - ground
        total += 0.5 * (cost - basis.energies[phonon])
        found = estimate(cost, draws)
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
    shift, scale = estimate(total, draws), MEV * len(basis.masses)
    return pd.DataFrame(rows).assign(zero_point_shift=shift.value / scale, zero_point_shift_error=shift.error / scale)


def without_values(table: pd.DataFrame, refused: str) -> pd.DataFrame:
    """The table with the reason for which its state was refused; of a refused state the harmonic energies are left."""
    table = table.assign(refused=refused)
    if refused:
        table[VALUES] = np.nan
    return table
