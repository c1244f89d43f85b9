"""Instantons on barriers whose semiclassical rate is known in closed form, and on a ring polymer that is diagonalised whole."""

import numpy as np
import pytest
from ase import units
from scipy.stats import special_ortho_group

from qcrystal.statics.errors import StaticsError
from qcrystal.statics.instantons import (
    InternalCoordinates,
    find_instantons,
    log_partition,
    relax_saddle,
)
from qcrystal.statics.tunnelling import HBAR, crossover
from qcrystal.units import AMU_A2_PS2

BARRIER, QUANTUM = 0.4, 0.12  # eV
WIDTH = np.sqrt(2 * BARRIER) / (QUANTUM / HBAR)  # √eV ps
CROSSOVER = crossover(QUANTUM)


class Eckart:
    """V/cosh²(u/a) along one direction of D, harmonic across it, with a bend that couples the two."""

    def __init__(self, across=(), rotation=None, bend=0.0):
        self.squares = np.array(across, float) ** 2  # ω², 1/ps²
        size = 1 + len(self.squares)
        self.rotation = np.eye(size) if rotation is None else rotation
        self.bend = bend

    def slopes(self, y):
        u = y @ self.rotation.T
        s, t = 1 / np.cosh(u[:, 0] / WIDTH) ** 2, np.tanh(u[:, 0] / WIDTH)
        away = u[:, 1:] - self.bend * u[:, :1] ** 2
        energy = BARRIER * s + 0.5 * (self.squares * away**2).sum(axis=1)
        slope = np.empty_like(u)
        slope[:, 0] = -2 * BARRIER / WIDTH * s * t - 2 * self.bend * u[:, 0] * (self.squares * away).sum(axis=1)
        slope[:, 1:] = self.squares * away
        return energy, slope @ self.rotation

    def curvatures(self, y, step=1e-6):
        moved = step * np.eye(y.shape[1])
        pairs = [(self.slopes(y + m)[1] - self.slopes(y - m)[1]) / (2 * step) for m in moved]
        found = np.stack(pairs, axis=1)
        return 0.5 * (found + found.transpose(0, 2, 1))


def steepest_descent(temperature):
    """ln(k Q_r) of the Eckart barrier: the integral of exp(-W(E)/ħ - βE)/(2πħ) by steepest descent, with the exact W(E).

    W = 2πa√2 (√V - √E), of which the orbit's time -dW/dE = βħ gives its energy E = 2 (πa/βħ)².
    """
    time = HBAR / (units.kB * temperature)
    energy = 2 * (np.pi * WIDTH / time) ** 2
    action = 2 * np.pi * WIDTH * np.sqrt(2) * (np.sqrt(BARRIER) - np.sqrt(energy))
    second = np.pi * WIDTH / np.sqrt(2) / energy**1.5
    return -np.log(2 * np.pi * HBAR) + 0.5 * np.log(2 * np.pi * HBAR / second) - (action + time * energy) / HBAR


def instantons(surface, start, shares, beads):
    saddle, direction, quantum = relax_saddle(surface, np.asarray(start, float))
    assert quantum == pytest.approx(QUANTUM, rel=1e-3)  # second derivatives by differences
    return list(find_instantons(surface, saddle, direction, quantum, [share * CROSSOVER for share in shares], beads))


@pytest.mark.parametrize("share", [0.85, 0.6, 0.3])
def test_rate_of_the_eckart_barrier_is_that_of_steepest_descent(share):
    """The error of N beads falls as 1/N²: by 16 from 64 to 256, where it is below 0.3 %."""
    errors = [
        instantons(Eckart(), [0.01 * WIDTH], [share], beads)[0].log_flux - steepest_descent(share * CROSSOVER)
        for beads in (64, 256)
    ]
    assert abs(errors[1]) < 0.003
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1)


def test_modes_across_the_barrier_cancel():
    """Oscillators that do not couple leave k: they are in Q_r too. Turning the coordinates changes nothing."""
    across = (300.0, 700.0)  # 1/ps, below and above that of the barrier, 182
    turned = Eckart(across, special_ortho_group.rvs(3, random_state=4))
    temperature = 0.5 * CROSSOVER
    alone = instantons(Eckart(), [0.01 * WIDTH], [0.5], 32)[0].log_flux
    found = instantons(turned, np.zeros(3), [0.5], 32)[0].log_flux
    assert found - log_partition(np.array(across), temperature, 32) == pytest.approx(alone, abs=1e-5)


