"""T_c is called converged by the rule alone: two meshes of each kind, every broadening of the range, degenerate modes."""

import itertools

import pandas as pd
import pytest

from qcrystal.superconductivity.tables import Convergence, status_of

RULE = Convergence(0.02, 0.05, 0.1)
MESHES = ((8, 16, 2), (12, 24, 2), (8, 16, 4))


def table(tc, meshes=MESHES, degeneracy=0.01):
    """T_c as a function of mesh and broadening."""
    rows = [
        {"k": k, "dense_k": dense, "q": q, "sigma": sigma, "mu_star": mu, "degeneracy": degeneracy}
        | dict.fromkeys(("allen_dynes", "eliashberg"), tc(k, q, sigma) * (1 - mu))
        for (k, dense, q), sigma, mu in itertools.product(meshes, (0.005, 0.02, 0.05), (0.1, 0.13))
    ]
    return pd.DataFrame(rows)


def test_what_changes_by_less_than_the_bound_is_converged():
    assert status_of(table(lambda k, q, sigma: 200 + k + q + 100 * sigma), RULE) == "converged"


def test_broadenings_below_the_range_do_not_count():
    assert status_of(table(lambda k, q, sigma: 900 if sigma < 0.01 else 200), RULE) == "converged"


@pytest.mark.parametrize(
    ("tc", "words"),
    [
        (lambda k, q, sigma: 200 if k == 8 else 160, "T_c changes by 20% with the mesh of k-points"),
        (lambda k, q, sigma: 200 if q == 2 else 150, "T_c changes by 25% with the mesh of wave vectors"),
        (lambda k, q, sigma: 200 if sigma > 0.03 else 100, "T_c changes by 50% with the broadening"),
    ],
)
def test_each_change_is_told(tc, words):
    assert status_of(table(tc), RULE) == f"not converged: {words}"


def test_one_mesh_tells_nothing():
    found = status_of(table(lambda *_: 200, MESHES[:1]), RULE)
    assert found == "not converged: one mesh of k-points; one mesh of wave vectors"


def test_degenerate_modes_must_agree():
    assert status_of(table(lambda *_: 200, degeneracy=0.18), RULE) == "not converged: degenerate modes differ by 18%"


def test_meshes_that_are_not_known_tell_nothing():
    unknown = table(lambda *_: 200).assign(k=pd.NA)
    assert status_of(unknown, RULE) == "not known: α²F was given, or its meshes were not"
