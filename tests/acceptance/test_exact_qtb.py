"""The quantum thermal bath against exact results: polar modes, finite friction, zero-point-energy leakage."""

import numpy as np
import pytest
from ase import units

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.units import AMU_A2_PS2, THZ, oscillator_energy

pytestmark = pytest.mark.slow


def dynamics(bath, acceleration, position, steps):
    """Velocity Verlet with the bath; yields step and positions after each step."""
    h, velocity = bath.timestep, np.zeros_like(position)
    acting = acceleration(position)
    for step in range(1, steps + 1):
        velocity = velocity + 0.5 * h * acting
        position = position + h * velocity
        acting = acceleration(position)
        velocity = bath.kick(step, velocity + 0.5 * h * acting)
        yield step, position


def polar_mode_energy(momentum, steps=80000):
    """Potential energy (in units of θ/2) of the motion of ten H sublattices against La, at 25 THz and 300 K.

    Eight La, each with ten H on springs: uniform displacement of all H against all La is the polar mode at Γ.
    """
    masses = np.concatenate([np.full(8, 138.905), np.full(80, 1.008)])
    reduced = 10.08 * 138.905 / (10.08 + 138.905)
    spring = reduced / 10.0 * (2.0 * np.pi * 25.0) ** 2
    bath = ThermalBath(Bath(gamma=10.0, momentum=momentum), 300.0, 0.5, masses, 12)

    def acceleration(position):
        stretch = position[8:].reshape(8, 10, 3) - position[:8, None]
        force = np.concatenate([spring * stretch.sum(1), -spring * stretch.reshape(80, 3)])
        return force / masses[:, None]

    total = samples = 0
    for step, position in dynamics(bath, acceleration, np.zeros((88, 3)), steps):
        if step > 4000 and step % 4 == 0:
            mode = position[8:].mean(0) - position[:8].mean(0)
            total += (mode**2).mean()
            samples += 1
    return 0.5 * 80 * spring * AMU_A2_PS2 * total / samples / (0.5 * oscillator_energy(25.0, 300.0))


def test_polar_mode_at_the_zone_centre(measured):
    """Table line 5: θ/2 within 10 % (40 ps, three components: 3 %); LAMMPS's unweighted removal over-drives it manifold."""
    measured(5, "polar mode at Γ, energy in θ/2", polar_mode_energy("mass-weighted"), 1.0, 0.10)
    assert polar_mode_energy("unweighted") > 5.0


def leaking_oscillators(kind, steps, discard, stiffness=4.0, coupling=0.05, power=2, replicas=384):
    """Mean x² and y² of V = x²/2 + k (y + c x^n)²/2, T = 0.1, ħ = m = 1, γ = 0.1, and the bath's deviations.

    The unit of frequency is 2π 10 THz. x and y are two kinds of atoms, three replicas per pair.
    """
    frequency = 2.0 * np.pi * 10.0
    energy = THZ * 10.0
    length = np.sqrt(energy / AMU_A2_PS2) / frequency
    pairs = replicas // 3
    parameters = Bath(gamma=0.1 * frequency, cutoff=80.0)
    bath = kind(parameters, 0.1 * energy / units.kB, 0.5, np.ones(2 * pairs), 5, kinds=np.repeat([0, 1], pairs))

    def acceleration(position):
        x, y = position[:pairs] / length, position[pairs:] / length
        stretch = stiffness * (y + coupling * x**power)
        return np.concatenate([-x - power * coupling * x ** (power - 1) * stretch, -stretch]) * length * frequency**2

    total, samples = np.zeros(2), 0
    start = 0.5 * length * np.random.default_rng(1).normal(size=(2 * pairs, 3))
    for step, position in dynamics(bath, acceleration, start, steps):
        if step > discard and step % 4 == 0:
            total += ((position / length) ** 2).reshape(2, -1).mean(1)
            samples += 1
    deviation = bath.summary("xy")["fluctuation_dissipation"]
    return (*total / samples, deviation)


def test_plain_bath_leaks_zero_point_energy(measured):
    """Table line 6: known failure, about +25 % and -14 % at γ = 0.1; a bath that did not leak here would be a wrong one."""
    x2, y2, deviation = leaking_oscillators(ThermalBath, 40000, 10000)
    # the stiff oscillator takes more from the noise than friction takes back, and the soft one the other way round
    assert deviation["y"]["net"] > 0.1 and deviation["x"]["net"] < -0.1
    measured(6, "<x²> of the plain bath over the exact one: a failure", x2 / 0.49819, 1.25, 0.05, relative=False)
    measured(6, "<y²> of the plain bath over the exact one: a failure", y2 / 0.25108, 0.86, 0.04, relative=False)


def test_adaptive_bath_does_not_leak(measured):
    """Table line 6: <x²> = 0.49819, <y²> = 0.25108 (sum over states) within 6 %."""
    x2, y2, deviation = leaking_oscillators(AdaptiveBath, 100000, 50000)
    assert all(abs(found["net"]) < 0.03 for found in deviation.values())
    measured(6, "<x²> of the adaptive bath", x2, 0.49819, 0.06)
    measured(6, "<y²> of the adaptive bath", y2, 0.25108, 0.06)


