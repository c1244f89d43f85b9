"""Small quantum systems with exact answers, for tests of variational free energies. ħ = k_B = 1 unless units are named."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from qcrystal.variational.basis import HBAR_SQUARED, Basis, harmonic_free_energy, phonon_basis, stars_of
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Energies, force_constants
from qcrystal.variational.estimators import Draws, draw
from qcrystal.variational.observables import observables
from qcrystal.variational.optimise import Optimiser, Settings
from qcrystal.variational.spec import LEVELS, NctSpec
from qcrystal.variational.wave_functions import Given, grown, state_of


class AnalyticEnergies:
    """A potential that is a function of positions (N, d) and cell (d, d), written with `jax.numpy`."""

    def __init__(self, function):
        def strained(positions, strain, cell):
            deformation = jnp.eye(cell.shape[0]) + strain
            return function(positions @ deformation, cell @ deformation)

        one = jax.value_and_grad(strained, argnums=(0, 1))
        self._all = jax.jit(jax.vmap(one, in_axes=(0, None, None)))

    @in_double
    def __call__(self, positions, cell):
        energies, (slopes, strains) = self._all(jnp.asarray(positions), jnp.zeros_like(cell), jnp.asarray(cell))
        return Energies(np.asarray(energies), -np.asarray(slopes), -np.asarray(strains))


def particle(function, dimensions, floor=0.3, mass=1.0, step=1e-3):
    """Basis and potential of one particle in a potential of its coordinates (d,)."""
    potential = AnalyticEnergies(lambda positions, cell: function(positions.reshape(-1)))
    rest, cell = np.zeros((1, dimensions)), np.eye(dimensions)
    constants = force_constants(potential, rest, cell, step)
    squares, vectors = np.linalg.eigh(constants / mass)  # nothing is left out: the particle is bound to its place
    energies = np.maximum(np.sqrt(np.abs(squares)), floor)
    order = np.argsort(energies, kind="stable")
    stars = stars_of(energies[order])
    return Basis(
        rest, cell, np.array([mass]), vectors[:, order], energies[order], squares[order], stars, hbar_squared=1.0
    ), potential


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
        parameters = optimised(optimiser, optimiser.start(start)).parameters
    return state, parameters


def optimised(optimiser, progress):
    """All steps that are left."""
    while progress.step < optimiser.settings.steps:
        progress = optimiser.step(progress)
    return progress


def rotated(basis, seed):
    """The same basis with the partners of each star mixed by a random rotation: no result may depend on it."""
    rng = np.random.default_rng(seed)
    vectors = basis.vectors.copy()
    for star in set(basis.stars):
        members = np.flatnonzero(np.array(basis.stars) == star)
        rotation = np.linalg.qr(rng.normal(size=(len(members), len(members))))[0]
        vectors[:, members] = vectors[:, members] @ rotation
    return replace(basis, vectors=vectors)


def sobol(count, size, seed, replicates=16):
    """Scrambled Sobol points as normal vectors, ``replicates`` independent blocks of a power of two each."""
    power = max(1, int(np.ceil(np.log2(max(2, count / replicates)))))
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    points = [qmc.Sobol(size, rng=np.random.default_rng(one)).random_base2(power) for one in seeds]
    normal = ndtri(np.clip(np.concatenate(points), 1e-15, 1 - 1e-15))
    return Draws(normal, np.repeat(np.arange(replicates), 2**power))


@partial(jax.jit, static_argnums=(0, 5))
def _states(state, parameters, given, keys, normal, top):
    def one(key, z):
        x, n = state.numbers(parameters, given, key, z, top)
        kinetic = state.kinetic_of_state(parameters, given, x, n, top)
        return x, kinetic, state.log_probability(parameters, given, n, top)

    return jax.vmap(one)(keys, normal)


@in_double
def single_states(state, parameters, given, normal, seed, top):
    """Coordinates, kinetic energies (Laplacian form) and ln p_n of states drawn with them from p_n |Ψ_n(x)|² (eq. 4)."""
    keys = jax.random.split(jax.random.key(seed), len(normal))
    return tuple(map(np.asarray, _states(state, parameters, given, keys, jnp.asarray(normal), top)))


def start_of(state, basis, seed=0, smaller=None, temperature=None):
    """Parameters to begin with: of the harmonic crystal, or of a smaller level."""
    if smaller is None:
        return in_double(state.start)(basis.energies, seed)
    return in_double(grown)(state, basis.energies, 1.0 / temperature, smaller, seed)


def measured_values(state, parameters, basis, potential, temperature, count=4096, seed=99, draws=sobol):
    """Observables of frozen parameters from fresh samples."""
    given = Given(basis.energies, 1.0 / temperature)
    samples = draw(state, parameters, given, basis, potential, draws(count, len(basis.energies), seed))
    return observables(samples, basis, temperature)


def diagonalised(function, temperature, dimensions=1, reach=6.0, points=48):
    """F and <x_1²> of one particle of mass 1 in a potential of its coordinates, on a grid of sinc functions.

    The kinetic matrix is that of [Colbert and Miller, J. Chem. Phys. 96, 1982 (1992), eq. A7].
    """
    x = np.linspace(-reach, reach, points)
    apart = np.subtract.outer(np.arange(points), np.arange(points))
    sign = 1.0 - 2.0 * (np.abs(apart) % 2)
    squares = np.where(apart == 0, np.pi**2 / 3, sign * 2.0 / np.where(apart == 0, 1, apart) ** 2)
    one = 0.5 * squares / (x[1] - x[0]) ** 2
    kinetic = one if dimensions == 1 else np.kron(one, np.eye(points)) + np.kron(np.eye(points), one)
    places = np.stack(np.meshgrid(*[x] * dimensions, indexing="ij")).reshape(dimensions, -1)
    energies, states = np.linalg.eigh(kinetic + np.diag(np.asarray(function(places))))
    weights = np.exp(-(energies - energies[0]) / temperature)
    square = (states**2).T @ places[0] ** 2
    return energies[0] - temperature * np.log(weights.sum()), float(weights @ square / weights.sum())


def exact_free_energy(basis, temperature):
    """Of the harmonic crystal."""
    return harmonic_free_energy(basis.energies, temperature)


def specification(**changes):
    """Of `two_atoms`."""
    settings = {
        "run": "test", "system": "ring", "level": "scha", "prototype": "x",
        "basis": "primitive", "repeat": (1, 1, 1), "species": ("La", "H"),
        "masses": {"La": 138.905, "H": 1.008}, "volume": 10.0, "temperature": 300.0, "seed": 3, "frequency_floor": 1.0,
        "displacement": 0.02, "steps": 4, "batch": 8, "samples": 64,
    }  # fmt: skip
    return NctSpec(**{**settings, **changes})


def two_atoms():
    """Two atoms in three dimensions on anharmonic springs, as a basis of three coordinates."""

    def bond(length):
        return 2.0 * (length - 2.0) ** 2 + 1.0 * (length - 2.0) ** 4

    line, along = ring(bond, [138.905, 1.008], 2.0, HBAR_SQUARED, step=1e-2)
    rest = np.zeros((2, 3))
    rest[:, 0] = line.rest[:, 0]
    vectors = np.zeros((6, 1))
    vectors[::3] = line.vectors
    cell = np.diag([line.cell[0, 0], 3.0, 3.0])
    basis = Basis(rest, cell, line.masses, vectors, line.energies, line.squares, line.stars)

    def potential(positions, cell):
        found = along(positions[:, :, :1], cell[:1, :1])
        forces, virials = np.zeros((len(positions), 2, 3)), np.zeros((len(positions), 3, 3))
        forces[:, :, :1], virials[:, :1, :1] = found.forces, found.virials
        return found._replace(forces=forces, virials=virials)

    return basis, potential
