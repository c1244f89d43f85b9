"""The quantum baths beside OpenMM's, an independent implementation: oscillators, and a Lennard-Jones crystal.

OpenMM's QTBIntegrator is the adaptive bath of Mauger et al. (2021) with their deconvolution; with an adaptation rate of zero, the
plain one.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openmm
import pandas as pd
import pytest
from ase import units
from ase.build import bulk
from lennard_jones_driver import lennard_jones
from openmm import unit
from specifications import at_fixed_cell

from qcrystal.dynamics.bath.adaptive import AdaptiveBath
from qcrystal.dynamics.bath.parameters import Bath
from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.units import AMU_A2_PS2, oscillator_energy

pytestmark = pytest.mark.slow

KJ_PER_MOL = units.kJ / units.mol  # eV
DRIVER = Path(__file__).resolve().parents[1] / "support" / "lennard_jones_driver.py"


def openmm_mean_potential(system, positions, temperature, settings, steps, discard, every, rate):
    """Mean potential energy (eV) and the samples' standard error, by OpenMM's bath on its reference platform."""
    integrator = openmm.QTBIntegrator(
        temperature * unit.kelvin, settings.gamma / unit.picosecond, settings.timestep * unit.femtosecond
    )
    integrator.setSegmentLength(settings.segment * unit.picosecond)
    integrator.setCutoffFrequency(2 * np.pi * settings.cutoff / unit.picosecond)  # an angular frequency
    integrator.setDefaultAdaptationRate(rate)
    integrator.setRandomNumberSeed(11)
    for particle in range(system.getNumParticles()):
        integrator.setParticleType(particle, 0)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("CPU"), {"Threads": "1"})
    context.setPositions(positions * unit.angstrom)
    context.setVelocitiesToTemperature(temperature * unit.kelvin, 3)
    integrator.step(discard)
    samples = []
    for _ in range((steps - discard) // every):
        integrator.step(every)
        energy = context.getState(getEnergy=True).getPotentialEnergy()
        samples.append(energy.value_in_unit(unit.kilojoule_per_mole) * KJ_PER_MOL)
    return np.mean(samples), block_error(samples)


def our_mean_potential(bath, masses, positions, potential, steps, discard, every):
    """The same by the bath of this project with velocity Verlet."""
    h, velocity, samples = bath.timestep, np.zeros_like(positions), []
    scale = 1.0 / (masses[:, None] * AMU_A2_PS2)
    _, force = potential(positions)
    for step in range(1, steps + 1):
        velocity = velocity + 0.5 * h * scale * force
        positions = positions + h * velocity
        energy, force = potential(positions)
        velocity = bath.kick(step, velocity + 0.5 * h * scale * force)
        if step > discard and step % every == 0:
            samples.append(energy)
    return np.mean(samples), block_error(samples)


def block_error(samples, blocks=12):
    means = [block.mean() for block in np.array_split(np.array(samples), blocks)]
    return np.std(means, ddof=1) / np.sqrt(blocks)


@pytest.mark.parametrize("frequency", [10.0, 30.0])
def test_harmonic_oscillators(frequency, measured):
    """Potential energy of oscillators at 100 K: both within 1.5 % of (hν/4) coth(hν/2kT) per degree of freedom."""
    count, temperature, mass = 300, 100.0, 1.008
    settings = SimpleNamespace(gamma=20.0, timestep=0.5, segment=0.5, cutoff=120.0)
    constant = mass * AMU_A2_PS2 * (2 * np.pi * frequency) ** 2  # eV/Å²
    system = openmm.System()
    force = openmm.CustomExternalForce("0.5*k*(x^2+y^2+z^2)")
    force.addGlobalParameter("k", constant / KJ_PER_MOL * 100.0)  # kJ/mol/nm²
    for particle in range(count):
        system.addParticle(mass)
        force.addParticle(particle, [])
    system.addForce(force)
    start = np.random.default_rng(1).normal(0, 0.05, (count, 3))
    theirs, _ = openmm_mean_potential(system, start, temperature, settings, 12000, 2000, 10, 0.0)
    bath = ThermalBath(Bath(gamma=20.0), temperature, 0.5, np.full(count, mass), 5)

    def potential(x):
        return 0.5 * constant * (x**2).sum(), -constant * x

    ours, _ = our_mean_potential(bath, np.full(count, mass), start, potential, 12000, 2000, 10)
    exact = 3 * count * 0.5 * oscillator_energy(frequency, temperature)
    measured(4, f"potential energy at {frequency:g} THz, 100 K, by OpenMM", theirs, exact, 0.015, "eV")
    measured(4, f"potential energy at {frequency:g} THz, 100 K", ours, exact, 0.015, "eV")


@pytest.fixture(scope="module")
def neon():
    """Solid neon at 20 K, 108 atoms: frequencies up to 2 THz, and quantum motion wide enough to meet the anharmonic walls."""
    atoms = bulk("Ne", "fcc", a=4.47, cubic=True).repeat((3, 3, 3))
    values = {"length": atoms.cell[0, 0], "epsilon": 36.76 * units.kB, "sigma": 2.786, "cutoff": 6.5}
    (rest,), _ = lennard_jones(atoms.positions[None], *values.values())
    atoms.positions += np.random.default_rng(1).normal(0, 0.05, (len(atoms), 3))
    return SimpleNamespace(
        atoms=atoms, rest=rest, masses=np.full(len(atoms), 20.18), temperature=20.0, values=values, **values
    )


def neon_by_openmm(neon, rate):
    """Mean potential energy (eV) above the lattice at rest, and its error."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * neon.length / 10))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(neon.cutoff / 10)
    force.setUseDispersionCorrection(False)
    for mass in neon.masses:
        system.addParticle(mass)
        force.addParticle(0.0, neon.sigma / 10, neon.epsilon / KJ_PER_MOL)
    system.addForce(force)
    settings = SimpleNamespace(gamma=1.0, timestep=5.0, segment=5.0, cutoff=6.0)
    start = neon.atoms.positions
    mean, error = openmm_mean_potential(system, start, neon.temperature, settings, 100000, 20000, 20, rate)
    return mean - neon.rest, error


