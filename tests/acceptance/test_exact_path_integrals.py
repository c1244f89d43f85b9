"""Path integrals against exact quantum mechanics: one-dimensional oscillators through the whole engine.

Reduced units ħ = m = k = 1 with a time unit of 50 fs, of the order of the engine's thermostat time; β = 8.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from scipy import constants
from specifications import at_fixed_cell

from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.units import oscillator_energy

DRIVER = Path(__file__).resolve().parents[1] / "support" / "polynomial_driver.py"
BETA = 8.0
TIME = 50.0  # fs
MASS = 1.008  # u
ENERGY = constants.hbar / (TIME * 1e-15) / constants.e  # eV
LENGTH = np.sqrt(constants.hbar * TIME * 1e-15 / (MASS * constants.atomic_mass)) * 1e10  # Å

# coefficients c_0, c_1, ... ; beads with a discretisation error below 0.15 % ; timestep ; exact values
CASES = {
    "quartic": ([0, 0, 0, 0, 0.25], 128, 0.2, {"E": 0.42099, "x2": 0.45623}),
    "anharmonic": ([0, 0, 0.5, 0.1, 0.01], 96, 0.2, {"x2": 0.53930, "K": 0.24470}),
    "double well": ([0, 0, -2.0, 0, 0.5], 256, 0.1, {"E": -0.82375, "x2": 1.43955}),
}


def exact_averages(coefficients, half_width=8.0, points=1001):
    """E, <x²> and K at β from a sinc-function basis [Colbert, Miller, J. Chem. Phys. 96, 1982 (1992)]."""
    x = np.linspace(-half_width, half_width, points)
    difference = np.subtract.outer(np.arange(points), np.arange(points))
    safe = np.where(difference == 0, 1, difference)
    kinetic = np.where(difference == 0, np.pi**2 / 3, 2.0 * (-1.0) ** difference / safe**2)
    kinetic /= 2.0 * (x[1] - x[0]) ** 2
    potential = np.polynomial.Polynomial(coefficients)(x)
    levels, states = np.linalg.eigh(kinetic + np.diag(potential))
    weights = np.exp(-BETA * (levels - levels[0]))
    density = states**2 @ weights / weights.sum()
    energy = levels @ weights / weights.sum()
    return {"E": energy, "x2": density @ x**2, "K": energy - density @ potential}


def oscillators(tmp_path, coefficients, beads, timestep, steps, atoms, sample_every=5):
    """Time series of E, <x²> and K per degree of freedom, the first tenth left out."""
    record = tmp_path / "squares"
    model = tmp_path / "potential.txt"
    model.write_text(" ".join(map(str, [ENERGY, LENGTH, record, *coefficients])))
    spec = at_fixed_cell(
        "pimd",
        {"H": MASS},
        steps,
        temperature=ENERGY / BETA / units.kB,
        timestep=timestep * TIME,
        sample_every=sample_every,
        seed=20230815,
        beads=beads,
    )
    structure = Atoms(f"H{atoms}", cell=[10.0] * 3, pbc=True)
    ipi.run(spec, structure, model, tmp_path / "run", driver=DRIVER, fix_centre=False)
    thermo = pd.read_csv(tmp_path / "run" / "thermo.csv")
    scale = 3 * atoms * ENERGY
    series = {
        "E": (thermo["potential_energy"] + thermo["kinetic_energy"]).to_numpy() / scale,
        "K": thermo["kinetic_energy"].to_numpy() / scale,
        "x2": np.fromfile(record),
    }
    return {name: values[len(values) // 10 :] for name, values in series.items()}, json.loads(
        (tmp_path / "run" / "report.json").read_text()
    )


def standard_error(series, blocks=16):
    """Standard error of the mean from block averages."""
    means = [block.mean() for block in np.array_split(series, blocks)]
    return np.std(means, ddof=1) / np.sqrt(blocks)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_anharmonic_oscillators_agree_with_exact_quantum_mechanics(tmp_path, name, measured):
    coefficients, beads, timestep, published = CASES[name]
    exact = exact_averages(coefficients)
    series, _ = oscillators(tmp_path, coefficients, beads, timestep, steps=6000, atoms=200)
    for quantity, value in published.items():
        assert exact[quantity] == pytest.approx(value, abs=1.5e-5)
        error = standard_error(series[quantity])
        assert error < 2e-3 * abs(value), f"{name} {quantity}: too few steps, error {error}"
        line = {"quartic": 7, "anharmonic": 8, "double well": 9}[name]
        measured(line, f"{name}: {quantity.replace('x2', '<x²>')}", series[quantity].mean(), value, 5e-3, error=error)


@pytest.mark.slow
def test_harmonic_oscillator_has_the_energy_of_its_finite_ring_polymer(tmp_path, measured):
    """P = 8 = βħω: 10 % below the exact energy, and within 0.5 % of the sum over ring modes."""
    beads = 8
    series, report = oscillators(tmp_path, [0, 0, 0.5], beads, 0.2, steps=10000, atoms=500)
    frequency = 1e3 / (2.0 * np.pi * TIME)  # THz
    temperature = ENERGY / BETA / units.kB
    expected = oscillator_energy(frequency, temperature, beads) / ENERGY
    assert expected < 0.91 * 0.5
    for quantity, value in (("E", expected), ("K", expected / 2), ("x2", expected)):
        found, error = series[quantity].mean(), standard_error(series[quantity])
        measured(10, f"8 beads: {quantity.replace('x2', '<x²>')}", found, value, 5e-3, error=error)
    assert report["temperature_ring_polymer"] == pytest.approx(temperature, rel=0.02)
    # the bead that the trajectory keeps spreads as the particle does, not as the centroid, which has 1/β
    trajectory = Trajectory(tmp_path / "run" / "trajectory.h5")
    for name, positions, value in (
        ("bead", trajectory.beads[:, 0], expected),
        ("centroid", trajectory.positions, 1 / BETA),
    ):
        squares = np.square(positions / LENGTH).mean(axis=(1, 2))[len(positions) // 10 :]
        measured(10, f"8 beads: <x²> of the {name} kept", squares.mean(), value, 1e-2, error=standard_error(squares))
