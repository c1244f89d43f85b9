"""Critical temperatures against exact values: Einstein peaks, limits, and invariances of the equations."""

import math

import numpy as np
import pytest

from qcrystal.superconductivity.critical_temperature import TcError, allen_dynes, eliashberg
from qcrystal.superconductivity.spectra import KELVIN, RYDBERG, Spectrum, SpectrumError, read_spectrum, smeared

OMEGA = 40.0  # THz
# T_c/Ω of one Einstein peak: λ: {μ*: (Eliashberg, Allen-Dynes)}, solved independently with many more Matsubara frequencies
EINSTEIN = {
    0.5: {0.0: (0.03943, 0.03789), 0.10: (0.01568, 0.01238), 0.13: (0.01178, 0.00747)},
    1: {0.0: (0.11462, 0.11242), 0.10: (0.07966, 0.07317), 0.13: (0.07209, 0.06248)},
    2: {0.0: (0.21174, 0.21034), 0.10: (0.17180, 0.16288), 0.13: (0.16295, 0.15022)},
    3: {0.0: (0.27898, 0.27675), 0.10: (0.23358, 0.22013), 0.13: (0.22347, 0.20577)},
    5: {0.0: (0.37993, 0.37649), 0.10: (0.32414, 0.30117), 0.13: (0.31156, 0.28297)},
}
PRINTED = 6e-6  # half of the last digit above, and the rounding of N within the solver


def peak(strength, frequency=OMEGA):
    return Spectrum.of_peaks([frequency], [strength])


@pytest.mark.parametrize("strength", EINSTEIN)
def test_an_einstein_peak_has_the_exact_temperatures(strength):
    for mu_star, (exact, formula) in EINSTEIN[strength].items():
        assert eliashberg(peak(strength), mu_star) * KELVIN / OMEGA == pytest.approx(exact, abs=PRINTED)
        assert allen_dynes(peak(strength), mu_star).tc * KELVIN / OMEGA == pytest.approx(formula, abs=PRINTED)


def test_two_peaks_have_the_exact_moments_and_temperatures():
    spectrum = Spectrum.of_peaks(np.array([580.2259, 1740.6777]) * KELVIN, [0.5, 1.5])
    assert spectrum.strength == pytest.approx(2.0)
    assert spectrum.logarithmic / KELVIN == pytest.approx(1322.63, abs=0.01)
    assert spectrum.root_mean_square / KELVIN == pytest.approx(1535.13, abs=0.01)
    found = allen_dynes(spectrum, 0.1)
    assert found.f1 == pytest.approx(1.13242, abs=1e-5) and found.f2 == pytest.approx(1.04053, abs=1e-5)
    assert found.mcmillan == pytest.approx(190.24, abs=0.01) and found.tc == pytest.approx(224.17, abs=0.01)
    assert eliashberg(spectrum, 0.1) == pytest.approx(245.00, abs=0.01)


def test_strong_coupling_tends_to_the_exact_limits():
    for strength, exact in ((100, 0.18210), (1000, 0.18266), (1e6, 0.1827)):
        reached = eliashberg(peak(strength), 0.0) * KELVIN / (OMEGA * math.sqrt(strength))
        assert reached == pytest.approx(exact, abs=5e-5 if strength > 1e5 else PRINTED)
    formula = allen_dynes(peak(1e8), 0.0).tc * KELVIN / (OMEGA * 1e4)
    assert formula == pytest.approx(math.exp(-1.04) / (1.2 * math.sqrt(2.46)), rel=1e-3)


@pytest.mark.parametrize("mu_star", [0.0, 0.1, 0.16])
def test_frequencies_times_s_give_s_times_the_temperature(mu_star):
    one = Spectrum.of_peaks([10, 25, 40], [0.7, 0.4, 0.9])
    other = Spectrum(1.7 * one.frequencies, one.couplings)
    assert eliashberg(other, mu_star) == pytest.approx(1.7 * eliashberg(one, mu_star), rel=1e-6)
    assert allen_dynes(other, mu_star).tc == pytest.approx(1.7 * allen_dynes(one, mu_star).tc, rel=1e-12)


def test_a_peak_split_in_two_changes_nothing():
    one, two = peak(1.8), Spectrum.of_peaks([OMEGA, OMEGA], [0.9, 0.9])
    assert eliashberg(two, 0.1) == pytest.approx(eliashberg(one, 0.1), rel=1e-9)
    assert allen_dynes(two, 0.13) == pytest.approx(allen_dynes(one, 0.13))


def test_the_temperature_does_not_depend_on_the_number_of_frequencies():
    spectrum = Spectrum.of_peaks([12, 36], [0.5, 1.5])
    found = [eliashberg(spectrum, 0.13, count) for count in (128, 256, 499, 501, 1500)]  # 501: Lanczos' method
    assert np.ptp(found) < 1e-4 * found[0]  # the leading error falls as 1/N²


