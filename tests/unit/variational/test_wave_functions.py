"""Flow, occupations and states against quadrature, automatic derivatives and each other, at random weights."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_crystals import particle

from qcrystal.units import MEV
from qcrystal.variational.double import in_double
from qcrystal.variational.flow import flow_of
from qcrystal.variational.occupations import Bose, Levels, hermite_functions
from qcrystal.variational.quasiphonons import quasi_phonons
from qcrystal.variational.wave_functions import Given, State

pytestmark = pytest.mark.engine

GIVEN = Given(np.array([1.0, 1.4]), 1.7)


@pytest.fixture(autouse=True)
def double():
    """The layers are called directly here."""
    with jax.enable_x64(True):
        yield


def approx(value, **tolerance):
    """`pytest.approx` of JAX's arrays too."""
    return pytest.approx(np.asarray(value), **tolerance)


def shaken(parameters, seed, size=0.3):
    """Parameters with random weights."""
    leaves, form = jax.tree.flatten(parameters)
    rng = np.random.default_rng(seed)
    return jax.tree.unflatten(form, [leaf + size * rng.normal(size=np.shape(leaf)) for leaf in leaves])


@pytest.mark.parametrize("stars", [(0, 1, 1, 2), (0, 0, 0)])
@pytest.mark.parametrize("kind", ["affine", "full"])
def test_a_flow_inverts_and_knows_its_determinant(stars, kind):
    flow = flow_of(stars, kind, couplings=2, width=8)
    parameters = shaken(flow.start(0), 1)

    @jax.jit
    @jax.vmap
    def there_and_back(x):
        y, log_slope = flow.forward(parameters, x)
        slopes = jax.jacfwd(lambda point: flow.forward(parameters, point)[0])(x)
        return flow.inverse(parameters, y), log_slope, jnp.linalg.slogdet(slopes)[1]

    x = np.random.default_rng(2).normal(size=(20, len(stars)))
    back, log_slope, determinant = there_and_back(x)
    assert back == approx(x, abs=1e-10)
    assert log_slope == approx(determinant, abs=1e-8)


def test_partners_are_bent_alike_whatever_their_directions():
    flow = flow_of((0, 0, 1), "full", couplings=0)
    parameters = shaken(flow.start(0), 3)
    for name in ("first", "last"):  # a shift along partners names a direction
        parameters[name]["shift"] = parameters[name]["shift"].at[:2].set(0.0)
    angle, x = 0.7, jnp.array([0.4, -1.1, 0.9])
    turn = jnp.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    forward = jax.jit(lambda point: flow.forward(parameters, point))
    one, slope = forward(x)
    other, same = forward(turn @ x)
    assert other == approx(turn @ one, abs=1e-12)
    assert same == approx(float(slope), abs=1e-12)


def test_states_are_orthonormal_at_random_weights():
    state = State(flow_of((0, 1), "full", couplings=2, width=8), Bose((0, 1)))
    parameters = shaken(state.start(np.ones(2)), 4, 0.15)
    grid = np.linspace(
        -14.0, 14.0, 421
    )  # the trapezoidal rule converges exponentially for functions that vanish outside
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)

    def maps(point):
        xi, log_slope = state.flow.forward(parameters["flow"], point)
        return hermite_functions(xi, 4), log_slope

    functions, log_slopes = jax.jit(jax.vmap(maps))(points)
    pairs = [(a, b) for a in range(4) for b in range(4 - a)]  # ten states
    states = jnp.stack([functions[:, 0, a] * functions[:, 1, b] for a, b in pairs]) * jnp.exp(0.5 * log_slopes)
    overlaps = states @ states.T * (grid[1] - grid[0]) ** 2
    assert overlaps == approx(np.eye(len(pairs)), abs=1e-6)


