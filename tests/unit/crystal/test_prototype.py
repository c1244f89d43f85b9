"""Prototypes of every lattice system against published structures, and refusals of those that are none."""

import numpy as np
import pytest
import spglib
from ase.neighborlist import neighbor_list
from pydantic import ValidationError

from qcrystal.crystal.cells import (
    check_space_group,
    conventional_cell,
    conventional_vectors,
    primitive_cell,
    start_structure,
)
from qcrystal.crystal.neighbours import nearest_distance
from qcrystal.crystal.prototype import CellParameters, Prototype
from qcrystal.dynamics.spec import RunSpec


def prototype(spacegroup, sites, lattice_constant, **cell):
    sites = [{"element": element, "position": position} for element, position in sites]
    return Prototype(spacegroup=spacegroup, sites=sites, lattice_constant=lattice_constant, **cell)


MGB2 = prototype(191, [("Mg", (0, 0, 0)), ("B", (1 / 3, 2 / 3, 0.5))], 3.0851, c=3.5201)
# Published structures: prototype, atoms of the conventional and of the primitive cell, nearest distance (Å).
STRUCTURES = {
    # MgB2 (Nagamatsu et al., Nature 410, 63 (2001)): B-B is a/sqrt(3)
    "P6/mmm": (MGB2, 3, 3, 3.0851 / np.sqrt(3)),
    # magnesium: the neighbour in the next layer is the nearest
    "P6_3/mmc": (
        prototype(194, [("Mg", (1 / 3, 2 / 3, 0.25))], 3.2094, c=5.2105),
        2, 2, np.hypot(3.2094 / np.sqrt(3), 5.2105 / 2),
    ),
    # rutile: four of titanium's six oxygens are nearer than the other two
    "P4_2/mnm": (
        prototype(136, [("Ti", (0, 0, 0)), ("O", (0.3048, 0.3048, 0))], 4.5937, c=2.9587),
        6, 6, np.hypot((0.5 - 0.3048) * 4.5937 * np.sqrt(2), 2.9587 / 2),
    ),
    # bismuth telluride, a rhombohedral group in hexagonal axes
    "R-3m": (
        prototype(166, [("Bi", (0, 0, 0.400)), ("Te", (0, 0, 0)), ("Te", (0, 0, 0.2097))], 4.386, c=30.497),
        15, 5, np.hypot(4.386 / np.sqrt(3), (2 / 3 - 0.2097 - 0.400) * 30.497),
    ),
    # black phosphorus; the shortest bond is the one across the layer's middle, as published 2.22 Å
    "Cmce": (prototype(64, [("P", (0, 0.10168, 0.08056))], 3.3136, b=10.478, c=4.3763), 8, 4, 2.224),
    # monoclinic and triclinic: made up
    "C2/m": (prototype(12, [("H", (0.1, 0, 0.23)), ("La", (0, 0, 0))], 5.1, b=3.4, c=4.2, beta=104.0), 6, 3, None),
    "P-1": (
        prototype(2, [("H", (0.1, 0.2, 0.3)), ("H", (0.7, 0.4, 0.15))], 3.1, b=3.4, c=4.2, alpha=84.0, beta=97.0, gamma=102.0),
        4, 4, None,
    ),
    "Fm-3m": (prototype(225, [("Na", (0, 0, 0)), ("Cl", (0.5, 0.5, 0.5))], 5.64), 8, 2, 5.64 / 2),
}  # fmt: skip
every = pytest.mark.parametrize("name", STRUCTURES)


def group_of(atoms):
    return spglib.get_symmetry_dataset((atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), 1e-3)


@every
def test_both_cells_have_the_space_group_and_the_number_of_atoms(name):
    crystal, conventional_atoms, primitive_atoms, nearest = STRUCTURES[name]
    for build, atoms in ((conventional_cell, conventional_atoms), (primitive_cell, primitive_atoms)):
        cell = build(crystal, crystal.lattice_constant)
        assert len(cell) == atoms
        assert group_of(cell).number == crystal.spacegroup and group_of(cell).international == name
        per_atom = crystal.cell_parameters(crystal.lattice_constant).volume / conventional_atoms
        assert cell.get_volume() / len(cell) == pytest.approx(per_atom, rel=1e-12)
        if nearest:
            found = nearest_distance(cell.get_scaled_positions(), None, cell.cell.array)
            assert found == pytest.approx(nearest, abs=2e-3)  # the published digits
    check_space_group(crystal)


