"""Paths and rates of hops: symmetric barriers, harmonic rates, isotopes."""

import numpy as np
import pytest
from ase import units
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from qcrystal.crystal.cells import conventional_cell
from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.statics.errors import StaticsError
from qcrystal.statics.hop_path import BandEffort, Hop, band, hop_rates, hop_tables, mass_weighted, neighbours
from qcrystal.statics.tunnelling import HBAR
from qcrystal.units import AMU_A2_PS2

pytestmark = pytest.mark.engine

COPPER = Prototype(spacegroup=225, sites=[Site(element="Cu", position=(0.0, 0.0, 0.0))], lattice_constant=3.6)
EFFORT = BandEffort((2, 2, 2), 3, 0.02, 300)


@pytest.fixture(scope="module")
def vacancy():
    return hop_tables(EMT(), COPPER, 3.59, "Cu", {"Cu": {"Cu": 63.5}}, [500.0, 1000.0], ["vacancy"], EFFORT)


def test_a_vacancy_of_an_fcc_metal_passes_the_middle_between_two_sites(vacancy):
    """By symmetry the saddle is the crystal at rest with the atom held in the middle; no band is needed for that."""
    row = vacancy.saddles.iloc[0]
    crystal = conventional_cell(COPPER, 3.59).repeat(2)
    first, second = neighbours(crystal, "Cu")
    bond = crystal.get_distance(first, second, mic=True, vector=True)
    energies = []
    for share in (0.0, 0.5):
        one = crystal.copy()
        one.positions[second] -= share * bond
        one.set_constraint(FixAtoms([second] if share else []))
        del one[first]
        one.calc = EMT()
        BFGS(one, logfile=None).run(fmax=1e-3)
        energies.append(one.get_potential_energy())
    assert row["barrier"] == pytest.approx(energies[1] - energies[0], abs=2e-3)  # eV, what forces of 0.02 eV/Å leave
    assert row["reaction"] == pytest.approx(0.0, abs=1e-3)
    assert (row["imaginary_start"], row["imaginary_saddle"]) == (0, 1)
    assert row["atoms"] == 31


def test_heavy_atoms_jump_classically_when_hot(vacancy):
    wide = vacancy.rates.pivot(index="temperature", columns="method", values="log_rate")
    assert np.allclose(wide.loc[1000.0], wide.loc[1000.0, "classical"], atol=0.01)
    slope = np.log(10.0) * (wide.loc[1000.0, "classical"] - wide.loc[500.0, "classical"])
    assert slope == pytest.approx(vacancy.saddles["barrier"].iloc[0] * (1 / 500.0 - 1 / 1000.0) / units.kB, rel=1e-6)


def test_a_path_that_does_not_come_to_rest_is_told():
    with pytest.raises(StaticsError, match="does not"):
        hop_tables(EMT(), COPPER, 3.59, "Cu", {"Cu": {"Cu": 63.5}}, [500.0], ["vacancy"], EFFORT._replace(steps=2))


def test_neighbours_turn_about_their_middle():
    crystal = conventional_cell(COPPER, 3.6).repeat(2)
    first, second = neighbours(crystal, "Cu")
    images = band(crystal, "Cu", "exchange", 5)
    distances = [image.get_distance(first, second, mic=True) for image in images]
    assert np.allclose(distances, 3.6 / np.sqrt(2.0))
    assert np.allclose(
        images[-1].positions[first] - crystal.positions[first], images[0].get_distance(first, second, True, True)
    )


def two_atoms(light, heavy, well, top, height):
    """A hop of a light atom beside one that is too heavy to move, with force constants of a well and of a saddle point."""
    crystal = conventional_cell(COPPER, 50.0)[:2]
    crystal.positions[:] = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]
    images = []
    for share in (0.0, 0.5, 1.0):
        image = crystal.copy()
        image.positions[1, 0] += share
        images.append(image)
    pair = np.array([[1.0, -1.0], [-1.0, 1.0]])
    start = np.kron(pair, well * np.eye(3))
    saddle = np.kron(pair, np.diag([top, well, well]))
    return Hop(images, np.array([0.0, height, 0.0]), np.zeros((3, 2, 3)), start, saddle), np.array([heavy, light])


@pytest.mark.parametrize("light", [1.0, 2.0])
def test_an_atom_in_a_harmonic_well_has_the_rate_of_vineyard(light):
    """ω0/2π exp(-V*/kT): the modes across the path are alike in the well and on the saddle, and cancel."""
    hop, masses = two_atoms(light, 1e9, 2.0, -1.0, 0.5)
    top, path, rates = hop_rates(hop, masses, [300.0])
    frequency = np.sqrt(2.0 / light / AMU_A2_PS2) / (2.0 * np.pi)
    found = rates.set_index("method")["log_rate"]
    assert 10.0 ** found["classical"] == pytest.approx(frequency * np.exp(-0.5 / (300.0 * units.kB)), rel=1e-5)
    assert top["barrier_quantum"] == pytest.approx(HBAR * np.sqrt(1.0 / light / AMU_A2_PS2), rel=1e-5)
    assert top["zero_point_barrier"] == pytest.approx(0.5 - 0.5 * HBAR * 2.0 * np.pi * frequency, rel=1e-5)
    assert found["tunnelling"] > found["quantum"] > found["classical"]
    assert path.place[-1] == pytest.approx(np.sqrt(light), rel=1e-6)


def test_rates_that_the_theory_cannot_give_are_not_given():
    """A barrier below the zero-point energy that the well loses has no quantum rate; a saddle of second order has none at all."""
    hop, masses = two_atoms(1.0, 1e9, 2.0, -1.0, 0.01)
    top, _, rates = hop_rates(hop, masses, [300.0])
    found = rates.set_index("method")["log_rate"]
    assert top["zero_point_barrier"] < 0 and np.isfinite(found["classical"])
    assert np.isnan(found["quantum"]) and np.isnan(found["tunnelling"])
    hop, masses = two_atoms(1.0, 1e9, 2.0, -1.0, 0.5)
    twice = np.kron([[1.0, -1.0], [-1.0, 1.0]], np.diag([-1.0, -1.0, 2.0]))
    assert hop_rates(hop._replace(saddle=twice), masses, [300.0])[2]["log_rate"].isna().all()


def test_places_are_weighted_by_the_root_of_the_mass():
    hop, masses = two_atoms(4.0, 100.0, 1.0, -1.0, 0.1)
    place, tangents = mass_weighted(hop.images, masses)
    assert np.allclose(place, [0.0, 1.0, 2.0])
    assert np.allclose(np.linalg.norm(tangents, axis=1), 1.0)
