"""The model of T_c: what its regression finds, its descriptors' invariances, and what is no data for it."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from qcrystal.crystal.soap import SoapSettings
from qcrystal.figures import tc_model_errors
from qcrystal.figures.options import TcModelErrors
from qcrystal.manuscript.published import Cited
from qcrystal.superconductivity.tc_model import (
    MODELS,
    SPLITS,
    Known,
    TcModelError,
    composition_descriptor,
    fit,
    merged,
    own_values,
    predictions,
    structure_descriptor,
)

SOAP = SoapSettings(radial=3, angular=2)


def sodalite(metal, lattice_constant=3.5):
    sites = [(0, 0, 0), (0.25, 0.5, 0)]
    return crystal((metal, "H"), sites, spacegroup=229, cellpar=[lattice_constant] * 3 + [90] * 3)


def hydride(metal, structure="rocksalt", size=4.0):
    return bulk(f"{metal}H", structure, a=size)


def test_units_of_features_do_not_matter_nor_how_many_a_kind_has():
    """A feature in other units, and a kind with each feature twice, predict the same."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(12, 5)) + 7, rng.normal(size=(12, 3))
    values = first @ rng.normal(size=5) + second[:, 0] + rng.normal(size=12)
    predict = fit([first, second], values)
    units, twice = np.array([1, 1e3, 1e-3, 7, 1]), np.hstack([second, second])
    np.testing.assert_allclose(
        fit([first * units, twice], values)([first * units, twice]), predict([first, second]), rtol=1e-9
    )


def test_a_linear_law_is_found_and_a_constant_feature_does_no_harm():
    """A thousandth of the variance is the weakest penalty: the slopes are short of the law's by as much."""
    rng = np.random.default_rng(2)
    features = np.hstack([rng.normal(size=(200, 2)), np.full((200, 1), 3.7)])
    values = 2 + features[:, 0] - 0.5 * features[:, 1]
    predict = fit([features], values)
    np.testing.assert_allclose(predict([features]), values, atol=0.02)
    assert predict([np.array([[0, 0, 100.0]])])[0] == pytest.approx(2, abs=0.02)


def test_without_features_the_mean_is_fitted():
    assert fit([], np.array([1.0, 2.0, 6.0]))([]) == pytest.approx(3.0)


def test_the_structure_is_described_without_its_size_its_metals_its_cell_or_its_origin():
    one = structure_descriptor(sodalite("Ca", 3.5), SOAP)
    other = sodalite("Y", 3.9).repeat((2, 1, 1))
    other.rotate(33, "z", rotate_cell=True)
    other.translate([0.3, 0.1, 0.7])
    np.testing.assert_allclose(structure_descriptor(other, SOAP), one, rtol=1e-6, atol=1e-9)
    assert not np.allclose(structure_descriptor(hydride("Ca"), SOAP), one, rtol=0.1)


def test_composition_alone_tells_metals_apart_and_no_structures():
    np.testing.assert_allclose(composition_descriptor(sodalite("Ca")), [6 / 7, np.log(40.078), 1.0, 2.0])
    rocksalt, cesium = (composition_descriptor(hydride("Y", structure)) for structure in ("rocksalt", "cesiumchloride"))
    np.testing.assert_allclose(rocksalt, cesium)


def known(tcs=(100.0, 200.0, 150.0, 250.0)):
    metals = ("Ca", "Y", "La", "Sc")
    structures = ("rocksalt", "rocksalt", "cesiumchloride", "cesiumchloride")
    crystals = [hydride(metal, structure) for metal, structure in zip(metals, structures, strict=True)]
    rows = zip(metals, structures, crystals, tcs, strict=True)
    return [Known(f"{metal}H", structure, atoms, tc, "a work") for metal, structure, atoms, tc in rows]


