"""Starts of a search against the known numbers of superlattices and orderings, and cages of known crystals."""

from collections import Counter

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from ase.spacegroup import crystal

from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.crystal.symmetry import space_group
from qcrystal.search.cages import cage_sizes, cage_text, lone_fraction, nearest_hydrogens
from qcrystal.search.compositions import Composition
from qcrystal.search.generate import at_volume, fitting_groups, hermite_normal_forms, orderings, random_start
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.statics.relax import nearer_than, pair_distances

pytestmark = pytest.mark.engine

MH6 = Prototype(
    spacegroup=229,
    sites=[Site(element="Ca", position=(0, 0, 0)), Site(element="H", position=(0.25, 0.5, 0))],
    lattice_constant=3.5,
)
SHORTEST = pair_distances({"Ca-Ca": 2.3, "Ca-Y": 2.3, "Y-Y": 2.3, "Ca-H": 1.5, "Y-H": 1.5, "H-H": 0.8})


def test_superlattices_have_their_known_number():
    """Of index n there are Σ d σ(d) over the divisors d of n, whatever the lattice [Hart and Forcade 2008, table I]."""
    assert [len(list(hermite_normal_forms(size))) for size in range(1, 7)] == [1, 7, 13, 35, 31, 91]
    assert all(round(np.linalg.det(one)) == 4 for one in hermite_normal_forms(4))


@pytest.fixture(scope="module")
def found():
    return orderings(MH6, "CaH6", ["Ca", "Y"], 4)


