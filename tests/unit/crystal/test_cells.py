"""Crystal geometry against closed formulas."""

import numpy as np
import pytest
import specifications
from ase import units
from crystals import FREE, lah10_prototype
from scipy import constants

from qcrystal.crystal.cells import (
    conventional_cell,
    primitive_cell,
    rhombohedral_strain,
    start_structure,
    supercell,
)
from qcrystal.crystal.displace import oscillator_displacement

A, X = 5.1, FREE
LAH10 = lah10_prototype(A)


def specification(**changes):
    """A run whose vacancies are hydrogen's."""
    return specifications.specification(**({"mobile": "H", "temperature": 100, "seed": 1} | changes))


@pytest.mark.parametrize(("build", "atoms", "volume"), [(conventional_cell, 44, A**3), (primitive_cell, 11, A**3 / 4)])
def test_cells_have_the_stoichiometry_and_the_volume(build, atoms, volume):
    cell = build(LAH10, A)
    assert len(cell) == atoms
    assert list(cell.symbols).count("H") == 10 * list(cell.symbols).count("La")
    assert cell.get_volume() == pytest.approx(volume, rel=1e-12)


def test_distances_follow_from_the_wyckoff_positions():
    distances = conventional_cell(LAH10, A).get_all_distances(mic=True)
    nearest = np.sort(distances[distances > 0.1])[0]
    # H 8c (1/4,1/4,1/4) to H 32f (x,x,x): sqrt(3) (1/4 - x) a
    assert nearest == pytest.approx(np.sqrt(3) * (0.25 - X) * A, rel=1e-12)


def test_rhombohedral_strain_gives_three_equal_angles_at_constant_volume():
    cell = conventional_cell(LAH10, A)
    strained = rhombohedral_strain(cell, 91.3)
    assert strained.cell.angles() == pytest.approx([91.3] * 3, abs=1e-10)
    assert strained.get_volume() == pytest.approx(cell.get_volume(), rel=1e-12)


def test_supercell_is_sorted_and_names_unknown_species():
    cell = supercell(primitive_cell(LAH10, A), (2, 1, 1), ["La", "H"])
    assert cell.get_chemical_symbols() == ["La"] * 2 + ["H"] * 20
    with pytest.raises(ValueError, match="H, which the type map"):
        supercell(primitive_cell(LAH10, A), (1, 1, 1), ["La"])


def test_oscillator_displacement_limits():
    frequency, mass = 30.0, 1.008
    omega = 2 * np.pi * frequency * 1e12
    # zero point: <u²> = ħ / (2 m ω), in SI and back to Å
    expected = np.sqrt(constants.hbar / (2 * mass * constants.atomic_mass * omega)) * 1e10
    assert oscillator_displacement(mass, frequency, 0.0, True) == pytest.approx(expected, rel=1e-6)
    # classical limit of the quantum oscillator at high temperature: relative deviation (ħω/kT)²/24
    hot = 50000.0
    quantum = constants.h * frequency * 1e12 / (constants.k * hot)
    ratio = oscillator_displacement(mass, frequency, hot, True) / oscillator_displacement(mass, frequency, hot, False)
    assert ratio == pytest.approx(1 + quantum**2 / 24, abs=1e-5)
    assert units.kB > 0


def test_start_structure_knows_isotopes_vacancies_and_the_distortion():
    deuterium = specification(masses={"La": 138.905, "H": 2.014}, isotope="D", vacancies=1, start="rhombohedral")
    atoms = start_structure(LAH10, deuterium, A)
    assert len(atoms) == 43
    assert set(atoms.get_masses()) == {138.905, 2.014}
    assert atoms.cell.angles() == pytest.approx([91.0] * 3, abs=1e-8)
    again = start_structure(LAH10, deuterium, A)
    assert np.array_equal(atoms.positions, again.positions)


def test_the_mobile_species_goes_missing_wherever_it_stands_in_the_list():
    for species in (("La", "H"), ("H", "La")):
        whole = start_structure(LAH10, specification(species=species), A)
        atoms = start_structure(LAH10, specification(species=species, mobile="La", vacancies=2), A)
        assert whole.get_chemical_symbols().count("La") == 4
        assert atoms.get_chemical_symbols().count("La") == 2 and atoms.get_chemical_symbols().count("H") == 40
    with pytest.raises(ValueError, match="vacancies of no species"):
        start_structure(LAH10, specification(mobile=None, vacancies=1), A)
    with pytest.raises(ValueError, match="5 vacancies among 4 atoms of La"):
        start_structure(LAH10, specification(mobile="La", vacancies=5), A)


@pytest.mark.parametrize("species", [("La", "H"), ("H", "La")])
def test_interstitials_are_in_the_largest_hole_behind_their_own_kind(species):
    """In LaH10 that is 4a, the middle of a cube of eight H(2): sqrt(3) x(32f) a away from each."""
    whole = start_structure(LAH10, specification(species=species), A)
    atoms = start_structure(LAH10, specification(species=species, interstitials=1), A)
    symbols = np.array(atoms.get_chemical_symbols())
    assert len(atoms) == 45 and list(dict.fromkeys(symbols)) == list(species)
    added = np.flatnonzero(symbols == "H")[-1]
    rest = np.delete(np.arange(45), added)
    assert np.allclose(atoms.positions[rest], whole.positions)
    near = np.sort(atoms.get_distances(added, rest, mic=True))[:8]
    x = next(site.position[0] for site in LAH10.sites if len(set(site.position)) == 1 and site.position[0] % 0.25)
    assert near == pytest.approx([np.sqrt(3.0) * min(x, 0.5 - x, abs(1 - x)) * A] * 8, abs=1e-4)
    with pytest.raises(ValueError, match="5 interstitials in 4 holes"):
        start_structure(LAH10, specification(interstitials=5), A)
    with pytest.raises(ValueError, match="interstitials of no species"):
        start_structure(LAH10, specification(mobile=None, interstitials=1), A)


def test_primitive_and_conventional_start_have_the_same_distortion():
    cubes = [
        start_structure(LAH10, specification(basis=basis, start="rhombohedral"), A).cell.array
        for basis in ("conventional", "primitive")
    ]
    ideal = primitive_cell(LAH10, A).cell.array @ np.linalg.inv(conventional_cell(LAH10, A).cell.array)
    assert np.allclose(cubes[1], ideal @ cubes[0], atol=1e-10)