def test_repulsion_lowers_the_temperature_up_to_its_end():
    found = [eliashberg(peak(2.0), mu_star) for mu_star in (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.499)]
    assert np.all(np.diff(found) < 0) and found[-1] > 0
    formula = [allen_dynes(peak(0.4), mu_star).tc for mu_star in (0.1, 0.2, 0.32, 0.4)]
    assert formula[0] > formula[1] > 0 and formula[2:] == [0.0, 0.0]  # λ ≤ μ*(1 + 0.62 λ) from 0.3205 on
    assert eliashberg(peak(0.15), 0.12) == 0.0


@pytest.mark.parametrize("mu_star", [-0.01, 0.5, 1.3, math.nan])
def test_an_impossible_pseudopotential_is_refused(mu_star):
    for formula in (allen_dynes, eliashberg):
        with pytest.raises(TcError, match=r"mu_star: .* is no Coulomb pseudopotential; take 0 to below 0.5"):
            formula(peak(1.0), mu_star)


def test_a_sampled_function_has_the_moments_of_its_integral():
    """α²F = ω on 0 to Ω: λ = 2Ω, ω_log = Ω/e, ω̄₂ = Ω/√3."""
    grid = np.linspace(0, OMEGA, 20001)
    spectrum = Spectrum.of_samples(grid, grid)
    assert spectrum.strength == pytest.approx(2 * OMEGA, rel=1e-4)  # the trapezoid's first interval
    assert spectrum.logarithmic == pytest.approx(OMEGA / math.e, rel=1e-3)
    assert spectrum.root_mean_square == pytest.approx(OMEGA / math.sqrt(3), rel=1e-3)


def test_a_narrow_gaussian_is_a_peak():
    grid, values = smeared(peak(1.3), 0.4, 4000)
    sampled = Spectrum.of_samples(grid, values)
    assert sampled.strength == pytest.approx(1.3, rel=1e-3)  # (width/Ω)² = 1e-4
    assert eliashberg(sampled, 0.1) == pytest.approx(eliashberg(peak(1.3), 0.1), rel=2e-3)


def test_both_kinds_of_files_are_read(tmp_path):
    grid, values = smeared(peak(1.3), 1.0)
    table, columns = tmp_path / "alpha2f.csv", tmp_path / "a2F.dos1"
    rows = list(zip(grid, values, strict=True))
    table.write_text("# prov_id x\nfrequency,alpha2f\n" + "".join(f"{x},{y}\n" for x, y in rows))
    lines = [f"{x / RYDBERG:.10E} {y:.10E} 0.0" for x, y in rows]
    columns.write_text("# Eliashberg function a2F\n#\n" + "\n".join(lines) + "\n lambda = 1.3\n")
    for path in (table, columns):
        assert read_spectrum(path).strength == pytest.approx(Spectrum.of_samples(grid, values).strength, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frequency,alpha2f\n-3,0.1\n5,0.2\n", "a frequency of -3 THz; α²F is not defined for imaginary modes"),
        ("frequency,alpha2f\n1,0.1\n5,-0.2\n", "α²F is -0.2 at 5 THz, below 0; no spectral function is negative"),
        ("frequency,alpha2f\n1,0.1\n5,nan\n", "α²F of row 2 is no number; correct it"),
        ("frequency,alpha2f\n5,0.1\n1,0.2\n", "frequencies do not rise at 1 THz; sort the rows"),
        ("frequency,alpha2f\n0,0.1\n1,0.2\n", "α²F is 0.1 at frequency 0, where λ diverges; set it to 0 there"),
        ("frequency,alpha2f\n1,0.1\n900,0.2\n", "a frequency of 900, read in THz, is above 200 THz; give a table with"),
        (
            "# E(THz)\n 1.0 0.1\n 9.0 0.2\n",
            "a frequency of 9, read in Ry, is above 200 THz; give a table with the heads",
        ),
        ("frequency,alpha2f\n1,1e300\n5,0.2\n", "λ is 4e+300; no crystal couples so strongly"),
        ("frequency,alpha2f\n1,0\n5,0\n", "no frequency couples: λ is 0; look for what went wrong before it"),
        ("frequency,alpha2f\n1,0.1\n", "1 frequencies and 1 values; a sampled function needs two or more"),
        ("frequency,alpha2f\n1,abc\n", "line 2: '1,abc' is no row of numbers; a row needs a frequency"),
        ("", "holds no numbers; give rows of a frequency and a value of α²F"),
    ],
)
def test_what_is_no_spectral_function_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "alpha2f.csv"
    path.write_text(text)
    with pytest.raises(SpectrumError) as error:
        read_spectrum(path)
    assert str(error.value).startswith(f"{path}: {message}") and "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpectrumError, match=r"none\.csv: cannot be read"):
        read_spectrum(tmp_path / "none.csv")
