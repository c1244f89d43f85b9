"""Spectra of runs against oscillators whose frequencies and energies are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import specifications
from ase import units

from qcrystal.analysis.vibrations import vibrations
from qcrystal.units import AMU_A2_PS2, oscillator_energy

CELL = 8.0 * np.eye(3)
INTERVAL = 0.005


def oscillators(frequencies, energies, length, rng, masses=(1.008, 138.905)):
    """Atoms of two species, half each, in wells of one frequency per species, with a mean energy per coordinate."""
    time = np.arange(round(length / INTERVAL)) * INTERVAL
    atoms = 40
    species = np.repeat(["H", "La"], atoms // 2)
    mass = np.repeat(masses, atoms // 2)
    frequency, energy = np.repeat(frequencies, atoms // 2), np.repeat(energies, atoms // 2)
    amplitude = np.sqrt(2.0 * energy / (mass * AMU_A2_PS2)) / (2.0 * np.pi * frequency)
    phase = rng.uniform(0.0, 2.0 * np.pi, (atoms, 3))
    moving = amplitude[:, None] * np.cos(2.0 * np.pi * frequency[:, None] * time[:, None, None] + phase)
    return time, species, mass, moving + rng.uniform(0.0, 8.0, (atoms, 3))


def spectrum(method, temperature, frequencies, energies, length, resolution=2.0):
    time, species, masses, positions = oscillators(frequencies, energies, length, np.random.default_rng(4))
    spec = specifications.specification(
        method=method, ensemble="nvt", temperature=temperature, species=("H", "La"), masses={"H": 1.008, "La": 138.905}
    )
    run = SimpleNamespace(
        spec=spec,
        species=species,
        masses=masses,
        time=time,
        positions=positions,
        cell=np.repeat(CELL[None], len(time), axis=0),
    )
    thermo = pd.DataFrame({"time": time, "potential_energy": 0.0, "volume": 512.0})
    return vibrations(run, thermo, resolution)


@pytest.mark.parametrize(
    ("method", "mode"),
    [
        ("classical", lambda nu: np.full(2, units.kB * 300)),
        ("trpmd", lambda nu: np.full(2, units.kB * 300)),
        ("qtb", lambda nu: oscillator_energy(np.array(nu), 300.0)),
    ],
)
def test_each_mode_counts_once_at_its_own_frequency(method, mode):
    """Half of the modes at 60 THz, half at 7, each with the energy that the method gives it: 0.5 and 0.5 of the integral.

    k_B T in place of the quantum energy would give 2.4 at 60 THz. The drift that is taken out is that of the
    twenty heavy atoms: three of their 60 modes.
    """
    frequencies = (60.0, 7.0)
    table = spectrum(method, 300.0, frequencies, mode(frequencies), 20.0)
    for symbol, frequency, weight in zip(("H", "La"), frequencies, (0.5, 0.5 * 19 / 20), strict=True):
        rows = table[table["species"] == symbol]
        step = rows["frequency"].diff().iloc[-1]
        assert rows["density"].sum() * step == pytest.approx(weight, abs=0.01)
        assert rows["frequency"].iloc[int(rows["density"].to_numpy().argmax())] == pytest.approx(frequency, abs=1.0)


def test_a_line_has_the_width_that_is_stated():
    """Full width at half maximum of a sharp line by Hann's window, to a bin's fifth: 0.3 of 2 THz."""
    table = spectrum("classical", 300.0, (60.0, 7.0), np.full(2, units.kB * 300), 40.0)
    rows = table[table["species"] == "H"]
    near = rows[(rows["frequency"] - 60.0).abs() < 6.0]
    x = np.linspace(54.0, 66.0, 2001)
    height = np.interp(x, near["frequency"], np.sqrt(near["density"]))  # amplitudes are nearly straight between bins
    wide = x[height**2 > 0.5 * (height**2).max()]
    assert np.ptp(wide) == pytest.approx(rows["resolution"].iloc[0], abs=0.3)
    assert rows["resolution"].iloc[0] == pytest.approx(2.0, rel=0.02)


def test_a_short_run_is_coarser_and_a_shorter_one_has_no_spectrum():
    energies = np.full(2, units.kB * 300)
    coarse = spectrum("classical", 300.0, (60.0, 7.0), energies, 1.0)
    assert coarse["resolution"].iloc[0] == pytest.approx(1.44 / (0.8 * 1.0 / 4), rel=0.05)
    assert spectrum("classical", 300.0, (60.0, 7.0), energies, 0.15).empty
