"""Small quantum systems with exact answers, for tests of variational free energies. ħ = k_B = 1 unless units are named."""

import jax.numpy as jnp
import numpy as np

from qcrystal.variational.basis import harmonic_free_energy, phonon_basis
from qcrystal.variational.energies import AnalyticEnergies, force_constants
from qcrystal.variational.estimators import draw, sobol
from qcrystal.variational.observables import observables
from qcrystal.variational.optimise import Optimiser, Settings, optimise
from qcrystal.variational.spec import LEVELS
from qcrystal.variational.states import Given, grown, state_of


def particle(function, dimensions, floor=0.3, mass=1.0, step=1e-3):
    """Basis and potential of one particle in a potential of its coordinates (d,)."""
    potential = AnalyticEnergies(lambda positions, cell: function(positions.reshape(-1)))
    rest, cell = np.zeros((1, dimensions)), np.eye(dimensions)
    constants = force_constants(potential, rest, cell, step)
    return phonon_basis(rest, cell, [mass], constants, floor, hbar_squared=1.0, translations=False), potential


def ring(bond, masses, lattice_constant, hbar_squared=1.0, floor=1e-3, step=1e-3):
    """Basis and potential of a periodic chain whose bonds have an energy of their length."""
    atoms = len(masses)

    def energy(positions, cell):
        along = positions[:, 0]
        following = jnp.concatenate([along[1:], along[:1] + cell[0, 0]])
        return jnp.sum(bond(following - along))

    potential = AnalyticEnergies(energy)
    rest = lattice_constant * np.arange(atoms, dtype=float)[:, None]
    cell = np.array([[lattice_constant * atoms]])
    constants = force_constants(potential, rest, cell, step)
    return phonon_basis(rest, cell, masses, constants, floor, hbar_squared=hbar_squared), potential


def trained(basis, potential, temperature, level, steps, batch=128, seed=0, rate=0.02, **ansatz):
    """State and parameters of a level, each level below it optimised before with as many steps."""
    given = Given(basis.energies, 1.0 / temperature)
    parameters = None
    for name in LEVELS[min(2, LEVELS.index(level)) : LEVELS.index(level) + 1]:
        state = state_of(basis.stars, name, **{"couplings": 4, "width": 24, "levels": 12, **ansatz})
        start = (
            start_of(state, basis, seed)
            if parameters is None
            else start_of(state, basis, seed, parameters, temperature)
        )
        optimiser = Optimiser(state, given, basis, potential, Settings(steps, batch, rate, seed=seed))
        parameters = optimise(optimiser, optimiser.start(start)).parameters
    return state, parameters


def start_of(state, basis, seed=0, smaller=None, temperature=None):
    """Parameters to begin with: of the harmonic crystal, or of a smaller level."""
    from qcrystal.variational.double import in_double

    if smaller is None:
        return in_double(state.start)(basis.energies, seed)
    return in_double(grown)(state, basis.energies, 1.0 / temperature, smaller, seed)


def measured_values(state, parameters, basis, potential, temperature, count=4096, seed=99, draws=sobol):
    """Observables of frozen parameters from fresh samples."""
    given = Given(basis.energies, 1.0 / temperature)
    samples = draw(state, parameters, given, basis, potential, draws(count, len(basis.energies), seed))
    return observables(samples, basis, temperature)


def exact_free_energy(basis, temperature):
    """Of the harmonic crystal."""
    return harmonic_free_energy(basis.energies, temperature)
