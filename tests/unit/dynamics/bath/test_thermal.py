"""The bath against exact statistics: spectra, seams, harmonic oscillators, free particles, net force."""

import tracemalloc

import numpy as np
import pytest
from ase import units

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.noise import WhiteNoise, filtered_noise, white_noise
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.spectra import cutoff_filter, lorentzian_kernels, step_kernels
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.units import AMU_A2_PS2, oscillator_energy

PLAIN = Bath(gamma=10.0, deconvolve=False)


def integrate(bath, frequency, steps, discard, every=8):
    """Mean potential and kinetic energy (eV), per degree of freedom, of each of N independent oscillators (THz).

    They share the removal of the net force, which takes 1/N of the noise.
    """
    constant = (2.0 * np.pi * frequency)[:, None] ** 2
    rng = np.random.default_rng(2)
    speed = np.sqrt(bath.design.energy(frequency) / (bath.masses * AMU_A2_PS2))[:, None]
    velocity = rng.normal(size=(len(frequency), 3)) * speed
    position = rng.normal(size=velocity.shape) * speed / np.sqrt(constant)
    h, potential, kinetic, samples = bath.timestep, 0.0, 0.0, 0
    for step in range(1, steps + 1):
        velocity = velocity - 0.5 * h * constant * position
        position = position + h * velocity
        velocity = bath.kick(step, velocity - 0.5 * h * constant * position)
        if step > discard and step % every == 0:
            potential = potential + (constant * position**2).mean(1)
            kinetic = kinetic + (velocity**2).mean(1)
            samples += 1
    scale = 0.5 * bath.masses * AMU_A2_PS2 / samples
    return scale * potential, scale * kinetic


def test_step_kernels_tend_to_the_lorentzians():
    """Continuous kernels integrate to one; those of a short step agree with them (tolerance: Δt²)."""
    step = 2e-5
    frequency = np.linspace(0.1, 200.0, 4000)
    natural = np.array([10.0, 30.0, 60.0])
    for discrete, continuous in zip(
        step_kernels(frequency, natural, 10.0, step), lorentzian_kernels(frequency, natural, 10.0), strict=True
    ):
        assert discrete * step == pytest.approx(2.0 * np.pi * continuous, rel=5e-3, abs=1e-6 * continuous.max())


def test_classical_oscillators_by_the_kernels_have_the_verlet_energy():
    """Exactly known for B A B O: m<v²> = kT, mω²<x²> = kT / (1 - (ωΔt/2)²)."""
    bath = ThermalBath(PLAIN, 300.0, 0.5, np.ones(2), 1, quantum=False)
    natural = np.array([5.0, 30.0, 60.0])
    potential, kinetic = bath.design.harmonic_energies(natural)
    half = 0.5 * units.kB * 300.0
    assert kinetic == pytest.approx(half * np.ones(3), rel=1e-6)
    assert potential == pytest.approx(half / (1.0 - (np.pi * natural * 5e-4) ** 2), rel=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 300.0])
def test_noise_has_the_spectrum_of_quantum_oscillators(temperature):
    """Within 2 % per band of 10 THz: with 128 atoms and 30 segments the statistical error of a band is below 0.3 %."""
    bath = ThermalBath(PLAIN, temperature, 0.5, np.ones(128), 11)
    noise = np.concatenate([bath._make_segment(k) for k in range(30)]).astype(float)
    length = 3000
    window = np.hanning(length)[:, None, None]
    pieces = noise.reshape(-1, length, *noise.shape[1:])
    power = (np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2).mean((0, 2, 3)) / (window**2).sum()
    frequency = np.fft.rfftfreq(length, 5e-4)
    expected = oscillator_energy(frequency, temperature) * cutoff_filter(frequency, 120.0)
    for low in range(5, 115, 10):
        band = (frequency >= low) & (frequency < low + 10)
        assert power[band].mean() == pytest.approx(expected[band].mean(), rel=0.02)
    assert power[frequency > 160].max() < 1e-4 * power.max()


