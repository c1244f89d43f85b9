"""Mean squared displacements against the direct double loop, a random walk and a harmonic crystal."""

import numpy as np
import pytest

from qcrystal.analysis import msd
from qcrystal.analysis.periodic import check_continuous, lattice_coordinates


def random_walk(frames, atoms, diffusion, interval, rng):
    """Independent walkers with <dr²> = 6 D dt per step."""
    steps = rng.normal(scale=np.sqrt(2.0 * diffusion * interval), size=(frames, atoms, 3))
    return np.cumsum(steps, axis=0)


def test_fft_equals_the_double_loop():
    x = random_walk(40, 5, 0.3, 0.1, np.random.default_rng(1)) + 100.0
    direct = np.array([((x[m:] - x[: len(x) - m]) ** 2).sum(-1).mean(0) for m in range(len(x))])
    assert np.allclose(msd.squared_displacement(x), direct, rtol=0, atol=1e-9)


def test_diffusion_of_random_walkers():
    """Within 3 of its own error bars of the D that made it; the error itself is about 4 %, at most 20 % by two halves."""
    diffusion, interval = 0.4, 0.05  # Å²/ps, ps
    x = random_walk(800, 400, diffusion, interval, np.random.default_rng(2))
    slope = msd.linear_slope(msd.mean_squared_displacement(x, msd.lags(len(x), 0.5, 101)), interval)
    assert abs(slope.value - 6.0 * diffusion) < 3.0 * slope.error
    assert slope.error < 0.2 * slope.value


def test_slope_errors_cover_the_truth():
    """Of 100 short runs of 20 walkers, at least 60 hold the true slope within one error bar and 90 within two."""
    rng = np.random.default_rng(3)
    lag = msd.lags(60, 0.5, 31)
    found = [
        msd.linear_slope(msd.mean_squared_displacement(random_walk(60, 20, 1.0, 0.1, rng), lag), 0.1)
        for _ in range(100)
    ]
    score = np.array([abs(s.value - 6.0) / s.error for s in found])
    assert np.mean(score < 1) > 0.6 and np.mean(score < 2) > 0.9


def test_a_harmonic_crystal_does_not_diffuse():
    """Independent thermal positions of spread s: 6 s² at every lag but 0 (2 % sampling), slope 0 within 3 errors."""
    x = np.random.default_rng(4).normal(scale=0.1, size=(400, 300, 3))
    found = msd.mean_squared_displacement(x, msd.lags(400, 0.5, 41))
    mean, error = msd.mean_with_error(found)
    assert mean[0] == pytest.approx(0.0, abs=1e-12)
    assert np.allclose(mean[1:], 6 * 0.01, rtol=0.02)
    slope = msd.linear_slope(found, 0.01)
    assert abs(slope.value) < 3 * slope.error


def test_few_atoms_have_no_error_bar():
    x = random_walk(50, 3, 1.0, 0.1, np.random.default_rng(5))
    found = msd.mean_squared_displacement(x, msd.lags(50, 0.5, 20))
    assert np.isnan(msd.mean_with_error(found)[1]).all()
    assert np.isnan(msd.linear_slope(found, 0.1).error)


def test_centre_of_mass_drift_and_cell_motion_drop_out():
    rng = np.random.default_rng(6)
    masses = np.array([138.905, 1.008, 1.008, 2.014])
    cell = np.array([[5.0, 0, 0], [1.0, 4.0, 0], [0.3, -0.4, 6.0]])
    own = rng.normal(scale=0.05, size=(30, 4, 3))
    own -= np.einsum("n,fnk->fk", masses / masses.sum(), own)[:, None]
    strain = np.eye(3) + rng.normal(scale=0.01, size=(30, 3, 3))
    cells = cell @ strain
    sites = rng.random((4, 3))
    drift = np.cumsum(rng.normal(size=(30, 1, 3)), axis=0)
    positions = np.einsum("fni,fij->fnj", sites + own, cells) + drift
    found = lattice_coordinates(positions, cells, masses)
    assert np.allclose(found - found[0], own - own[0], atol=1e-12)


def test_a_flipped_cell_is_refused():
    cell = np.repeat(np.eye(3)[None] * 5.0, 4, axis=0)
    cell[2:, 1, 0] = 5.0
    with pytest.raises(ValueError, match="between frames 1 and 2.*flip"):
        check_continuous(cell)