@pytest.mark.parametrize("tail", [True, False])
def test_occupations_in_closed_form_are_sums_over_levels(tail):
    beta, top, stars = 0.8, 200, (0, 1)
    levels = Levels(stars, 6, tail)
    parameters = shaken(levels.at_temperature(levels.start(np.array([0.9, 1.3])), beta), 5, 0.5)
    chances = jnp.exp(levels.log_probabilities(parameters, beta, top))
    assert chances.sum(axis=1) == approx(np.ones(2), abs=1e-12)
    terms = jnp.where(chances > 0, chances * jnp.log(jnp.where(chances > 0, chances, 1.0)), 0.0)
    assert float(levels.entropy(parameters, beta)) == approx(-float(terms.sum()), abs=1e-10)
    xi = jnp.array([0.7, -1.9])
    functions = hermite_functions(xi, top)
    slopes = jax.jacfwd(lambda z: hermite_functions(z, top))(xi)
    slopes = jnp.stack([slopes[k, :, k] for k in range(2)])
    density = (chances * functions**2).sum(axis=1)
    slope = (2 * chances * functions * slopes).sum(axis=1) / density
    spread = (chances * slopes**2).sum(axis=1) / density - slope**2 / 4
    found = jax.jit(lambda z: levels.marginal(parameters, beta, z))(xi)
    assert jnp.exp(found.log_density) == approx(density, rel=1e-9)
    assert found.slope == approx(slope, rel=1e-8)
    assert found.spread == approx(spread, rel=1e-7)
    assert jnp.all(found.spread > 0)


@pytest.mark.parametrize("tail", [True, False])
def test_quantiles_invert_the_distribution_and_move_with_the_parameters(tail):
    beta, levels = 1.1, Levels((0,), 5, tail)
    parameters = shaken(levels.at_temperature(levels.start(np.array([0.7])), beta), 6, 0.5)
    normal = jnp.array([-1.3])
    grid = jnp.linspace(-14, float(levels.quantile(parameters, beta, normal)[0]), 20001)
    one = jax.jit(jax.vmap(lambda z: levels.marginal(parameters, beta, z[None]).log_density[0]))
    density = jnp.exp(one(grid))
    below = jnp.trapezoid(density, grid)
    assert float(below) == approx(float(jax.scipy.stats.norm.cdf(normal[0])), abs=1e-8)

    @jax.jit
    def quantile(logit):
        return levels.quantile({**parameters, "logits": parameters["logits"].at[0, 1].add(logit)}, beta, normal)[0]

    step = 1e-5
    assert float(jax.grad(quantile)(0.0)) == approx(float(quantile(step) - quantile(-step)) / (2 * step), rel=1e-6)


def test_the_local_energy_of_a_state_is_that_of_its_hessian():
    """folx's Laplacian, and the formula around it, against the trace of the Hessian of ln|Ψ|."""
    state = State(flow_of((0, 1), "full", couplings=2, width=8), Bose((0, 1)))
    parameters = shaken(state.start(GIVEN.energies), 7, 0.2)
    numbers, top = jnp.array([2, 1]), 6

    def amplitude(point):
        return state.log_amplitude(parameters, point, numbers, top)

    @jax.jit
    @jax.vmap
    def both(x):
        slope, hessian = jax.grad(amplitude)(x), jax.hessian(amplitude)(x)
        exact = -0.5 * GIVEN.energies @ (jnp.diagonal(hessian) + slope**2)
        return state.kinetic_of_state(parameters, GIVEN, x, numbers, top), exact

    local, exact = both(np.random.default_rng(8).normal(size=(5, 2)))
    assert local == approx(exact, abs=1e-8)


