"""Optimal reordering against the dense Hungarian algorithm."""

import itertools
import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from qcrystal.analysis.reordered import assign, categories, hops, reordered_displacement, site_history

CELLS = {
    "cubic": np.eye(3) * 5.0,
    "triclinic": np.array([[5.0, 0, 0], [2.1, 4.4, 0], [-1.7, 1.2, 4.1]]),
    "flat": np.array([[9.0, 0, 0], [0.5, 3.0, 0], [0, 0.4, 2.5]]),
}


def dense_answer(points, sites, cell):
    """Least sum of squared distances over all permutations, minimum image by brute force over 5³ cells."""
    difference = points[:, None] - sites[None]
    difference -= np.rint(difference)
    shifts = np.array(list(itertools.product(range(-2, 3), repeat=3)))
    cost = np.min((((difference[:, :, None] + shifts) @ cell) ** 2).sum(-1), axis=-1)
    row, column = linear_sum_assignment(cost)
    return cost[row, column].sum(), cost


@pytest.mark.parametrize("shape", CELLS)
@pytest.mark.parametrize("seed", range(8))
def test_sparse_equals_dense(shape, seed):
    """Unrelated random points and sites, the hardest case: the nearest site is often taken, lists must grow."""
    rng = np.random.default_rng(seed)
    n, vacancies = int(rng.integers(2, 60)), int(rng.integers(0, 4))
    points, sites = rng.random((n, 3)) * 3 - 1, rng.random((n + vacancies, 3)) * 3 - 1
    found = assign(points, sites, CELLS[shape])
    best, cost = dense_answer(points, sites, CELLS[shape])
    assert len(np.unique(found.site)) == n
    assert found.squared_distance.sum() == pytest.approx(best, abs=1e-10)
    assert np.allclose(cost[np.arange(n), found.site], found.squared_distance, atol=1e-10)


def test_a_cluster_far_from_its_sites():
    """All points in one corner, sites everywhere: the first lists hold no full matching at all."""
    rng = np.random.default_rng(11)
    points, sites = 0.1 * rng.random((40, 3)), rng.random((40, 3))
    found = assign(points, sites, np.eye(3) * 12.0)
    assert found.squared_distance.sum() == pytest.approx(dense_answer(points, sites, np.eye(3) * 12.0)[0], abs=1e-10)


def lattice(n):
    return np.array(list(itertools.product(range(n), repeat=3)), float) / n


def test_planted_exchanges_are_undone():
    """A ring of three and a swap on a lattice with small displacements: the permutation is the planted one."""
    rng = np.random.default_rng(3)
    sites = lattice(4)
    permutation = np.arange(len(sites))
    permutation[[0, 1, 5]] = [1, 5, 0]
    permutation[[20, 21]] = [21, 20]
    shift = rng.normal(scale=0.01, size=sites.shape)
    cell = np.eye(3) * 6.0
    found = assign(sites[permutation] + shift + rng.integers(-2, 3, sites.shape), sites, cell)
    assert np.array_equal(found.site, permutation)
    assert found.squared_distance.sum() == pytest.approx(((shift @ cell) ** 2).sum(), abs=1e-10)


def test_more_atoms_than_sites_is_refused():
    with pytest.raises(ValueError, match="3 atoms.*2 sites"):
        assign(np.zeros((3, 3)), np.zeros((2, 3)), np.eye(3))


def test_reordered_displacement_forgets_exchanges():
    """Two atoms change places half way: the standard displacement jumps, the reordered one stays thermal."""
    rng = np.random.default_rng(4)
    cell = np.eye(3) * 6.0
    path = lattice(3) + rng.normal(scale=0.005, size=(40, 27, 3))
    path[20:, [0, 1]] = path[20:, [1, 0]]
    found = reordered_displacement(path, cell, np.array([0, 5, 20]), origins=3)
    thermal = 6.0 * (0.005 * 6.0) ** 2
    assert found.each[0] == pytest.approx(0.0, abs=1e-10)
    assert np.allclose(found.each[1:].mean(axis=1), thermal, rtol=0.35)  # 27 atoms x 3 origins
    assert ((path[20] - path[0])[0] @ cell) @ ((path[20] - path[0])[0] @ cell) > 100 * thermal


def test_two_thousand_protons_take_seconds():
    rng = np.random.default_rng(5)
    sites = lattice(13)
    noise = 0.25 / (13 * 1.4)
    cell = np.eye(3) * 13 * 1.4
    start = time.perf_counter()
    found = assign(sites + rng.normal(scale=noise, size=sites.shape), sites, cell)
    assert time.perf_counter() - start < 10.0
    assert len(np.unique(found.site)) == len(sites)


def test_hops_and_categories():
    """Held in a new site for two windows: a hop. One window: a fluctuation. Into a periodic image: a hop."""
    site = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [0, 5, 6, 3], [0, 5, 2, 3], [0, 5, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]])
    image = np.zeros((7, 4, 3), int)
    image[3:, 3, 0] = 1
    number = hops(site, image)
    assert number.tolist() == [0, 2, 0, 1]
    assert categories(number).tolist() == ["no exchange", "multiple exchanges", "no exchange", "one exchange"]


def test_site_history_follows_a_hop_across_the_boundary():
    sites = lattice(3)
    path = np.repeat(sites[None], 30, axis=0)
    path[15:, 0, 0] -= 1.0 / 3.0
    path[15:, 18, 0] += 1.0 / 3.0  # site 18 at x = 2/3 moves over the boundary onto site 0
    site, image = site_history(path, sites, np.eye(3) * 5.0, 5)
    assert site.shape == (6, 27)
    assert site[-1, 0] == 18 and image[-1, 0].tolist() == [-1, 0, 0]
    assert site[-1, 18] == 0 and image[-1, 18].tolist() == [1, 0, 0]
    assert hops(site, image).sum() == 2