def test_a_curved_barrier_equals_the_whole_ring_diagonalised():
    """Stationary for every bead, with the determinant of all fluctuations by a dense eigenvalue solver, not by chains."""
    surface, beads = Eckart((400.0,), bend=1.5 / WIDTH), 24
    found = instantons(surface, np.zeros(2), [0.6], beads)[0]
    ring = np.vstack([found.path, found.path[::-1]])
    beta_n = 1 / (units.kB * found.temperature * beads)
    omega = 1 / (beta_n * HBAR)
    energies, slopes = surface.slopes(ring)
    springs = omega**2 * (2 * ring - np.roll(ring, 1, axis=0) - np.roll(ring, -1, axis=0))
    assert np.abs(slopes + springs).max() < 1e-3 * np.abs(slopes).max()  # the last step was below 1e-4 of the orbit
    matrix = np.zeros((beads, 2, beads, 2))
    for bead, curvature in enumerate(surface.curvatures(ring)):
        matrix[bead, :, bead, :] = curvature + 2 * omega**2 * np.eye(2)
        for other in (bead - 1, (bead + 1) % beads):
            matrix[bead, :, other, :] -= omega**2 * np.eye(2)
    values = np.linalg.eigvalsh(matrix.reshape(2 * beads, -1))
    assert (values < -1.0).sum() == 1
    kept = np.delete(values, np.argmin(np.abs(values)))  # without the cyclic motion
    moved = ((ring - np.roll(ring, 1, axis=0)) ** 2).sum()
    action = beta_n * (energies.sum() + 0.5 * omega**2 * moved)
    flux = np.log(omega) + 0.5 * np.log(moved / (2 * np.pi * beta_n * HBAR**2))
    flux += (len(values) - 1) * np.log(omega) - 0.5 * np.log(np.abs(kept)).sum() - action
    assert found.action == pytest.approx(action, rel=1e-12)
    assert found.log_flux == pytest.approx(flux, abs=1e-6)


def test_the_orbit_of_a_curved_barrier_cuts_the_corner():
    """The path of least energy is the parabola v = b u². The orbit leaves it to its inside, and costs less action."""
    surface = Eckart((150.0,), bend=1.5 / WIDTH)
    found = instantons(surface, np.zeros(2), [0.5], 64)[0]
    u, v = found.path.T
    assert np.abs(v[[0, -1]] - surface.bend * u[[0, -1]] ** 2).max() > 0.1 * surface.bend * u[0] ** 2
    along = np.stack([u, surface.bend * u**2], axis=1)
    chain_action = found.action
    beta_n = 1 / (units.kB * found.temperature * 64)
    on_path = surface.slopes(along)[0].sum() + 0.5 / (beta_n * HBAR) ** 2 * (np.diff(along, axis=0) ** 2).sum()
    assert chain_action < beta_n * 2 * on_path


def test_two_atoms_move_with_their_reduced_mass_and_translations_do_not_count():
    """An Eckart barrier in the distance of two atoms, and springs across: the rate of one coordinate."""
    masses = np.array([1.008, 138.905])
    reduced = masses.prod() / masses.sum() * AMU_A2_PS2
    across = 350.0  # 1/ps

    def forces(positions):
        bond = positions[:, 0] - positions[:, 1]
        y = np.sqrt(reduced) * bond
        energies, slopes = Eckart((across, across)).slopes(y)
        pull = np.sqrt(reduced) * slopes
        return energies, np.stack([-pull, pull], axis=1)

    surface = InternalCoordinates(forces, np.array([[0.001, 0.0, 0.0], [0.0, 0.0, 0.0]]) + 5.0, masses)
    found = instantons(surface, np.zeros(3), [0.5], 64)[0]
    alone = instantons(Eckart(), [0.01 * WIDTH], [0.5], 64)[0].log_flux
    expected = alone + log_partition(np.full(2, across), 0.5 * CROSSOVER, 64)
    # second derivatives by differences of 0.01 Å are off by a few parts in 1e4
    assert found.log_flux == pytest.approx(expected, abs=0.02)


def test_harmonic_beads_tend_to_the_quantum_oscillator():
    """ln Q of N beads tends to -ln(2 sinh(βħω/2)) with an error that falls as 1/N²."""
    frequency, temperature = 300.0, 150.0
    x = HBAR * frequency / (units.kB * temperature)
    exact = -np.log(2 * np.sinh(x / 2))
    errors = [log_partition(np.array([frequency]), temperature, beads) - exact for beads in (64, 128)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert abs(errors[1]) < 0.02


def test_above_the_crossover_there_is_none():
    assert instantons(Eckart(), [0.01 * WIDTH], [1.01, 2.0], 16) == []


def test_beads_that_are_too_few_give_no_rate():
    """The ring cannot turn about itself where the orbit falls between its beads."""
    found = instantons(Eckart(), [0.01 * WIDTH], [0.3], 32)[0]
    assert np.isnan(found.log_flux) and np.isfinite(found.action)


def test_what_instantons_cannot_do_is_one_line():
    with pytest.raises(StaticsError, match="instantons: 7 beads; take an even number, at least 4"):
        instantons(Eckart(), [0.01 * WIDTH], [0.5], 7)

    class Hilltop(Eckart):
        """Unstable across the barrier too."""

        def __init__(self):
            super().__init__((1.0,))
            self.squares = np.array([-(100.0**2)])

    with pytest.raises(StaticsError, match="has 2 unstable directions; instantons need exactly one"):
        relax_saddle(Hilltop(), np.zeros(2))