def test_the_closed_form_of_the_kinetic_energy_is_the_sum_over_states():
    """Eq. 5 against Σ_n p_n Σ_i ħω_i (∂_iΨ_n)²/2ρ, which is summed over 60 levels of each phonon."""
    state = State(flow_of((0, 1), "full", couplings=2, width=8), Levels((0, 1), 4))
    parameters = shaken(state.start(GIVEN.energies), 9, 0.2)
    top, x = 60, jnp.array([0.3, -0.8])
    chances = jnp.exp(state.occupations.log_probabilities(parameters["occupations"], GIVEN.beta, top))

    @jax.jit
    def waves(point):
        xi, log_slope = state.flow.forward(parameters["flow"], point)
        functions = hermite_functions(xi, top)
        return functions[0][:, None] * functions[1] * jnp.exp(0.5 * log_slope)

    weights = chances[0][:, None] * chances[1]
    density = jnp.sum(weights * waves(x) ** 2)
    slopes = jax.jit(jax.jacfwd(waves))(x)
    exact = jnp.einsum("ab,abi,abj->ij", weights, slopes, slopes) / density
    signs = jnp.array([[1.0, 1.0], [1.0, -1.0]])

    @jax.jit
    def values(point):
        probes = jax.vmap(lambda one: state.kinetic_by_probe(parameters, GIVEN, point, one))(signs)
        products, kinetic = state.momentum_products(parameters, GIVEN, point), state.kinetic(parameters, GIVEN, point)
        return products, kinetic, probes.mean(), state.log_density(parameters, GIVEN, point)

    products, kinetic, probed, log_density = values(x)
    assert products == approx(exact, rel=1e-7)
    assert kinetic == approx(0.5 * GIVEN.energies @ jnp.diagonal(exact))
    assert probed == approx(kinetic)
    assert jnp.exp(log_density) == approx(density, rel=1e-9)


def test_other_rooms_keep_their_precision():
    assert in_double(lambda: jnp.zeros(1).dtype)() == np.float64
    with jax.enable_x64(False):
        in_double(lambda: None)()
        assert jnp.zeros(1).dtype == np.float32


def test_a_quantum_of_each_phonon_costs_what_quadrature_says():
    """E(1_k) - E(0) at random weights: Σ_i ½ħω_i ∫|∂_iΨ|² + ∫V|Ψ|² of the states on a grid, against one set of samples."""

    def well(r):
        return (
            0.5 * r[0] ** 2
            + r[1] ** 2
            + 0.1 * (r[0] ** 4 + r[1] ** 4)
            + 0.5 * r[0] ** 2 * r[1] ** 2
            + 0.1 * r[0] ** 2 * r[1]
        )

    basis, potential = particle(well, 2)
    state = State(flow_of(basis.stars, "full", couplings=2, width=8), Bose(basis.stars))
    given = Given(jnp.asarray(basis.energies), jnp.asarray(1.7))
    parameters = shaken(state.start(basis.energies), 4, 0.07)
    grid = np.linspace(-9.0, 9.0, 241)
    points = jnp.asarray(np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2))

    def amplitude(point, numbers):
        xi, log_slope = state.flow.forward(parameters["flow"], point)
        functions = hermite_functions(xi, 2)
        return functions[0, numbers[0]] * functions[1, numbers[1]] * jnp.exp(0.5 * log_slope)

    def density(point, numbers):
        value, slope = jax.value_and_grad(amplitude)(point, numbers)
        shift = jnp.asarray(basis.displacements) @ point
        return 0.5 * jnp.sum(given.energies * slope**2) + well(shift) * value**2

    step = (grid[1] - grid[0]) ** 2
    energy = [
        float(step * jax.jit(jax.vmap(partial(density, numbers=n)))(points).sum()) for n in ((0, 0), (1, 0), (0, 1))
    ]
    table = quasi_phonons(state, parameters, given, basis, potential, 8192, 5)
    found, errors = table["energy"].to_numpy() * MEV, table["energy_error"].to_numpy() * MEV
    assert np.all(errors < 0.05)  # of quanta of 1.3 and 2: a wrong factor of any term would show
    assert np.all(
        np.abs(found - (np.array(energy[1:]) - energy[0])) < 4 * errors
    )  # two numbers: by chance once in 8000
