"""Cubic invariants: harmonics and couplings against scipy, sympy and rotations; weights survive their file."""

import numpy as np
import pytest
from crystals import lah10
from scipy.spatial.transform import Rotation
from sympy.physics.wigner import gaunt

from qcrystal.potential.engines import load_potential
from qcrystal.potential.moments import invariants


def harmonics(vectors, degree=4):
    size = (degree + 1) ** 2 - 1
    values, gradients = np.empty((len(vectors), size)), np.empty((len(vectors), size, 3))
    for vector, value, gradient in zip(vectors, values, gradients, strict=True):
        invariants.harmonics(*vector, degree, value, gradient)
    return values, gradients


def block(degree):
    return slice(degree**2 - 1, (degree + 1) ** 2 - 1)


@pytest.fixture
def vectors():
    drawn = np.random.default_rng(3).normal(size=(7, 3))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_harmonics_obey_the_addition_theorem(vectors):
    """Σ_m Y_lm(u) Y_lm(v) = P_l(u·v): true of no other functions than complete sets of harmonics of degree l."""
    values, _ = harmonics(vectors)
    cosines = vectors @ vectors.T
    for degree in (1, 2, 3, 4):
        expected = np.polynomial.legendre.Legendre.basis(degree)(cosines)
        np.testing.assert_allclose(values[:, block(degree)] @ values[:, block(degree)].T, expected, atol=1e-14)


def test_slopes_of_the_harmonics(vectors):
    step = 1e-6
    _, gradients = harmonics(vectors)
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        numeric = (harmonics(vectors + shift)[0] - harmonics(vectors - shift)[0]) / (2 * step)
        np.testing.assert_allclose(gradients[:, :, axis], numeric, atol=1e-8)


def test_both_forms_of_the_harmonics_agree(vectors):
    x, y, z = vectors.T
    for degree in (2, 3, 4):
        np.testing.assert_allclose(
            np.stack(invariants.harmonics_of(x, y, z, degree), axis=1), harmonics(vectors, degree)[0][:, 3:], atol=1e-14
        )


def test_degrees_that_couple_are_those_of_the_gaunt_coefficients():
    """sympy's integral of three harmonics is not zero for some orders exactly where a triple is listed."""
    every = [(a, b, c) for a in range(1, 5) for b in range(a, 5) for c in range(b, 5)]
    orders = {d: range(-d, d + 1) for d in range(1, 5)}
    coupled = [
        (a, b, c)
        for a, b, c in every
        if any(gaunt(a, b, c, m, n, -m - n) != 0 for m in orders[a] for n in orders[b] if abs(m + n) <= c)
    ]
    assert invariants.triples(4) == coupled


@pytest.mark.parametrize(("degree", "probes"), [(2, 4), (3, 4), (4, [4, 3, 2, 2])])
def test_rotations_and_reflections_change_nothing(vectors, degree, probes):
    """Of moments of seven neighbours with random weights; single precision of the couplings."""
    weights = np.random.default_rng(4).normal(size=(4, 7)).astype(np.float32)  # of four probes
    numbers = invariants.by_degree(degree, probes)

    def features(turned):
        values, _ = harmonics(turned, degree)
        moments = [
            (weights[:number] @ values[:, block(one)])[None].astype(np.float32) for one, number in enumerate(numbers, 1)
        ]
        return np.concatenate(invariants.features(moments, numbers, np), axis=1)

    found = features(vectors)
    assert found.shape == (1, invariants.count(degree, probes)) and np.abs(found).min() > 1e-4
    for turn in [*Rotation.random(3, random_state=5).as_matrix(), -np.eye(3)]:
        np.testing.assert_allclose(features(vectors @ turn.T), found, atol=2e-5)


def test_nothing_is_kept_twice_and_nothing_is_lost(vectors):
    """All products of a triple take as many values as are kept."""
    random = np.random.default_rng(6)
    numbers = [3, 3, 2, 1]
    for degrees in invariants.triples(4):
        parts = [random.normal(size=(2 * degree + 1, number)) for degree, number in enumerate(numbers, 1)]
        coupling = invariants.coupling(*degrees)
        every = np.einsum("ijk,ia,jb,kc->abc", coupling, *(parts[degree - 1] for degree in degrees)).ravel()
        kept = every[invariants.selection(degrees, numbers)]
        assert len(np.unique(np.round(every, 5))) == len(np.unique(np.round(kept, 5))) == len(kept)


def test_weights_survive_their_file(tmp_path):
    random = np.random.default_rng(7)
    weights = {
        "fitting": [[{"w": random.normal(size=(2, 3)), "b": random.normal(size=3)}] for _ in range(12)],
        "probes": [[[random.normal(size=(4, 2))]]],
    }
    invariants.save(tmp_path / "weights.npz", weights)
    back = invariants.load(tmp_path / "weights.npz")
    assert [len(back["fitting"]), list(back["fitting"][11][0])] == [12, ["w", "b"]]
    for one, other in zip(weights["fitting"], back["fitting"], strict=True):
        np.testing.assert_array_equal(one[0]["w"], other[0]["w"])
    np.testing.assert_array_equal(back["probes"][0][0][0], weights["probes"][0][0][0])


@pytest.mark.engine
def test_forces_are_the_same_to_the_last_bit_however_often_they_are_taken(root):
    """TensorFlow reorders its work as it learns what each operation takes; without fixed sums, forces vary from call 70 on."""
    potential = load_potential(root / "models" / "lah10-fast" / "model.pb")
    atoms = lah10(5.0).repeat((2, 2, 1))
    positions = atoms.positions + np.random.default_rng(3).normal(0, 0.1, atoms.positions.shape)
    types = [["La", "H"].index(symbol) for symbol in atoms.symbols]
    found = {
        potential.eval(positions.reshape(1, -1), atoms.cell.array.reshape(1, 9), types)[1].tobytes() for _ in range(250)
    }
    assert len(found) == 1