def test_nothing_that_is_predicted_was_fitted():
    table = predictions(known(), SOAP)
    changed = predictions([known()[0]._replace(tc=9.0), *known()[1:]], SOAP)
    assert len(table) == 4 * len(MODELS) * len(SPLITS)
    first = table["compound"] == "CaH"
    np.testing.assert_allclose(changed["predicted"][first], table["predicted"][first])
    partner = (table["compound"] == "YH") & (table["split"] == SPLITS[1])  # of the same prototype
    np.testing.assert_allclose(changed["predicted"][partner], table["predicted"][partner])
    assert (changed["predicted"][~first] != table["predicted"][~first]).any()
    constant = table[(table["model"] == "constant") & (table["split"] == SPLITS[0]) & first]
    assert constant["predicted"].item() == pytest.approx((200 * 150 * 250) ** (1 / 3))


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        (known((100.0, 0.0, 150.0, 250.0)), "YH: T_c is 0 K, and its logarithm is fitted"),
        (known((100.0, float("nan"), 150.0, 250.0)), "YH: T_c is nan K"),
        (known()[:2], "2 compounds of 1 prototypes, and a model needs three of two"),
        (known()[:3], "all but 1 of the compounds are rocksalt; add two"),
        ([known()[0]._replace(atoms=bulk("Ca")), *known()[1:]], "Ca is no hydride"),
        ([known()[0]._replace(atoms=Atoms("H", cell=[2, 2, 2], pbc=True)), *known()[1:]], "H is no hydride"),
    ],
)
def test_what_makes_no_model_is_told_in_one_line(spoiled, words):
    with pytest.raises(TcModelError, match=words) as error:
        predictions(spoiled, SOAP)
    assert "\n" not in str(error.value)


def test_converged_temperatures_of_this_work_take_the_place_of_published_ones():
    row = {"compound": "CaH", "prototype": "Fm-3m", "mu_star": 0.1, "status": "converged", "k": 8}
    rows = [
        row | {"q": 2, "sigma": 0.02, "eliashberg": 10.0},
        row | {"q": 4, "sigma": 0.02, "eliashberg": 90.0},
        row | {"q": 4, "sigma": 0.03, "eliashberg": 94.0},
        row | {"q": 4, "sigma": 0.03, "eliashberg": 70.0, "mu_star": 0.13},
        row
        | {"compound": "YH", "status": "not converged: one mesh of k-points", "q": 4, "sigma": 0.03, "eliashberg": 1.0},
    ]
    own = own_values(pd.DataFrame(rows), {"CaH": hydride("Ca"), "YH": hydride("Y")}, 0.1)
    together = merged(known(), own)
    assert [(one.compound, one.tc) for one in together[:2]] == [("CaH", 92.0), ("YH", 200.0)]
    assert together[0].source == "this work" and together[0].prototype == "rocksalt" and len(together) == 4
    assert merged([], own) == own


def test_few_compounds_are_called_plumbing_and_a_useless_model_useless():
    frame = pd.DataFrame(
        [
            {"compound": name, "prototype": "one", "split": "s", "model": model, "tc": tc, "predicted": predicted}
            for model, off in (("constant", 10.0), ("descriptor", 30.0))
            for name, tc, predicted in (("A", 100.0, 100.0 + off), ("B", 200.0, 200.0 - off))
        ]
    )
    published = {"mae": Cited({"mae": 20.2, "error": 2.2}, "Wang et al. 2025", "")}
    ours, useless, theirs = tc_model_errors.draw({"model": frame}, published, TcModelErrors()).to_dict("records")
    assert ours["mae"] == pytest.approx(10) and ours["note"] == "plumbing, no prediction: 2 compounds"
    assert useless["mae"] == pytest.approx(30) and useless["note"].endswith("no better than a constant")
    assert (theirs["mae"], theirs["error"]) == (20.2, 2.2)
    enough = tc_model_errors.draw({"model": frame}, {}, TcModelErrors(enough=2))
    assert list(enough["note"]) == ["prediction", "no better than a constant"]
