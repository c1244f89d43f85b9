"""Levels, rates and crossover of one-dimensional barriers against exact results."""

import numpy as np
import pytest
from ase import units

from qcrystal.statics.tunnelling import (
    HBAR,
    DoubleWell,
    Path,
    classical_rate,
    crossover,
    double_well_rate,
    transmission,
)
from qcrystal.units import AMU_A2_PS2

QUANTUM = 0.1  # eV, ħω of a barrier


def barrier(height, energy, slope, reach, points=401):
    """A path over a barrier whose energy and slope are functions of the place from the top, in √u Å."""
    s = np.linspace(-reach, reach, points)
    return Path(s + reach, height + energy(s), slope(s), QUANTUM, 0.0)


def stiffness():
    """ω_b² in eV/(u Å²)."""
    return (QUANTUM / HBAR) ** 2 * AMU_A2_PS2


def test_levels_are_those_of_the_quartic_double_well():
    """V = -2x² + x⁴/2, ħ = m = k = 1, β = 8: E = -0.82375 exactly; here barrier 2 and quantum √8."""
    unit = 0.1  # eV
    levels = DoubleWell(2.0 * unit, np.sqrt(8.0) * unit, 1.008).levels() / unit - 2.0
    weights = np.exp(-8.0 * (levels - levels[0]))
    assert (weights * levels).sum() / weights.sum() == pytest.approx(-0.82375, abs=2e-5)  # its digits


def test_splitting_is_that_of_semiclassics_for_high_barriers():
    """Δ = 8 ħω √(2 V_b/πħω) exp(-16 V_b/3ħω), Garg, Am. J. Phys. 68, 430 (2000): leading order, here within 10 %."""
    well = DoubleWell(3.0, 1.0, 1.0)
    levels = well.levels(1201)
    known = 8.0 * np.sqrt(2.0 * 3.0 / np.pi) * np.exp(-16.0 * 3.0 / 3.0)
    assert levels[1] - levels[0] == pytest.approx(known, rel=0.1)


@pytest.mark.parametrize("ratio", [1.5, 2.0, 4.0])
def test_a_parabolic_barrier_transmits_as_the_exact_result(ratio):
    """κ = (βħω/2)/sin(βħω/2), of a parabola so deep that its ends do not matter: 1 % is what the grid leaves."""
    temperature = ratio * crossover(QUANTUM)
    height = 2.0
    reach = np.sqrt(2.0 * height / stiffness())
    path = barrier(height, lambda s: -0.5 * stiffness() * s**2, lambda s: -stiffness() * s, reach)
    half = 0.5 * QUANTUM / (units.kB * temperature)
    assert transmission(path, temperature) == pytest.approx(half / np.sin(half), rel=0.01)


def test_the_crossover_is_where_a_parabola_transmits_without_bound():
    """κ = x/sin x has its pole at x = βħω/2 = π."""
    assert 0.5 * QUANTUM / (units.kB * crossover(QUANTUM)) == pytest.approx(np.pi)


@pytest.mark.parametrize("ratio", [0.7, 1.0, 2.0])
def test_an_eckart_barrier_transmits_as_the_exact_result(ratio):
    """V_b/cosh²(s/a) has an exact P(E) [Eckart, Phys. Rev. 35, 1303 (1930)]; semiclassics is 10 % off where it crosses over."""
    height, temperature = 0.4, ratio * crossover(QUANTUM)
    a = np.sqrt(2.0 * height / stiffness())
    shape = lambda s: height / np.cosh(s / a) ** 2 - height  # noqa: E731
    slope = lambda s: -2.0 * height * np.tanh(s / a) / (a * np.cosh(s / a) ** 2)  # noqa: E731
    beta = 1.0 / (units.kB * temperature)
    energy = np.linspace(1e-6, 4.0 * height, 20001)
    wave = np.pi * a * np.sqrt(2.0 * energy / AMU_A2_PS2) * AMU_A2_PS2 / HBAR  # π k a
    depth = 8.0 * height * a**2 * AMU_A2_PS2 / HBAR**2
    passed = np.sinh(wave) ** 2 / (np.sinh(wave) ** 2 + np.cosh(0.5 * np.pi * np.sqrt(depth - 1.0)) ** 2)
    exact = beta * np.trapezoid(passed * np.exp(-beta * (energy - height)), energy)
    assert transmission(barrier(height, shape, slope, 8.0 * a, 1601), temperature) == pytest.approx(exact, rel=0.1)


def test_a_high_barrier_has_the_classical_rate_of_a_harmonic_well():
    """ω0/2π exp(-V_b/kT), to which the quartic adds 3kT/8V_b or so: 2 % here."""
    well = DoubleWell(1.0, 0.1, 1.0)
    temperature = 1.0 / 40.0 / units.kB
    known = 0.1 / (2.0 * np.pi * HBAR) * np.exp(-40.0)
    assert classical_rate(well, temperature) == pytest.approx(known, rel=0.02)


def test_hot_quantum_rates_are_classical():
    well = DoubleWell(0.2, 0.01, 1.008)
    assert double_well_rate(well, 600.0) == pytest.approx(classical_rate(well, 600.0), rel=0.02)
