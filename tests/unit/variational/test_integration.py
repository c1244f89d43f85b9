"""Thermodynamic integration against exact free energies: sums over modes, quadrature and diagonalisation; ħ = k_B = 1."""

import numpy as np
import pytest
from model_crystals import particle, ring
from scipy.integrate import quad

from qcrystal.variational.basis import harmonic_free_energy
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.integration import Effort, Oscillators, integrate, lobatto, mean, path_map
from qcrystal.variational.references import averages

pytestmark = pytest.mark.engine


def within(estimate, exact, more=0.0):
    """Four standard errors, which one of 16 000 good results exceeds, and what a finite number of beads adds."""
    return abs(estimate.value - exact) < 4 * estimate.error + more


def test_lobatto_points_integrate_polynomials_and_have_both_ends():
    places, weights = lobatto(5)
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert [weights @ places**n for n in range(8)] == pytest.approx([1 / (n + 1) for n in range(8)], abs=1e-14)


def test_paths_of_oscillators_have_the_variance_of_their_states():
    """Their points have (ω/2ν) coth(βν/2), whatever their number, and the centroid kT ω/ν² as a classical particle."""
    basis, _ = particle(lambda x: 0.5 * x[0] ** 2, 1)
    for beads in (4, 5, 12):
        paths = path_map(basis, Oscillators(np.zeros(1), np.array([1.7])), 0.3, beads)[0]
        covariance = paths @ paths.T
        assert np.diag(covariance) == pytest.approx(0.5 / 1.7 / np.tanh(0.5 * 1.7 / 0.3))
        lag = np.cosh(1.7 / 0.3 * (0.5 - 1 / beads)) / np.sinh(0.5 * 1.7 / 0.3) * 0.5 / 1.7
        assert covariance[0, 1] == pytest.approx(lag)
        assert paths[:, 0] == pytest.approx(np.sqrt(0.3) / 1.7)


@pytest.mark.parametrize("beads", [None, 12])
def test_a_harmonic_ring_from_other_oscillators(beads):
    """From springs 1.5 times as stiff about other places; twelve beads are short of the exact F by 1e-3."""
    basis, potential = ring(lambda length: 0.5 * (length - 1.0) ** 2, [1.0, 2.0, 1.0], 1.0)
    temperature = 0.5
    reference = Oscillators(np.array([0.1, -0.1]), np.sqrt(1.5) * basis.energies)
    found = integrate(basis, potential, reference, temperature, beads, Effort(4, 32, 40, 3))
    exact = harmonic_free_energy(basis.energies, temperature)
    kinetic = 0.25 * np.sum(basis.energies / np.tanh(0.5 * basis.energies / temperature))
    if beads is None:
        exact, kinetic = temperature * np.sum(np.log(basis.energies / temperature)), temperature
    values = averages(found, basis, temperature)
    assert within(values.free_energy, exact, 1e-3)
    assert within(values.kinetic, kinetic, 2e-3)
    assert within(values.potential, kinetic, 2e-3)


@pytest.mark.parametrize(("beta", "exact"), [(1, 0.06035), (5, 0.41993)])
def test_a_quartic_oscillator(beta, exact):
    """x⁴/4 from x²/2: the F of classical atoms by quadrature, that of quantum ones by diagonalisation."""
    basis, potential = particle(lambda x: 0.25 * x[0] ** 4, 1, floor=1.0)
    phonons = Oscillators(np.zeros(1), basis.energies)
    classical = integrate(basis, potential, phonons, 1 / beta, None, Effort(5, 64, 40, 1)).free_energy
    sum_over_space = quad(lambda x: np.exp(-0.25 * beta * x**4), -20, 20)[0] / np.sqrt(2 * np.pi * beta)
    assert within(mean(classical), -np.log(sum_over_space) / beta)
    quantum = integrate(basis, potential, phonons, 1 / beta, 8 * beta, Effort(5, 64, 30, 1)).free_energy
    assert within(mean(quantum), exact, 1e-3)


@pytest.mark.parametrize(("beads", "low"), [(20, 8e-3), (80, 5e-4)])
def test_a_double_well_where_paths_cross_the_barrier(beads, low):
    """x⁴/4 - x² at β = 5: F = -0.33226 by diagonalisation. Few points make F low by a term of 1/P²: 16 times less with 80."""
    basis, potential = particle(lambda x: 0.25 * x[0] ** 4 - x[0] ** 2, 1, floor=1.0)
    soft = Oscillators(np.zeros(1), 0.5 * basis.energies)
    found = mean(integrate(basis, potential, soft, 0.2, beads, Effort(6, 64, 60, 1)).free_energy)
    assert -low - 4 * found.error < found.value + 0.33226 < 4 * found.error


def test_the_slopes_fall_and_the_first_one_is_the_bound():
    """F is concave in λ, and F_0 + <V - V_0>_0 lies above F [Gibbs, Bogoliubov]."""
    basis, potential = particle(lambda x: 0.5 * x[0] ** 2 + 0.3 * x[0] ** 4, 1)
    phonons = Oscillators(np.zeros(1), basis.energies)
    found = integrate(basis, potential, phonons, 0.5, 8, Effort(4, 32, 30, 2))
    assert np.all(np.diff(found.slopes) < 0)
    bound = harmonic_free_energy(basis.energies, 0.5) + 0.3 * 3 * (0.5 / np.tanh(1.0)) ** 2
    assert mean(found.free_energy).value < bound
    with pytest.raises(VariationalError, match="at least 2 chains, 3 points"):
        integrate(basis, potential, phonons, 0.5, 8, Effort(2, 32, 30, 2))
