"""Quadrilaterals of the H32 cage: ideal, distorted by a known amount, noisy, with exchanged and missing protons."""

import numpy as np
import pytest
from crystals import lah10_prototype

from qcrystal.analysis.cage import (
    by_site,
    cage_order,
    corners,
    find_quadrilaterals,
    interior_angles,
    match_sites,
)
from qcrystal.crystal.cells import rhombohedral_strain, supercell, unit_cell
from qcrystal.crystal.prototype import Prototype, Site


def site(element, x):
    return Site(element=element, position=(x, x, x))


PROTOTYPE = lah10_prototype(4.95)
LATTICE = 5.0


def crystal(basis="conventional", repeat=(1, 1, 1)):
    return supercell(unit_cell(PROTOTYPE, basis, LATTICE), repeat, ["La", "H"])


def find(ideal):
    return find_quadrilaterals(ideal, "La", "H", 32, 6)


def order_of(coordinates, quads, cell, **options):
    return cage_order(coordinates, quads, cell, np.zeros(coordinates.shape[1], bool), **options)


@pytest.mark.parametrize(
    ("basis", "repeat"),
    [("primitive", (1, 1, 1)), ("primitive", (2, 2, 2)), ("conventional", (1, 1, 1)), ("conventional", (2, 1, 1))],
)
def test_ideal_cages_have_six_squares_of_distinct_32f_atoms(basis, repeat):
    """Every 32f atom is a corner of three squares (cube faces), each square belongs to one La; the edge is 2 x a."""
    ideal = crystal(basis, repeat)
    quads = find(ideal)
    number = (np.array(ideal.get_chemical_symbols()) == "La").sum()
    assert quads.site.shape == (number, 6, 4)
    place = corners(ideal.get_scaled_positions(wrap=False), quads, ideal.cell.array, np.ones((number, 6), bool), False)
    for cage in place.reshape(number, 24, 3):
        assert len(np.unique(cage.round(6), axis=0)) == 24
    assert np.allclose(interior_angles(place), 90.0, atol=1e-6)
    edge = np.linalg.norm(place - np.roll(place, 1, axis=-2), axis=-1)
    assert np.allclose(edge, 2 * 0.1205 * LATTICE)
    corner_count = np.bincount(quads.site.ravel(), minlength=len(ideal))
    assert sorted(set(corner_count)) == [0, 3] and (corner_count == 3).sum() == 8 * number
    order = order_of(np.repeat(ideal.get_scaled_positions()[None], 8, axis=0), quads, ideal.cell.array)
    assert order.deviation.value == pytest.approx(0.0, abs=1e-6)


def test_a_wrong_crystal_is_refused():
    """La on 4a with x = 0.12 has no such cage."""
    wrong = Prototype(
        spacegroup=225, sites=[site("La", 0.0), site("H", 0.25), site("H", 0.1205)], lattice_constant=4.95
    )
    with pytest.raises(ValueError, match="closed shell|quadrilaterals"):
        find(supercell(unit_cell(wrong, "conventional", LATTICE), (1, 1, 1), ["La", "H"]))


@pytest.mark.parametrize("basis", ["primitive", "conventional"])
def test_affine_rhombohedral_distortion_shears_squares_by_the_cell_angle(basis):
    """The square's edges run along the conventional axes, so under an affine strain its angles are α and 180-α."""
    ideal = crystal(basis, (2, 2, 2) if basis == "primitive" else (1, 1, 1))
    strained = rhombohedral_strain(ideal, 91.3)
    coordinates = np.repeat(strained.get_scaled_positions(wrap=False)[None], 10, axis=0)
    for fold in (True, False):
        order = order_of(coordinates, find(ideal), strained.cell.array, fold=fold)
        assert order.deviation.value == pytest.approx(1.3, abs=1e-6)
        assert order.large.value == pytest.approx(91.3, abs=1e-6)
        assert order.small.value == pytest.approx(88.7, abs=1e-6)
        assert order.deviation.error == pytest.approx(0.0, abs=1e-6)


