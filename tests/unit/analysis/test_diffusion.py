"""Diffusion of synthetic crystals: bound ones with soft modes, random walks between sites, exchanges, rattling."""

import itertools

import numpy as np
import pytest
from correlated_series import autoregressive

from qcrystal.analysis import reordered
from qcrystal.analysis.diffusion import diffusion, upper_limit
from qcrystal.analysis.statistics import student

LATTICE = 3  # cells of 2 Å along each edge of a simple cubic crystal
HOP = 2.0  # Å
SITES = np.array(list(itertools.product(range(LATTICE), repeat=3)), float) / LATTICE
CELL = np.eye(3) * LATTICE * HOP


def random_walk(windows, atoms, rate, interval, rng):
    """Independent atoms that hop to one of six neighbours at ``rate`` (1/ps): (W, n, 3) sites, D = rate l²/6."""
    number = rng.poisson(rate * interval, size=(windows, atoms))
    direction = rng.integers(3, size=(windows, atoms))
    sign = rng.choice([-1.0, 1.0], size=(windows, atoms))
    step = np.zeros((windows, atoms, 3))
    np.put_along_axis(step, direction[..., None], (HOP * sign * np.minimum(number, 1))[..., None], axis=-1)
    return np.cumsum(step, axis=0)


def test_a_bound_crystal_with_soft_collective_modes_has_a_limit_and_no_value():
    """Waves of 0.25 Å that need half the run to come round, on 27 atoms that never hop: 12 crystals, no coefficient in any.

    The limit is that of Poisson's law: 3.00 events in 20 ps, of two atoms each, since no site is free.
    """
    rng = np.random.default_rng(1)
    for _ in range(12):
        wave = (
            np.cos(2.0 * np.pi * SITES[:, :1])[None]
            * np.array([autoregressive(200, 100.0, rng) for _ in range(3)]).T[:, None]
        )
        fractional = SITES + (0.25 * wave + rng.normal(scale=0.15, size=(200, 27, 3))) / (LATTICE * HOP)
        site, image = reordered.site_history(fractional, SITES, CELL, 2)
        places = reordered.held_places(site, image)
        found = diffusion((SITES[places[..., 0]] + places[..., 1:]) @ CELL, 0.2, HOP, 2)
        assert np.isnan(found.coefficient.value) and found.events == 0
        assert found.limit == pytest.approx(2.9957 / (98 * 0.2) * 2 * HOP**2 / (6 * 27) * 1e-4, rel=1e-4)


def test_the_limit_holds_in_95_per_cent_of_crystals():
    """Crystals whose D is the limit: 5 % of 500 do not hop (two deviations: 2 %), and these alone are told a limit."""
    rng = np.random.default_rng(2)
    windows, atoms, interval = 202, 20, 0.1
    rate = 2.9957 / (atoms * 200 * interval)
    silent = [
        diffusion(random_walk(windows, atoms, rate, interval, rng)[1:], interval, HOP).events == 0 for _ in range(500)
    ]
    assert np.mean(silent) == pytest.approx(0.05, abs=0.02)
    assert upper_limit(atoms, 20.0, HOP, 1) == pytest.approx(rate * HOP**2 / 6.0 * 1e-4, rel=1e-4)


@pytest.mark.parametrize(("rate", "atoms"), [(0.5, 40), (0.05, 40)])
def test_intervals_of_random_walks_hold_the_true_coefficient(rate, atoms):
    """D = rate l²/6 within its 68 and 95 % intervals: of 250 crystals, within 3 % and two deviations. The mean is right.

    Counting hops that fall in one window as one lowers D by rate x interval / 2, 2.5 % at most.
    """
    rng = np.random.default_rng(3)
    interval = 0.1
    true = (1.0 - np.exp(-rate * interval)) / interval * HOP**2 / 6.0 * 1e-4
    found = [diffusion(random_walk(500, atoms, rate, interval, rng), interval, HOP).coefficient for _ in range(250)]
    told = [d for d in found if np.isfinite(d.value)]
    assert len(told) > 235
    assert np.mean([d.value for d in told]) == pytest.approx(true, rel=0.05)
    assert np.mean([abs(d.value - true) < d.interval(0.6827) for d in told]) == pytest.approx(0.683, abs=0.03 + 0.059)
    assert np.mean([abs(d.value - true) < d.interval(0.95) for d in told]) > 0.95 - 0.03 - 0.028


def test_atoms_that_rattle_between_two_sites_do_not_diffuse():
    """Each atom hops there and back, 1 /ps: the displacement has a plateau. At most 2 of 100 crystals have D above 3 errors."""
    rng = np.random.default_rng(4)
    high = 0
    for _ in range(100):
        other = np.cumsum(rng.random((1000, 30)) < 0.1, axis=0) % 2
        found = diffusion(other[..., None] * np.array([HOP, 0.0, 0.0]), 0.1, HOP)
        assert found.events > 100
        high += found.coefficient.value > 3.0 * found.coefficient.error
    assert high <= 2


def test_a_ballistic_motion_is_no_diffusion():
    """All atoms step along x all the time: the displacement is quadratic, which the test of linearity sees."""
    sites = np.repeat(np.arange(200.0)[:, None, None] * [HOP, 0.0, 0.0], 5, axis=1)
    sites += 1e-3 * np.random.default_rng(5).normal(size=sites.shape)
    found = diffusion(sites, 0.1, HOP)
    assert np.isnan(found.coefficient.value) and found.linearity.value > 0.3


def test_an_exchange_is_one_event_and_its_error_that_of_counting():
    sites = np.zeros((100, 10, 3))
    sites[50:, 0, 0], sites[50:, 1, 0] = HOP, -HOP
    found = diffusion(sites, 0.1, HOP, 2)
    assert found.events == 1 and np.isnan(found.limit)
    assert not found.coefficient.error < found.coefficient.value
    assert np.isnan(diffusion(sites[45:55], 0.1, HOP).coefficient.value)  # too short for blocks


def test_a_held_place_needs_two_windows():
    """An excursion of one window is no hop; a stay of two is. Places before the first stay are that stay's."""
    site = np.array([[0], [0], [1], [0], [0], [1], [1], [1]])
    image = np.zeros((8, 1, 3), int)
    assert reordered.held_places(site, image)[:, 0, 0].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert reordered.hops(site, image).tolist() == [1]
    assert student(4.0) == pytest.approx(1.1416, rel=1e-3)