def test_segments_leave_no_seam():
    """Autocovariance across a border equals that within (standard errors of 4000 series: 1.6 % of the variance)."""
    bath = ThermalBath(Bath(gamma=10.0, segment=0.05, deconvolve=False), 50.0, 0.5, np.ones(1400), 3)
    steps = bath.segment_steps
    noise = np.concatenate([bath._make_segment(k) for k in (4, 5)]).astype(float)
    exact = np.fft.irfft(bath.design.spectrum)
    for lag in (1, 2, 5, 10, 20):
        border = (noise[steps - 1 - lag // 2] * noise[steps - 1 - lag // 2 + lag]).mean()
        inside = (noise[20] * noise[20 + lag]).mean()
        assert border == pytest.approx(exact[lag], abs=0.06 * exact[0])
        assert inside == pytest.approx(exact[lag], abs=0.06 * exact[0])
    # What a border without the neighbours' white noise would break: the variance of the first and last row.
    for row in (0, steps - 1, steps, 2 * steps - 1):
        assert noise[row].var() == pytest.approx(exact[0], rel=0.08)


@pytest.mark.parametrize("quantum", [True, False])
def test_noise_depends_on_seed_segment_and_tag_only(quantum):
    bath = ThermalBath(PLAIN, 300.0, 0.5, np.ones(20), 7, quantum=quantum)
    some = np.array([17, 3, 8])
    part = ThermalBath(PLAIN, 300.0, 0.5, np.ones(3), 7, quantum=quantum, tags=some)
    assert np.array_equal(bath._make_segment(6)[:, some - 1], part._make_segment(6))
    late = ThermalBath(PLAIN, 300.0, 0.5, np.ones(20), 7, quantum=quantum)
    assert np.array_equal(late.random_numbers(2345), [bath.random_numbers(s) for s in (10, 2345)][1])
    other = ThermalBath(PLAIN, 300.0, 0.5, np.ones(20), 8, quantum=quantum)
    assert not np.allclose(other.random_numbers(2345), late.random_numbers(2345))


def test_filtering_is_the_plain_convolution():
    """Against numpy.convolve of the concatenated white noise (tolerance: single precision)."""
    rng = np.random.default_rng(0)
    steps, filters = 8, rng.normal(size=(2, 17)).astype(np.float32)
    noise = filtered_noise(WhiteNoise(5, [4, 9], filters.shape[1] // 2), 3, filters, np.array([1, 0]))
    for i, (tag, kind) in enumerate(((4, 1), (9, 0))):
        white = np.concatenate([white_noise(5, k, tag, steps) for k in (2, 3, 4)], axis=1)
        for axis in range(3):
            exact = np.convolve(white[axis], filters[kind], mode="same")[steps : 2 * steps]
            assert noise[:, i, axis] == pytest.approx(exact, abs=1e-5)


@pytest.mark.engine
def test_plain_bath_gives_the_finite_friction_energies():
    """10, 30, 60 THz at 300 K within 1 % of the Lorentzian integrals (1000 oscillators each, 4.5 ps: error 0.3 %)."""
    natural = np.array([10.0, 30.0, 60.0])
    bath = ThermalBath(PLAIN, 300.0, 0.25, np.ones(3000), 5)
    potential, kinetic = integrate(bath, np.repeat(natural, 1000), 20000, 2000)
    frequency = np.linspace(0.0, 200.0, 40001)
    spectrum = oscillator_energy(frequency, 300.0) * cutoff_filter(frequency, 120.0)
    for measured, kernel in zip((potential, kinetic), lorentzian_kernels(frequency, natural, 10.0), strict=True):
        expected = 0.5 * np.trapezoid(2.0 * kernel * spectrum, 2.0 * np.pi * frequency, axis=1)
        assert measured.reshape(3, 1000).mean(1) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("gamma", [10.0, 20.0])
@pytest.mark.parametrize("temperature", [5.0, 300.0])
def test_deconvolved_bath_gives_quantum_potential_energies(temperature, gamma):
    """The integrals with the noise's true spectrum: (hν/4) coth(hν/2kT) within 0.5 % from 10 THz on, time step included."""
    bath = ThermalBath(Bath(gamma=gamma), temperature, 0.5, np.ones(2), 1)
    natural = np.array([10.0, 20.0, 30.0, 60.0, 80.0])
    potential, _ = bath.design.harmonic_energies(natural)
    assert potential == pytest.approx(0.5 * oscillator_energy(natural, temperature), rel=5e-3)


@pytest.mark.parametrize("timestep", [0.5, 1.0])
def test_the_highest_cutoff_is_still_a_bath(timestep):
    """Potential energies within 0.5 % at 1/(πΔt), where oscillators end; above that (in time: not numbers) is refused."""
    natural = np.array([10.0, 30.0, 60.0])
    bath = ThermalBath(Bath(cutoff=318.0 / timestep), 300.0, timestep, np.ones(2), 1)
    potential, _ = bath.design.harmonic_energies(natural)
    assert potential == pytest.approx(0.5 * oscillator_energy(natural, 300.0), rel=5e-3)
    with pytest.raises(ValueError, match=f"too high for a time step of {timestep:g} fs; take"):
        ThermalBath(Bath(cutoff=354.0 / timestep), 300.0, timestep, np.ones(2), 1)


@pytest.mark.parametrize("gamma", [0.01, 0.1, 2.0])
@pytest.mark.engine
def test_weak_friction_needs_no_finer_grid(gamma):
    """Narrower than the grid of frequencies, lines do without it: the mean over time lags, which knows no grid, is within 0.4 %.

    <x²> is the sum over lags of the noise's autocovariance times that of the oscillator under white noise, which obeys
    r(k) = a r(k-1) + b r(k-2). The bath itself is within 0.5 % of the quantum potential energy.
    """
    natural = np.array([5.03, 10.07, 30.0, 60.01])
    bath = ThermalBath(Bath(gamma=gamma), 300.0, 0.5, np.ones(2), 1)
    assert len(bath.design.frequencies) < 21000
    potential, kinetic = bath.design.harmonic_energies(natural)
    colour = bath.filters[0].astype(float)
    noise = np.convolve(colour, colour)[len(colour) - 1 :]
    c, square = np.exp(-gamma * bath.timestep), (2.0 * np.pi * natural * bath.timestep) ** 2
    drift = 1.0 - 0.5 * square
    a, b = drift * (1.0 + c), -c * (drift**2 + 0.5 * square * (1.0 + drift))
    response = [np.ones(4), a / (1.0 - b)]
    while len(response) < len(noise):
        response.append(a * response[-1] + b * response[-2])
    sums = noise[0] + 2.0 * noise[1:] @ np.array(response)[1:]
    assert potential == pytest.approx(0.5 * sums / (1.0 - 0.25 * square), rel=4e-3)
    assert potential == pytest.approx(0.5 * oscillator_energy(natural, 300.0), rel=5e-3)
    if gamma < 1.0:
        # friction adds γ/ω; of (ωΔt/2)², 0.9 % at 60 THz, the velocities of Verlet are short
        assert kinetic == pytest.approx(0.5 * oscillator_energy(natural, 300.0), rel=0.012)


@pytest.mark.engine
def test_oscillators_under_the_deconvolved_bath():
    """Potential energy within 1 %, kinetic energy, corrected by its own spectrum, within 2 % of (hν/4) coth(hν/2kT)."""
    natural = np.array([10.0, 30.0, 60.0])
    kinds = np.repeat([0, 1, 2], 800)
    bath = ThermalBath(Bath(gamma=10.0), 100.0, 0.5, np.ones(2400), 8, kinds=kinds)
    potential, kinetic = integrate(bath, natural[kinds], 12000, 2000)
    for kind, frequency in enumerate(natural):
        exact = 0.5 * oscillator_energy(frequency, 100.0)
        assert potential[kinds == kind].mean() == pytest.approx(exact, rel=0.01)
        corrected = kinetic[kinds == kind].mean() * bath.observer.kinetic_correction(kind)
        assert corrected == pytest.approx(exact, rel=0.02)


@pytest.mark.engine
def test_fluctuation_dissipation_tells_who_hands_energy_on():
    """Free oscillators: no net power within 2 % (noise: 1 %). A friction that the bath does not know of takes energy away."""
    count = 400
    natural = np.repeat([20.0, 50.0], count)
    bath = ThermalBath(Bath(gamma=10.0), 100.0, 0.5, np.ones(2 * count), 8, kinds=np.repeat([0, 1], count))
    integrate(bath, natural, 20000, 2000)
    found = bath.summary(["slow", "fast"])["fluctuation_dissipation"]
    assert len(found["slow"]["history"]) == 20
    assert all(abs(entry["net"]) < 0.02 for entry in found.values())
    # an extra friction of 5/ps on the second kind: m<v²> (γ + 5/ps) = power of the noise / 2, so the excess is 5/10
    extra = np.exp(-5.0 * bath.timestep)
    bath = ThermalBath(Bath(gamma=10.0), 100.0, 0.5, np.ones(2 * count), 9, kinds=np.repeat([0, 1], count))
    constant = (2.0 * np.pi * natural)[:, None] ** 2
    position, velocity, h = np.zeros((2 * count, 3)), np.zeros((2 * count, 3)), bath.timestep
    for step in range(1, 12001):
        velocity = velocity - 0.5 * h * constant * position
        position = position + h * velocity
        velocity = bath.kick(step, velocity - 0.5 * h * constant * position)
        velocity[count:] *= extra
    found = bath.summary(["slow", "fast"])["fluctuation_dissipation"]
    assert abs(found["slow"]["net"]) < 0.02
    assert found["fast"]["net"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("gamma", "excess"), [(10.0, 0.0256), (20.0, 0.0896)])
def test_summary_says_what_the_design_could_not_repair(gamma, excess):
    """Noise cannot be negative: at 5 K an oscillator of 2 THz stays too hot, of 10 THz it is right within 0.5 %."""
    found = ThermalBath(Bath(gamma=gamma), 5.0, 0.5, np.ones(2), 1).summary(["La"])["harmonic_energies"]
    assert found["frequency"] == [2.0, 5.0, 10.0, 20.0, 40.0]
    assert found["potential"][0] == pytest.approx(1.0 + excess, abs=2e-3)
    assert found["potential"][2:] == pytest.approx(np.ones(3), abs=5e-3)
    assert found["kinetic"][0] > 2.0


@pytest.mark.parametrize("kind", [ThermalBath, AdaptiveBath])
def test_a_run_without_a_whole_segment_has_no_deviation(kind):
    found = kind(Bath(), 300.0, 0.5, np.ones(2), 1).summary(["La"])
    assert found["segments"] == 0 and "no whole segment of 0.5 ps" in found["remark"]
    assert set(found) == {"segments", "remark", "harmonic_energies"}


@pytest.mark.engine
def test_adapted_strength_is_in_the_summary_and_survives_a_checkpoint():
    """A friction of 5/ps that the bath does not know of asks for γ_r/γ = 1.5 of its kind, at its frequency, and 1 of the other's.

    Within 7 %: four times the statistical error of 300 atoms, 20 segments with a memory of ten, and a band of 2 THz.
    """
    count = 300
    natural, kinds = np.repeat([20.0, 50.0], count), np.repeat([0, 1], count)
    bath = AdaptiveBath(Bath(gamma=10.0), 100.0, 0.5, np.ones(2 * count), 9, kinds=kinds)
    constant = (2.0 * np.pi * natural)[:, None] ** 2
    position, velocity, h = np.zeros((2 * count, 3)), np.zeros((2 * count, 3)), bath.timestep
    extra = np.exp(-5.0 * h)
    for step in range(1, 20001):
        velocity = velocity - 0.5 * h * constant * position
        position = position + h * velocity
        velocity = bath.kick(step, velocity - 0.5 * h * constant * position)
        velocity[count:] *= extra
    summary = bath.summary(["slow", "fast"])
    found = summary["adapted"]
    assert found["segments"] == 10
    assert found["frequency"] == pytest.approx(np.arange(0, 120, 2))
    assert found["slow"]["strength"][10] == pytest.approx(1.0, abs=0.07)
    assert found["fast"]["strength"][25] == pytest.approx(1.5, rel=0.07)
    assert abs(found["slow"]["change"][10]) < 0.1 and abs(found["fast"]["change"][25]) < 0.15
    restored = AdaptiveBath(Bath(gamma=10.0), 100.0, 0.5, np.ones(2 * count), 9, kinds=kinds)
    restored.restore(bath.state())
    assert restored.summary(["slow", "fast"]) == summary
    assert np.array_equal(restored.filters, bath.filters)


@pytest.mark.engine
def test_memory_of_a_tenth_of_the_published_size():
    """A tenth of 44000 atoms, adaptive: below 0.2 GiB with a segment of 0.5 ps at 0.5 fs, when one follows another."""
    kinds = np.repeat([0, 1], [400, 4000])
    tracemalloc.start()
    bath = AdaptiveBath(Bath(), 5.0, 0.5, np.array([138.905, 1.008])[kinds], 3, kinds=kinds)
    for step in (bath.segment_steps - 1, bath.segment_steps):
        bath.kick(step, np.zeros((4400, 3)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.05 * 2**30 < peak < 0.2 * 2**30


@pytest.mark.parametrize(
    ("masses", "words"),
    [([1.0], "the bath has 1 atom"), ([1.0, 0.0], "an atom of 0 u"), ([np.nan, 1.0], "an atom of nan u")],
)
def test_a_bath_needs_two_atoms_with_mass(masses, words):
    with pytest.raises(ValueError, match=words):
        ThermalBath(Bath(), 300.0, 0.5, masses, 1)


@pytest.mark.parametrize("momentum", ["mass-weighted", "unweighted"])
def test_noise_has_no_net_force(momentum):
    masses = np.repeat([138.905, 1.008], [8, 80])
    bath = ThermalBath(Bath(momentum=momentum), 5.0, 0.5, masses, 2)
    velocities = np.zeros((88, 3))
    for step in range(1, 200):
        velocities = bath.kick(step, velocities)
    total = masses[:, None] * velocities
    assert np.abs(total.sum(0)).max() < 1e-10 * np.abs(total).sum()


def test_mass_weighted_removal_leaves_the_relative_motion_alone():
    """Two atoms: the relative force keeps the variance of a particle of reduced mass, 2 μ γ θ (5 %: statistics)."""
    masses = np.array([138.905, 1.008])
    bath = ThermalBath(PLAIN, 300.0, 0.5, masses, 4, quantum=False)
    noise = np.array([bath.noise(step) for step in range(12000)])
    force = np.sqrt(masses)[:, None] * noise
    reduced = masses.prod() / masses.sum()
    relative = reduced * (force[:, 1] / masses[1] - force[:, 0] / masses[0])
    assert relative.var() == pytest.approx(reduced * units.kB * 300.0, rel=0.05)


def test_free_particles_diffuse_as_einstein_says():
    """D = kT/(mγ) within 5 % (3000 coordinates, 40 relaxation times: error 2.6 %)."""
    bath = ThermalBath(PLAIN, 300.0, 2.0, np.full(1000, 1.008), 6, quantum=False)
    rng = np.random.default_rng(0)
    speed = np.sqrt(units.kB * 300.0 / (1.008 * AMU_A2_PS2))
    velocity, position = rng.normal(size=(1000, 3)) * speed, np.zeros((1000, 3))
    steps, early = 2500, 500
    for step in range(1, steps + 1):
        position = position + bath.timestep * velocity
        velocity = bath.kick(step, velocity)
        if step == early:
            first = (position**2).mean()
    slope = ((position**2).mean() - first) / ((steps - early) * bath.timestep)
    assert slope / 2.0 == pytest.approx(units.kB * 300.0 / (1.008 * AMU_A2_PS2 * 10.0), rel=0.05)
