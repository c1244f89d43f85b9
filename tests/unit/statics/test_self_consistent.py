"""Self-consistent phonons against closed forms: Gaussian averages of one bond are polynomials of its variance."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from scipy import optimize

from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.self_consistent import SelfConsistentSettings, converge, free_energy
from qcrystal.units import AMU_A2_PS2, THZ

MASSES = {"La": 138.905, "H": 1.008}
REDUCED = 1 / (1 / MASSES["La"] + 1 / MASSES["H"])  # u
HBAR = THZ / (2 * np.pi)  # eV ps


class Bond(Calculator):
    """V = Σ k r²/2 + λ r⁴ over components, and c r_z³, of two atoms' distance less that at rest. eV, Å."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, rest: Atoms, k: float, quartic: float, cubic: float = 0.0):
        super().__init__()
        self.distance = rest.positions[1] - rest.positions[0]
        self.k, self.quartic, self.cubic = k, quartic, np.array([0.0, 0.0, cubic])

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        apart = (atoms.positions[1] - atoms.positions[0] - self.distance) @ np.linalg.inv(atoms.cell.array)
        r = (apart - np.round(apart)) @ atoms.cell.array
        energy = np.sum(self.k * r**2 / 2 + self.cubic * r**3 + self.quartic * r**4)
        force = -(self.k * r + 3 * self.cubic * r**2 + 4 * self.quartic * r**3)
        forces = np.array([-force, force])
        self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": np.zeros(6)}


def crystal(z: float = 0.5) -> Atoms:
    return Atoms("LaH", cell=[4.0] * 3, scaled_positions=[[0, 0, 0], [0.5, 0.5, z]], pbc=True)


def solve(atoms, potential, temperature, **effort):
    settings = PhononSettings((1, 1, 1), MASSES, 1, displacement=0.005)
    harmonic = lattice_dynamics(potential, atoms, settings)
    return converge(potential, atoms, harmonic, temperature, SelfConsistentSettings([temperature], seed=5, **effort))


def variance(stiffness: float, temperature: float) -> float:
    """<r²> (Å²) of an oscillator of stiffness eV/Å² and the reduced mass."""
    omega = np.sqrt(stiffness / (REDUCED * AMU_A2_PS2))
    thermal = np.inf if temperature == 0 else HBAR * omega / (2 * units.kB * temperature)
    return HBAR / (2 * REDUCED * AMU_A2_PS2 * omega) / np.tanh(thermal)


def thz(stiffness: float) -> float:
    return np.sqrt(stiffness / (REDUCED * AMU_A2_PS2)) / (2 * np.pi)


def optical(found) -> np.ndarray:
    found.model.run_mesh([1, 1, 1], is_gamma_center=True)
    return found.model.mesh.frequencies[0, 3:]


@pytest.mark.parametrize(("k", "temperature"), [(-4.0, 0.0), (-4.0, 400.0)])
@pytest.mark.engine
def test_quartic_bond_has_the_exact_self_consistent_frequency_and_free_energy(k, temperature):
    quartic = 25.0
    stiffness = optimize.brentq(lambda c: k + 12 * quartic * variance(c, temperature) - c, 0.05, 100.0)
    s = variance(stiffness, temperature)
    exact = 3 * (0.5 * (k - stiffness) * s + 3 * quartic * s**2)
    exact += free_energy(np.array([[0.0, 0.0, 0.0] + 3 * [thz(stiffness)]]), temperature)
    atoms = crystal()
    found = solve(atoms, Bond(atoms, k, quartic), temperature, snapshots=150, iterations=12)
    # 6 iterations of 150 snapshots of 3 components know <r⁴>/<r²> within sqrt(14/3/2700) = 4.2 %. The quartic part of the
    # stiffness is 2.5 times the whole, and falls as the stiffness grows: 4.6 % of the stiffness, 2.3 % of the frequency.
    np.testing.assert_allclose(optical(found), thz(stiffness), rtol=0.06)
    # F is at its minimum there: what is left of the frequencies' error is of second order, below 3e-4 eV.
    assert abs(found.free_energy - exact) < 4 * found.free_energy_error + 3e-4
    # An upper bound of the bond's own free energy, from its states on a grid.
    grid = np.linspace(-1.2, 1.2, 601)
    hop = HBAR**2 / (2 * REDUCED * AMU_A2_PS2 * (grid[1] - grid[0]) ** 2)
    hamiltonian = np.diag(2 * hop + k * grid**2 / 2 + quartic * grid**4) - hop * (np.eye(601, k=1) + np.eye(601, k=-1))
    levels = np.linalg.eigvalsh(hamiltonian)
    thermal = units.kB * temperature
    lowest = levels[0] - (thermal * np.log(np.sum(np.exp(-(levels - levels[0]) / thermal))) if thermal else 0.0)
    assert 3 * lowest < exact


def test_harmonic_bond_stays_as_it_is():
    atoms, stiffness = crystal(), 8.0
    found = solve(atoms, Bond(atoms, stiffness, 0.0), 300.0, snapshots=20, iterations=3)
    np.testing.assert_allclose(optical(found), thz(stiffness), rtol=1e-5)
    quantum, thermal = THZ * thz(stiffness), units.kB * 300.0
    oscillator = quantum / 2 + thermal * np.log1p(-np.exp(-quantum / thermal))
    assert found.free_energy == pytest.approx(3 * oscillator, abs=1e-6)
    assert found.shift < 1e-6 and found.change < 1e-4 and abs(found.anharmonic) < 1e-6


@pytest.mark.engine
def test_mean_positions_follow_the_mean_force():
    """A cubic term moves the centre by q: 0 = k q + 3 c (q² + s) + 4 λ (q³ + 3 q s)."""
    k, quartic, cubic = 8.0, 25.0, -12.0

    def residual(unknown):
        q, stiffness = unknown
        s = variance(stiffness, 300.0)
        force = k * q + 3 * cubic * (q**2 + s) + 4 * quartic * (q**3 + 3 * q * s)
        return force, k + 6 * cubic * q + 12 * quartic * (q**2 + s) - stiffness

    q, stiffness = optimize.fsolve(residual, (0.05, 12.0))
    atoms = crystal(0.45)
    found = solve(atoms, Bond(atoms, k, quartic, cubic), 300.0, snapshots=150, iterations=12)
    assert 2 * found.shift == pytest.approx(abs(q), rel=0.08)  # both atoms move half of it; noise of <r²> as above
    assert np.min(np.abs(optical(found) / thz(stiffness) - 1)) < 0.06


def test_modes_that_stay_imaginary_have_no_free_energy():
    assert np.isnan(free_energy(np.array([[0.0, 0.0, 0.0, -3.0, 10.0, 10.0]]), 300.0))