@every
def test_scaling_keeps_the_shape(name):
    crystal = STRUCTURES[name][0]
    one, scaled = (conventional_cell(crystal, a) for a in (crystal.lattice_constant, 1.1 * crystal.lattice_constant))
    np.testing.assert_allclose(scaled.cell.array, 1.1 * one.cell.array, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaled.get_scaled_positions(), one.get_scaled_positions(), atol=1e-9)


@every
def test_the_conventional_cell_is_found_from_a_strained_primitive_one(name):
    crystal = STRUCTURES[name][0]
    strain = np.eye(3) + np.random.default_rng(2).normal(scale=0.02, size=(3, 3))
    primitive = primitive_cell(crystal, 4.0)
    primitive.set_cell(primitive.cell.array @ strain, scale_atoms=True)
    expected = conventional_cell(crystal, 4.0).cell.array @ strain
    np.testing.assert_allclose(conventional_vectors(crystal, primitive).array, expected, atol=1e-9)


@pytest.mark.parametrize("basis", ["conventional", "primitive"])
def test_a_run_of_a_hexagonal_crystal_starts_hexagonal(basis):
    """In a cube P6/mmm would be Cmmm, without a word."""
    spec = RunSpec(
        run="r", system="mgb2", method="classical", basis=basis, repeat=(2, 2, 2), species=("B", "Mg"),
        masses={"B": 10.81, "Mg": 24.305}, temperature=100, pressure=0, timestep=0.5, steps=10, sample_every=1,
        checkpoint_every=5, seed=1,
    )  # fmt: skip
    atoms = start_structure(MGB2, spec, 3.0)
    assert group_of(atoms).international == "P6/mmm" and len(atoms) == 24
    assert atoms.cell.cellpar() == pytest.approx([6.0, 6.0, 6.0 * 3.5201 / 3.0851, 90, 90, 120])
    # each boron has three boron neighbours, in its honeycomb
    borons = atoms[atoms.symbols == "B"]
    assert np.bincount(neighbor_list("i", borons, 1.05 * 3.0 / np.sqrt(3))).tolist() == [3] * 16
    with pytest.raises(ValueError, match="191 is hexagonal: only a cubic crystal"):
        start_structure(MGB2, spec.model_copy(update={"start": "rhombohedral"}), 3.0)


@pytest.mark.parametrize(
    ("spacegroup", "cell", "words"),
    [
        (191, {}, "c: space group 191 is hexagonal; give c"),
        (62, {"b": 4.0}, "c: space group 62 is orthorhombic; give c"),
        (12, {"b": 4.0, "c": 5.0}, r"beta: space group 12 is monoclinic; give beta \(degrees\)"),
        (2, {}, "give b and c and alpha and beta and gamma"),
        (191, {"c": 4.0, "gamma": 90.0}, "gamma: space group 191 is hexagonal, so it is 120, not 90; take it out"),
        (225, {"c": 4.0}, "c: space group 225 is cubic, so it is 3, not 4; take it out"),
        (136, {"b": 3.1, "c": 4.0}, "b: space group 136 is tetragonal, so it is 3, not 3.1"),
        (2, {"b": 3.0, "c": 3.0, "alpha": 30.0, "beta": 30.0, "gamma": 90.0}, "no cell has such angles"),
    ],
)
def test_a_cell_that_does_not_fit_its_group_is_refused(spacegroup, cell, words):
    with pytest.raises(ValidationError, match=words):
        prototype(spacegroup, [("H", (0, 0, 0))], 3.0, **cell)


def test_values_that_the_group_fixes_may_be_given():
    given = prototype(191, [("H", (0, 0, 0))], 3.0, b=3.0, c=4.0, alpha=90, beta=90, gamma=120)
    assert given.cell_parameters(6.0) == CellParameters(6.0, 6.0, 8.0, 90.0, 90.0, 120.0)


def test_sites_of_another_group_are_refused():
    # P-6m2 with its atoms where P6/mmm puts them
    sites = [("Mg", (0, 0, 0)), ("B", (1 / 3, 2 / 3, 0.5)), ("B", (2 / 3, 1 / 3, 0.5))]
    with pytest.raises(ValueError, match=r"space group 191 \(P6/mmm\), not 187"):
        check_space_group(prototype(187, sites, 3.1, c=3.5))