def neon_by_us(neon, kind):
    """The same with a bath of ours."""

    def evaluate(positions):
        (energy,), (force,) = lennard_jones(positions[None], *neon.values.values())
        return energy, force

    bath = kind(Bath(gamma=1.0, cutoff=6.0, segment=5.0), neon.temperature, 5.0, neon.masses, 5)
    mean, error = our_mean_potential(bath, neon.masses, neon.atoms.positions, evaluate, 100000, 20000, 20)
    return mean - neon.rest, error


def test_plain_baths_on_neon(neon, measured):
    """Two implementations of one equation: within 2 % (statistics: 0.5 % each)."""
    (theirs, their_error), (ours, our_error) = neon_by_openmm(neon, 0.0), neon_by_us(neon, ThermalBath)
    assert np.hypot(our_error, their_error) < 0.01 * theirs
    measured(13, "neon, plain bath, against OpenMM's", ours, theirs, 0.02, "eV", np.hypot(our_error, their_error))


def test_adaptive_baths_on_neon_and_path_integrals(neon, tmp_path, measured):
    """Leakage lifts the plain bath's energy by 9 %; both adaptive baths are within 3 % of path integrals.

    Statistics: 0.7 % each; 16 beads leave the stiffest mode low by 1 %. OpenMM's adaptation is told to be fast (rate 5): at its
    default of 0.01 it needs many more segments.
    """
    model = tmp_path / "neon.txt"
    model.write_text(" ".join(repr(float(value)) for value in neon.values.values()))
    length = {"timestep": 10.0, "steps": 6000, "sample_every": 5}
    spec = at_fixed_cell("pimd", {"Ne": neon.masses[0]}, temperature=neon.temperature, beads=16, seed=3, **length)
    ipi.run(spec, neon.atoms, model, tmp_path / "run", driver=DRIVER)
    series = pd.read_csv(tmp_path / "run" / "thermo.csv")["potential_energy"].to_numpy() - neon.rest
    series = series[len(series) // 5 :]
    exact = series.mean()
    assert block_error(series) < 0.012 * exact
    (theirs, _), (ours, our_error) = neon_by_openmm(neon, 5.0), neon_by_us(neon, AdaptiveBath)
    assert our_error < 0.01 * exact
    error = np.hypot(our_error, block_error(series))
    measured(13, "neon, adaptive bath, against path integrals", ours, exact, 0.03, "eV", error)
    measured(13, "neon, OpenMM's adaptive bath, against path integrals", theirs, exact, 0.03, "eV")
