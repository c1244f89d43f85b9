"""Units and the oscillator's energy against CODATA values, sums over levels and the matrix of a ring of springs."""

import numpy as np
import pytest
from scipy import constants

from qcrystal.units import AMU_A2_PS2, MEV, THZ, oscillator_energy

KB = constants.k / constants.e  # eV/K
# ASE's Boltzmann constant is that of CODATA 2014, 4e-7 below the exact one of 2019.
CODATA = 1e-6


def test_units_are_those_of_codata():
    """hν of 1 THz, u (Å/ps)² as energy, and their ratio: a frequency from a force constant."""
    assert THZ == pytest.approx(4.135667696e-3, rel=1e-9)  # eV, exact by definition of the SI
    in_joule = constants.atomic_mass * (constants.angstrom / constants.pico) ** 2
    assert AMU_A2_PS2 == pytest.approx(in_joule / constants.eV, rel=1e-12)
    assert MEV == constants.milli


@pytest.mark.parametrize(("frequency", "temperature"), [(1.0, 300.0), (10.0, 300.0), (60.0, 100.0), (60.0, 2000.0)])
def test_quantum_energy_is_the_sum_over_levels(frequency, temperature):
    """Boltzmann's mean over E_n = hν (n + 1/2); the levels beyond 20 000 hold less than exp(-3000) of the weight."""
    level = constants.h * frequency * constants.tera * (np.arange(20000) + 0.5)
    weight = np.exp(-(level - level[0]) / (constants.k * temperature))
    exact = (weight * level).sum() / weight.sum() / constants.e
    assert oscillator_energy(frequency, temperature) == pytest.approx(exact, rel=CODATA)


def test_limits():
    """kT where hν << kT, hν/2 where it is >> kT and at 0 K, kT of one bead; arrays keep their shape."""
    frequencies = np.array([[0.0, 1e-7, 1e-3], [1.0, 10.0, 60.0]])
    assert oscillator_energy(frequencies, 0.0) == pytest.approx(0.5 * THZ * frequencies)
    # (hν/2) coth(hν/2kT) = kT [1 + (hν/kT)²/12 - ...]: 2e-11 at 1e-3 THz and 3000 K
    assert oscillator_energy(frequencies[0], 3000.0) == pytest.approx(np.full(3, KB * 3000.0), rel=CODATA)
    assert oscillator_energy(60.0, 10.0) == pytest.approx(0.5 * THZ * 60.0, rel=1e-12)
    assert oscillator_energy(frequencies, 300.0, beads=1) == pytest.approx(np.full((2, 3), KB * 300.0), rel=CODATA)
    assert oscillator_energy(frequencies, 0.0, beads=8) == pytest.approx(np.zeros((2, 3)))
    assert oscillator_energy(0.0, 300.0, beads=8) == pytest.approx(KB * 300.0, rel=CODATA)
    assert oscillator_energy(-10.0, 300.0) == oscillator_energy(10.0, 300.0)


@pytest.mark.parametrize("beads", [2, 3, 8, 33])
def test_beads_are_a_ring_of_springs(beads):
    """The mean square of the position, from the inverse of the ring's matrix; centroid-virial energy m ω² <x²>."""
    temperature, frequency = 300.0, 25.0
    quantum, thermal = THZ * frequency, KB * temperature
    spring = (beads * thermal / quantum) ** 2  # m (P kT/ħ)² in units of m ω²
    ring = 2.0 * np.eye(beads) - np.roll(np.eye(beads), 1, 0) - np.roll(np.eye(beads), -1, 0)
    covariance = beads * thermal * np.linalg.inv(np.eye(beads) + spring * ring)
    energy = oscillator_energy(frequency, temperature, beads)
    assert energy == pytest.approx(np.trace(covariance) / beads, rel=CODATA)


def test_many_beads_reach_the_exact_energy_as_one_over_their_square():
    """βħω = 4: the leading error is quadratic in 1/P, so twice the beads leave a quarter (within 1 % at 64 beads)."""
    exact = oscillator_energy(25.0, 300.0)
    error = [exact - oscillator_energy(25.0, 300.0, beads) for beads in (64, 128)]
    assert error[0] / error[1] == pytest.approx(4.0, rel=0.01)
    assert 0.0 < error[1] / exact < 1e-3


@pytest.mark.parametrize(("arguments", "words"), [((10.0, -1.0), "-1 K"), ((10.0, 300.0, 0), "0 beads")])
def test_impossible_conditions_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        oscillator_energy(*arguments)
