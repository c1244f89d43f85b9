"""The thermostat of a flexible cell against the statistics of a free particle; pressures of moving atoms."""

import numpy as np
import pytest
from ase import units

from qcrystal.dynamics.lammps.barostat import Barostat
from qcrystal.dynamics.lammps.kinetics import Kinetics
from qcrystal.dynamics.lammps.start import StartProperties
from qcrystal.dynamics.spec import RunSpec

START = StartProperties(
    max_frequency=60.0, mean_frequency={"H": 40.0}, bulk_modulus=500.0, static_pressure=150.0, volume=130.0
)


def barostat(**changes) -> Barostat:
    values = {"run": "test", "system": "H", "method": "classical", "repeat": (1, 1, 1), "species": ("H",), "seed": 3}
    values |= {"masses": {"H": 1.008}, "temperature": 300.0, "pressure": 150.0, "timestep": 2.0, "steps": 10}
    return Barostat(RunSpec(**(values | {"sample_every": 1, "checkpoint_every": 1} | changes)), START, 44)


def without_whole(barostat, step, rates):
    """The virial without the share of the crystal's motion as a whole."""
    whole = units.kB * barostat.spec.temperature * np.array([1, 1, 1, 0, 0, 0])
    return barostat.virial(step, rates) - whole


@pytest.mark.engine
def test_a_free_cell_has_the_temperature_of_the_run():
    """Six strain rates over 4000 relaxation times, 24 000 independent samples in all: kT within 4 %, four times their error.

    The rates before a kick are those that LAMMPS shows half a step early: they have kT, and those in its middle (1 + c)/2 of it.
    """
    cell, h = barostat(), 2e-3
    rates, before, middle = np.zeros(6), [], []
    for step in range(200_000):
        kick = without_whole(cell, step, rates) * h / cell.inertia
        before.append(cell.inertia * rates**2)
        middle.append(cell.temperature(rates + 0.5 * kick))
        rates = rates + kick
    assert np.mean(before[1000:]) == pytest.approx(units.kB * 300.0, rel=0.04)
    assert np.mean(middle[1000:]) == pytest.approx(300.0, rel=0.04)


def test_the_cell_oscillates_with_its_period():
    """The inertia W makes the volume of a crystal of bulk modulus B oscillate at sqrt(9 B V / 3 W), each strain a third of it."""
    for period in (200.0, 500.0):
        cell = barostat(barostat_time=period)
        frequency = np.sqrt(9.0 * START.bulk_modulus * units.GPa * START.volume / (3.0 * cell.inertia))
        assert 2.0 * np.pi / frequency == pytest.approx(period * 1e-3)


def test_without_temperature_there_is_friction_alone():
    """A velocity falls to 1/e in 100 fs, whatever the time step."""
    for timestep in (0.5, 2.0):
        cell, rates = barostat(temperature=0.0, timestep=timestep), np.ones(6)
        for step in range(round(100.0 / timestep)):
            rates = rates + cell.virial(step, rates) * timestep * 1e-3 / cell.inertia
        assert rates == pytest.approx(np.full(6, np.exp(-1.0)))


def test_noise_depends_on_seed_and_step_alone():
    one, same, other = barostat(), barostat(), barostat(seed=4)
    still = np.zeros(6)
    late = one.virial(10**10, still)
    assert np.array_equal(late, [same.virial(step, still) for step in (0, 10**10)][1])
    assert not np.allclose(late, one.virial(10**10 + 1, still)) and not np.allclose(late, other.virial(10**10, still))


def test_pressure_of_motion_is_that_of_an_ideal_gas():
    """N atoms at rest as a whole: (N - 1) kT/V by their velocities, and kT/V by convention; 2K/3V at each moment."""
    rng, masses, volume = np.random.default_rng(0), np.repeat([138.905, 1.008], [4, 40]), 130.0
    kinetics = Kinetics(masses, 300.0, 0.01, 5.0)
    pressures = []
    for _ in range(2000):
        velocities = rng.normal(size=(44, 3)) * np.sqrt(units.kB * 300.0 / (masses * 1.0364269e-4))[:, None]
        velocities -= masses @ velocities / masses.sum()
        pressures.append(kinetics.pressure(velocities, volume))
        kinetic = kinetics.by_velocities(velocities).sum()
        assert np.trace(pressures[-1]) / 3 == pytest.approx(2 * kinetic / (3 * volume) / units.GPa)
    ideal = 44 * units.kB * 300.0 / volume / units.GPa
    # each component of a tensor of 44 atoms scatters by sqrt(2/44): 0.5 % over 2000 tensors
    assert np.mean(pressures, axis=0) == pytest.approx(ideal * np.eye(3), abs=0.02 * ideal)