def test_one_displaced_corner_gives_the_analytic_angle():
    """A corner moved by d along the square's edge s: the angle there is atan-shifted by d/s, on one cage, unfolded."""
    ideal = crystal()
    quads = find(ideal)
    middle = corners(ideal.get_scaled_positions(wrap=False), quads, ideal.cell.array, np.ones((4, 6), bool), False)
    along = middle[0, 0, 1] - middle[0, 0, 0]
    edge = np.linalg.norm(along)
    moved = ideal.copy()
    moved.positions[quads.site[0, 0, 0]] -= 0.1 * along / edge
    place = corners(moved.get_scaled_positions(wrap=False), quads, ideal.cell.array, np.ones((4, 6), bool), False)
    angle = interior_angles(place)[0, 0]
    shift = np.degrees(np.arctan(0.1 / edge))
    assert angle == pytest.approx([90.0 - shift, 90.0, 90.0, 90.0 + shift], abs=1e-6)


def noisy(ideal, frames, spread, seed):
    rng = np.random.default_rng(seed)
    positions = ideal.positions + rng.normal(scale=spread, size=(frames, len(ideal), 3))
    return positions @ np.linalg.inv(ideal.cell.array)


def test_noise_of_squares_is_told_from_a_distortion():
    """Uncorrelated noise on squares: of 40 runs at least 34 stay below the noise that one in twenty exceeds.

    38 are expected; fewer than 34 would be three standard deviations off. Ten blocks tell the noise itself to 25 %.
    """
    ideal = crystal()
    quads = find(ideal)
    found = [order_of(noisy(ideal, 100, 0.1, seed), quads, ideal.cell.array) for seed in range(40)]
    assert sum(o.deviation.value <= o.noise for o in found) >= 34
    # nor is it so wide that nothing would ever be found: a few times the error of one angle
    assert np.mean([o.noise for o in found]) < 1.8 * np.mean([o.deviation.value for o in found])


def test_distortion_is_found_in_noise():
    ideal = crystal("conventional", (2, 1, 1))
    strained = rhombohedral_strain(ideal, 92.0)
    order = order_of(noisy(strained, 200, 0.1, 1), find(ideal), strained.cell.array)
    assert abs(order.large.value - 92.0) < 4 * order.large.error
    assert abs(order.small.value - 88.0) < 4 * order.small.error
    assert order.deviation.value > order.noise


def test_few_frames_have_no_error_bar():
    ideal = crystal()
    order = order_of(noisy(ideal, 3, 0.1, 1), find(ideal), ideal.cell.array)
    assert np.isfinite(order.deviation.value) and np.isnan(order.deviation.error)


def test_atoms_are_matched_to_sites_across_boundaries_and_vacancies():
    """Shuffled protons, shifted by whole cells, one missing: the sites come back and its three squares are left out."""
    ideal = crystal()
    quads = find(ideal)
    rng = np.random.default_rng(2)
    missing = quads.site[0, 0, 0]
    place = np.concatenate([np.arange(4), 4 + rng.permutation(40)])
    place = place[place != missing]
    shift = rng.integers(-2, 3, (43, 3))
    frames = noisy(ideal, 20, 0.05, 3)[:, place] + shift
    found, image = match_sites(frames[0], np.array(ideal.get_chemical_symbols())[place], ideal)
    assert np.array_equal(found, place)
    coordinates = by_site(frames, found, image, 44)
    order = order_of(coordinates, quads, ideal.cell.array)
    assert order.left_out == 3 and np.isfinite(order.deviation.value)


def test_exchanged_protons_leave_nothing_when_all_have_moved():
    ideal = crystal()
    exchanged = np.array(ideal.get_chemical_symbols()) == "H"
    order = cage_order(noisy(ideal, 20, 0.05, 1), find(ideal), ideal.cell.array, exchanged)
    assert order.left_out == 24 and np.isnan(order.deviation.value)


def test_another_structure_is_refused():
    ideal = crystal()
    with pytest.raises(ValueError, match="does the run start from that prototype"):
        match_sites(np.random.default_rng(1).random((44, 3)), ideal.get_chemical_symbols(), ideal)
