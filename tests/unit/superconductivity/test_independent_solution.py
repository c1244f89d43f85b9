"""T_c of a spectrum of two peaks and a Lorentzian, solved in another way than the code does.

The gap equations are written for all Matsubara frequencies of both signs, with μ* cut off sharply at ω_c. The code has positive
frequencies alone, and a μ* that is carried to the last of them. α²F is integrated by Simpson's rule here. ħ = k_B = 1, in THz.
"""

import math

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.optimize import brentq

from qcrystal.superconductivity.critical_temperature import allen_dynes, eliashberg
from qcrystal.superconductivity.spectra import KELVIN, Spectrum

FREQUENCY = np.linspace(0.5, 60, 1201)


@pytest.fixture(scope="module")
def alpha2f():
    """Peaks at 12 and 48 THz, and a Lorentzian at 30 THz that is cut off at both ends."""
    window = np.clip((FREQUENCY - 0.5) / 3, 0, 1) ** 2 * np.clip((60 - FREQUENCY) / 5, 0, 1)
    lorentzian = 6 / np.pi / ((FREQUENCY - 30) ** 2 + 36)
    peaks = [
        height * np.exp(-(((FREQUENCY - place) / width) ** 2) / 2)
        for height, place, width in ((1.8, 12, 0.6), (2, 48, 0.8))
    ]
    return window * (12 * lorentzian + sum(peaks))


def moments(values):
    strength = simpson(2 * values / FREQUENCY, x=FREQUENCY)
    logarithmic = math.exp(simpson(2 * values / FREQUENCY * np.log(FREQUENCY), x=FREQUENCY) / strength)
    return strength, logarithmic, math.sqrt(simpson(2 * values * FREQUENCY, x=FREQUENCY) / strength)


def solved(values, mu_star, cutoff):
    """Temperature (THz) at which Z_n Δ_n = πT Σ_m [λ(n−m) − μ* θ(ω_c − |ω_m|)] Δ_m/|ω_m| has a solution."""

    def excess(temperature):
        step = 2 * math.pi * temperature
        last = 2 * round(cutoff / step)
        order = np.arange(-last, last)
        matsubara = (order + 0.5) * step
        shift = (step * np.arange(2 * last))[:, None]
        coupling = simpson(2 * values * FREQUENCY / (FREQUENCY**2 + shift**2), x=FREQUENCY, axis=1)
        apart = np.abs(order[:, None] - order)
        # Z_n |ω_n| = |ω_n| + πT Σ_m λ(n−m) sgn(ω_n ω_m): couplings to frequencies beyond the nearest 2n + 1 cancel
        near = np.where(order >= 0, order, -order - 1)
        renormalised = np.abs(matsubara) + 0.5 * step * (coupling[0] + 2 * np.append(0, np.cumsum(coupling[1:]))[near])
        kernel = coupling[apart] - mu_star * (np.abs(matsubara) < cutoff)
        return np.linalg.eigvals(0.5 * step * kernel / renormalised[:, None]).real.max() - 1

    return brentq(excess, 1.5, 4.5, rtol=1e-4)


def test_moments_and_formulas(alpha2f):
    """Simpson's rule and the trapezoidal one differ by 1e-5 on this grid."""
    spectrum = Spectrum.of_samples(FREQUENCY, alpha2f)
    strength, logarithmic, mean = moments(alpha2f)
    assert (spectrum.strength, spectrum.logarithmic, spectrum.root_mean_square) == pytest.approx(
        (strength, logarithmic, mean), rel=1e-4
    )
    for mu_star in (0.0, 0.1, 0.16):
        first, second = 2.46 * (1 + 3.8 * mu_star), 1.82 * (1 + 6.3 * mu_star) * mean / logarithmic
        f1 = (1 + (strength / first) ** 1.5) ** (1 / 3)
        f2 = 1 + (mean / logarithmic - 1) * strength**2 / (strength**2 + second**2)
        exponent = 1.04 * (1 + strength) / (strength - mu_star * (1 + 0.62 * strength))
        assert allen_dynes(spectrum, mu_star).tc * KELVIN == pytest.approx(
            f1 * f2 * logarithmic / 1.2 * math.exp(-exponent), rel=3e-4
        )


@pytest.mark.parametrize("mu_star", [0.0, 0.13])
def test_the_equations_have_the_same_temperature(alpha2f, mu_star):
    """A sharp cutoff counts whole frequencies, about 40 here: that moves T_c by some 1e-3."""
    spectrum = Spectrum.of_samples(FREQUENCY, alpha2f)
    exact = solved(alpha2f, mu_star, 10 * spectrum.highest) / KELVIN
    assert eliashberg(spectrum, mu_star) == pytest.approx(exact, rel=2e-3 if mu_star else 3e-4)


def test_the_number_of_frequencies_does_not_count(alpha2f):
    spectrum = Spectrum.of_samples(FREQUENCY, alpha2f)
    found = [eliashberg(spectrum, 0.13, count) for count in (128, 256, 512, 1024)]
    assert found == pytest.approx([eliashberg(spectrum, 0.13)] * 4, rel=2e-4)