def test_orderings_of_two_metals_on_bcc_have_their_known_number(found):
    """2, 6 and 19 orderings of two, three and four metals, those of fcc [Hart and Forcade 2008]: the colours are different."""
    assert Counter(len(start.atoms) // 7 for start in found) == {2: 2, 3: 6, 4: 19}
    assert Counter(len(start.atoms) // 7 for start in orderings(MH6, "CaH6", ["Ca", "Y"], 2)) == {2: 2}


def test_orderings_hold_the_known_hydrides(found):
    """Pm-3m CaYH12 is the CsCl order, Fm-3m Ca3YH24 that of BiF3."""
    groups = {(str(start.atoms.symbols), space_group(start.atoms, 1e-3)) for start in found}
    assert {("CaYH12", "Pm-3m"), ("Ca3YH24", "Fm-3m"), ("CaY3H24", "Fm-3m")} <= groups
    assert {start.origin for start in found} == {"ordering of CaH6"}
    assert all(start.atoms.get_volume() / len(start.atoms) == pytest.approx(3.5**3 / 14) for start in found)


def test_a_prototype_of_two_metals_is_taken_both_ways_round():
    sites = [Site(element="Ca", position=(0, 0, 0)), Site(element="Y", position=(0.5, 0.5, 0.5))]
    double = Prototype(spacegroup=221, sites=[*sites, Site(element="H", position=(0.25, 0.5, 0))], lattice_constant=3.5)
    names = [str(start.atoms.symbols) for start in orderings(double, "CaYH12", ["La", "Sc"], 4)]
    assert names == ["LaScH12", "ScLaH12"]


def test_groups_that_fit_can_hold_the_atoms():
    """One atom of each metal and 24 hydrogens fit Fm-3m (a 4a, b 4b, c 96-fold positions); 7 hydrogens do not fit P-43n alone."""
    assert 225 in fitting_groups((1, 1, 24), (225,))
    assert fitting_groups((1, 1, 7), (218, 230)) == ()
    assert fitting_groups((3, 1, 24), (1, 2, 225)) == (1, 2, 225)


def test_random_starts_have_their_composition_group_and_distances():
    composition, rng = Composition("Ca", "Y", 1, 1, 6), np.random.default_rng(5)
    start = random_start(composition, range(76, 231), 5.0, SHORTEST, rng)
    assert Counter(start.atoms.get_chemical_symbols()) == composition.counts
    group = int(start.origin.removeprefix("random "))
    picture = (start.atoms.cell.array, start.atoms.get_scaled_positions(), start.atoms.numbers)
    assert spglib.get_symmetry_dataset(picture, symprec=1e-3).number >= min(group, 76)
    assert not nearer_than(start.atoms, SHORTEST)
    assert 0.95 <= start.atoms.get_volume() / (5.0 * len(start.atoms)) <= 1.15
    assert at_volume(start, 4.2).atoms.get_volume() == pytest.approx(4.2 * 8)


def test_cages_of_known_hydrides():
    """H24 in CaH6, H29 in YH9 and H32 in LaH10, as their discoverers count them."""
    cube = [3.5] * 3 + [90] * 3
    cah6 = crystal(["Ca", "H"], [(0, 0, 0), (0.25, 0.5, 0)], spacegroup=229, cellpar=cube, primitive_cell=True)
    assert cage_text(cah6) == "Ca: H24"
    assert nearest_hydrogens(cah6) == pytest.approx(np.full(6, 3.5 / 8**0.5))
    assert lone_fraction(cah6, 0.9) == 1.0
    places = [(0.5,) * 3, (0.25,) * 3, (0.1205,) * 3]
    cell = [4.95] * 3 + [90] * 3
    lah10 = crystal(["La", "H", "H"], places, spacegroup=225, cellpar=cell, primitive_cell=True)
    assert cage_sizes(lah10) == {"La": [32]}
    places = [(2 / 3, 1 / 3, 0.25), (0.1565, 0.8435, 0.4404), (1 / 3, 2 / 3, 0.1499), (0, 0, 0.25)]
    cell = [3.45, 3.45, 5.2, 90, 90, 120]
    yh9 = crystal(["Y", "H", "H", "H"], places, spacegroup=194, cellpar=cell, primitive_cell=True)
    assert cage_sizes(yh9) == {"Y": [29, 29]}


def test_molecules_are_no_atomic_hydrogen():
    molecule = Atoms("H2", positions=[(0, 0, 0), (0, 0, 0.74)], cell=[2, 2, 2.5], pbc=True)
    assert lone_fraction(molecule, 0.9) == 0.0
    mixed = Atoms("CaH3", positions=[(1, 1, 1.5), (0, 0, 0), (0, 0, 0.74), (2.2, 2.2, 3)], cell=[4, 4, 5], pbc=True)
    assert lone_fraction(mixed, 0.9) == pytest.approx(1 / 3)


def test_the_stand_in_has_the_forces_and_stress_of_its_energy():
    pairs = {"Ca-Ca": (3.0, 0.5), "Ca-H": (2.0, 0.3), "H-H": (1.2, 0.2)}
    cube = [3.5] * 3 + [90] * 3
    atoms = crystal(["Ca", "H"], [(0, 0, 0), (0.25, 0.5, 0)], spacegroup=229, cellpar=cube, primitive_cell=True)
    atoms.rattle(0.05, seed=1)
    atoms.calc = LennardJonesMixture(pairs)
    np.testing.assert_allclose(atoms.get_forces(), calculate_numerical_forces(atoms, 1e-4), atol=5e-6)
    np.testing.assert_allclose(atoms.get_stress(), calculate_numerical_stress(atoms, 1e-5), atol=1e-7)
    pair = Atoms("H2", positions=[(0, 0, 0), (0, 0, 1.2)], cell=[20] * 3, pbc=True)
    pair.calc = LennardJonesMixture(pairs)
    edge = 2.0**-6  # the potential is shifted to zero at twice the distance
    assert pair.get_potential_energy() == pytest.approx(-0.2 * (1 + edge**2 - 2 * edge))


def test_hydrogen_may_make_an_ordering_primitive():
    """Metals in columns of spacing c/2, hydrogen beside every second one.

    Columns in turn Ca Y and Y Ca along a: the metals alone repeat after (a, 0, c/2), the crystal after (2a, 0, 0) and (0, 0, c).
    """
    metals = [{"element": "Ca", "position": [0, 0, z]} for z in (0, 0.5)]
    sites = [*metals, {"element": "H", "position": [0.5, 0.5, 0]}]
    prototype = Prototype(spacegroup=123, sites=sites, lattice_constant=3.0, c=5.0)
    found = [start.atoms for start in orderings(prototype, "columns", ("Ca", "Y"), 4)]
    hidden = 0
    for atoms in found:
        metals_alone = atoms[[symbol != "H" for symbol in atoms.get_chemical_symbols()]]
        cell = spglib.find_primitive(
            (metals_alone.cell.array, metals_alone.get_scaled_positions(), metals_alone.numbers)
        )
        hidden += len(atoms) == 6 and len(cell[2]) == 2
    assert hidden > 0
