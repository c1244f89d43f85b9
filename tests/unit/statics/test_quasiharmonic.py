"""The start lattice against a model solid whose equation of state is known in closed form."""

import numpy as np
import pandas as pd
import pytest
from ase import units

from qcrystal.analysis.equilibration import mean_lattice_constant
from qcrystal.statics.quasiharmonic import grueneisen_parameter, start_lattice_constant

GAMMA, KELVIN = 1.3, 900.0


@pytest.fixture
def tables():
    a = np.linspace(4.6, 5.6, 201)
    volume = a**3 / 44
    pressure = 600.0 * ((5.0 / a) ** 3 - 1) + 200.0
    eos = pd.DataFrame({"lattice_constant": a, "volume": volume, "pressure": pressure})
    lattice = np.array([4.8, 5.0, 5.2])
    energy = 3 * units.kB * KELVIN * (lattice / 5.0) ** (-3 * GAMMA)
    phonons = pd.DataFrame(
        {"pressure": [300.0, 200.0, 100.0], "lattice_constant": lattice, "zero_point_energy": energy}
    )
    kelvin = np.repeat(KELVIN * (lattice / 5.0) ** (-3 * GAMMA), 2)
    harmonic = pd.DataFrame(
        {
            "pressure": np.repeat(phonons.pressure, 2),
            "temperature": [0.0, 300.0] * 3,
            "energy_over_3NkB_quantum": kelvin,
        }
    )
    return eos, phonons, harmonic


def test_grueneisen_parameter(tables):
    assert grueneisen_parameter(tables[1]) == pytest.approx(GAMMA, rel=1e-10)


@pytest.mark.parametrize("quantum", [True, False])
def test_static_and_vibrational_pressure_add_up(tables, quantum):
    a = start_lattice_constant(*tables, pressure=200.0, temperature=100.0, quantum=quantum)
    kelvin = KELVIN * (a / 5.0) ** (-3 * GAMMA) if quantum else 100.0
    static = 600.0 * ((5.0 / a) ** 3 - 1) + 200.0
    vibrational = GAMMA * 3 * units.kB * kelvin / (a**3 / 44) / units.GPa
    # linear interpolation between lattice constants h = 0.005 Å apart is off by h²/8 d²P/da² at most:
    # 0.9e-3 GPa of the static and 0.2e-3 GPa of the vibrational pressure; E as a power of V is interpolated exactly
    assert static + vibrational == pytest.approx(200.0, abs=1.2e-3)


@pytest.mark.parametrize("pressure", [60.0, 360.0])
def test_beyond_the_phonon_table_the_energy_follows_the_grueneisen_parameter(tables, pressure):
    a = start_lattice_constant(*tables, pressure=pressure, temperature=0.0, quantum=True)
    assert not 4.8 < a < 5.2
    static = 600.0 * ((5.0 / a) ** 3 - 1) + 200.0
    vibrational = GAMMA * 3 * units.kB * KELVIN * (a / 5.0) ** (-3 * GAMMA) / (a**3 / 44) / units.GPa
    # h²/8 d²P/da² as above, at most 1.6 times as large at 4.7 Å
    assert static + vibrational == pytest.approx(pressure, abs=2e-3)


def test_one_phonon_pressure_is_refused(tables):
    eos, phonons, harmonic = tables
    with pytest.raises(ValueError, match="1 pressure.*two or more"):
        start_lattice_constant(eos, phonons.iloc[:1], harmonic, pressure=200.0, temperature=0.0, quantum=True)


def test_pressure_out_of_range_is_named(tables):
    with pytest.raises(ValueError, match="5000 GPa"):
        start_lattice_constant(*tables, pressure=5000.0, temperature=100.0, quantum=True)


def test_mean_lattice_constant_is_that_of_the_settled_run():
    """A run of 4 conventional cells that starts 3 % too large and settles within 0.1 ps; noise of the volume 0.5 %."""
    rng = np.random.default_rng(3)
    time = np.arange(0, 2, 0.002)
    volume = 4 * 5.0**3 * (1 + 0.03 * np.exp(-time / 0.03) + 0.005 * rng.normal(size=len(time)))
    energy = np.exp(-time / 0.03) + 0.1 * rng.normal(size=len(time))
    thermo = pd.DataFrame({"time": time, "potential_energy": energy, "volume": volume})
    # 1000 independent volumes: 5.3e-5 Å in the lattice constant, and what is left of the start
    assert mean_lattice_constant(thermo, 4.0) == pytest.approx(5.0, abs=4e-4)