def exact_mean_squares(stiffness, coupling, power, temperature=0.1, states=28):
    """<x²> and <y²> of the same potential: sum over states, in products of harmonic ones (ħ = m = 1)."""
    lower = np.diag(np.sqrt(np.arange(1.0, states)), 1)
    x = np.kron((lower + lower.T) / np.sqrt(2.0), np.eye(states))
    y = np.kron(np.eye(states), (lower + lower.T) / np.sqrt(2.0 * np.sqrt(stiffness)))
    number = np.arange(states) + 0.5
    free = np.add.outer(number, np.sqrt(stiffness) * number).ravel()
    bent = coupling * np.linalg.matrix_power(x, power)
    levels, vectors = np.linalg.eigh(np.diag(free) + stiffness * (y @ bent + bent @ bent / 2.0))
    weights = np.exp(-(levels - levels[0]) / temperature)
    means = [np.einsum("an,ab,bn->n", vectors, q @ q, vectors, optimize=True) for q in (x, y)]
    return [mean @ weights / weights.sum() for mean in means]


def test_sum_over_states():
    """The values of the weaker coupling are known from elsewhere; more states change nothing."""
    assert exact_mean_squares(4.0, 0.05, 2) == pytest.approx([0.49819, 0.25108], abs=2e-5)
    assert exact_mean_squares(9.0, 0.12, 3, states=20) == pytest.approx(exact_mean_squares(9.0, 0.12, 3), rel=1e-4)


def test_adaptive_bath_fails_where_modes_are_coupled_strongly(measured):
    """Table line 6: known failure, +30 to +70 % of <x²> for a cubic coupling 1:3, while the net power says that all is well.

    So a net power of zero is necessary and not sufficient. How large the failure is depends on friction and adaptation: an
    independent bath had +43 %.
    """
    x2, _, deviation = leaking_oscillators(AdaptiveBath, 100000, 50000, stiffness=9.0, coupling=0.12, power=3)
    assert all(abs(found["net"]) < 0.05 for found in deviation.values())
    exact, _ = exact_mean_squares(9.0, 0.12, 3)
    measured(6, "<x²> of the adaptive bath, strong coupling: a failure", x2 / exact, 1.5, 0.2, relative=False)


def virial_of_x(gamma, coupling, steps=60000, discard=30000, pairs=64):
    """Kinetic energy of x by the virial theorem (ħω) in V = x²/2 + (9/2)(y + c x³)², adaptive bath of friction γ/ω; net power."""
    frequency, energy = 2.0 * np.pi * 10.0, THZ * 10.0
    length = np.sqrt(energy / AMU_A2_PS2) / frequency
    parameters = Bath(gamma=gamma * frequency, cutoff=80.0)
    kinds = np.repeat([0, 1], pairs)
    bath = AdaptiveBath(parameters, 0.1 * energy / units.kB, 0.5, np.ones(2 * pairs), 5, kinds=kinds)

    def force(q):
        x, y = q[:pairs], q[pairs:]
        stretch = 9.0 * (y + coupling * x**3)
        return np.concatenate([-x - 3.0 * coupling * x**2 * stretch, -stretch])

    total = samples = 0
    start = 0.5 * length * np.random.default_rng(1).normal(size=(2 * pairs, 3))
    for step, position in dynamics(bath, lambda p: force(p / length) * length * frequency**2, start, steps):
        if step > discard and step % 4 == 0:
            q = position / length
            total += -0.5 * (q * force(q))[:pairs].mean()
            samples += 1
    net = bath.summary("xy")["fluctuation_dissipation"]
    return total / samples, max(abs(found["net"]) for found in net.values())


def test_two_frictions_tell_what_the_net_power_does_not(measured):
    """Table line 6: half the friction adds a quarter to the kinetic energy where the bath is wrong, none where it is right.

    The net power is below 2 % in all four runs. The kinetic energies by the virial theorem are right in harmonic crystals at any
    friction.
    """
    for coupling, change, allowed in ((0.12, 0.23, 0.08), (0.04, 0.0, 0.04)):
        (low, low_net), (high, high_net) = (virial_of_x(gamma, coupling) for gamma in (0.1, 0.2))
        assert max(low_net, high_net) < 0.03
        text = f"change of <K_x> at half the friction, coupling {coupling:g}"
        measured(6, text, low / high - 1.0, change, allowed, relative=False)


@pytest.mark.parametrize("temperature", [5.0, 300.0])
def test_corrected_harmonic_energies(temperature, measured):
    """Table line 4 with γ = 20 /ps: potential within 1 %, kinetic energy by the spectrum within 2 % of (hν/4) coth(hν/2kT)."""
    natural = np.array([10.0, 20.0, 30.0, 45.0, 60.0])
    kinds = np.repeat(np.arange(5), 800)
    bath = ThermalBath(Bath(gamma=20.0), temperature, 0.5, np.ones(4000), 21, kinds=kinds)
    constant = (2.0 * np.pi * natural[kinds])[:, None] ** 2
    potential, samples, last, kinetic = np.zeros(5), 0, 0.0, np.zeros(5)
    for step, position in dynamics(bath, lambda q: -constant * q, np.zeros((4000, 3)), 16000):
        if step > 2000 and step % 4 == 0:
            potential += (constant * position**2).reshape(5, -1).mean(1)
            # velocity at the half step; at full steps its mean square is smaller by 1 - (ωΔt/2)²
            kinetic += (((position - last) / bath.timestep) ** 2).reshape(5, -1).mean(1)
            samples += 1
        last = position
    exact = 0.5 * oscillator_energy(natural, temperature)
    half_step = 1.0 - (np.pi * natural * bath.timestep) ** 2
    corrected = np.array([bath.observer.kinetic_correction(kind) for kind in range(5)])
    scale = 0.5 * AMU_A2_PS2 / samples / exact
    for number, frequency in enumerate(natural):
        what = f"energy over the exact one at {frequency:g} THz, {temperature:g} K"
        measured(4, f"potential {what}", (scale * potential)[number], 1.0, 0.01)
        measured(4, f"kinetic {what}", (scale * kinetic * corrected * half_step)[number], 1.0, 0.02)
