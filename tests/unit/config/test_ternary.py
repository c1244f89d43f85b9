"""The search over compositions is configured by files alone, and what cannot be searched is told in one line."""

import copy
import shutil

import pytest
import yaml

from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError

FOLDER = "config/crystals/ca-y-h"


@pytest.fixture
def folder(root, tmp_path):
    shutil.copytree(root / FOLDER, tmp_path / "own")
    return tmp_path / "own"


def settings(root, folder, scale="smoke"):
    main = yaml.safe_load((root / "config" / "config.yaml").read_text())
    return {**main, "crystal": str(folder), "scale": scale, "start": "model"}


def put(document, key, value):
    *parents, last = key.split(".")
    for parent in parents:
        document = document[parent]
    if value is None:
        del document[last]
    else:
        document[last] = value


def changed(path, key, value):
    """A file with one value changed; aliases of YAML become copies."""
    document = copy.deepcopy(yaml.safe_load(path.read_text()))
    put(document, key, value)
    path.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("scale", ["smoke", "laptop", "workstation", "paper"])
def test_the_shipped_search_is_valid_at_every_scale(root, scale):
    loaded = load(settings(root, root / FOLDER, scale), root)
    assert loaded.crystal.ternary.elements == ["Ca", "Y"] and loaded.scale.ternary.max_atoms >= 9


def test_without_a_stand_in_a_search_needs_a_potential(root, folder):
    changed(folder / "sources.yaml", "model", None)
    with pytest.raises(ConfigError, match="start: model needs a potential"):
        load(settings(root, folder, "laptop"), root)


def test_a_data_set_that_trainers_learn_beside_a_stand_in_must_be_there(root, folder):
    changed(folder / "sources.yaml", "datasets.ca-y-h-gpaw.path", "data/none")
    with pytest.raises(ConfigError, match=r"datasets\.ca-y-h-gpaw\.path: no folder 'data/none'; name an existing one"):
        load(settings(root, folder), root)
    changed(folder / "scales/smoke.yaml", "ternary.trained_on_data", False)
    assert load(settings(root, folder), root).scale.ternary.trainings == ["fast", "dpa1"]


@pytest.mark.parametrize(
    ("file", "key", "value", "words"),
    [
        ("crystal", "ternary.elements", ["Ca", "Qq"], "ternary.elements.1: is not a chemical element"),
        ("crystal", "ternary.elements", ["Ca", "La"], "ternary: references: no reference for La"),
        ("crystal", "ternary.formula.ratio", [12, 10], "formula.ratio: from 12 to 10; put the smaller first"),
        ("crystal", "ternary.references.Y-fcc", None, "references: no reference for Y: no crystal of the pure element"),
        ("crystal", "ternary.funnel.hh_fraction", 75, "ternary.funnel.hh_fraction"),
        ("crystal", "ternary.prototypes", ["MgH6"], "ternary.prototypes: 'MgH6' is not among prototypes"),
        ("crystal", "ternary.prototypes", ["CaH6", "CaH6"], "ternary.prototypes: CaH6 is given twice; keep one"),
        (
            "crystal",
            "prototypes.CaH6.sites",
            [{"element": "Ca", "position": [0, 0, 0]}],
            "ternary.prototypes: 'CaH6' is no hydride; name one with hydrogen and metals",
        ),
        (
            "crystal",
            "ternary.references.Y-fcc.sites",
            [{"element": "La", "position": [0, 0, 0]}],
            "ternary.references.Y-fcc: holds La, which is not searched; take the crystal out",
        ),
        ("crystal", "ternary.stand_in.H-H", None, "ternary.stand_in: pairs "),
        (
            "crystal",
            "superconductivity.tc_model.known.LaH10.published",
            "wang_cages",
            "known.LaH10.published: 'wang_cages' of config/crystals/ca-y-h/published.yaml has no 0 < tc_low <= tc_high",
        ),
        (
            "crystal",
            "superconductivity.tc_model.known.LaH10.published",
            "liu_YH10",
            "known.LaH10.published: published.yaml: values has no 'liu_YH10'",
        ),
        (
            "crystal",
            "superconductivity.compounds.CaH6.crystal.sites",
            [{"element": "Mg", "position": [0, 0, 0]}, {"element": "H", "position": [0.25, 0.5, 0]}],
            "superconductivity.compounds.CaH6.crystal: no recipe of a pseudopotential for Mg, only for H, Ca, Y, La, S; add",
        ),
        (
            "crystal",
            "superconductivity.pseudopotentials",
            {
                "Mg": {
                    "configuration": "[He] 2p6 3s2",
                    "channels": [{"level": "2P", "occupation": 6, "radius": 1}],
                    "excited": ["2p6"],
                }
            },
            "superconductivity.pseudopotentials.Mg.configuration: 3S holds 2 electrons that are neither core nor",
        ),
        (
            "crystal",
            "superconductivity.compounds.H3S.couplings",
            [{"path": "data/h3s-couplings/none"}],
            "superconductivity.compounds.H3S.couplings.0.path: no file or folder 'data/h3s-couplings/none'; name a folder",
        ),
        (
            "crystal",
            "superconductivity.compounds.H3S.couplings",
            [{"path": "data/h3s-couplings/k4-K8-q2"}],
            "couplings.0.path: no file elph.inp_lambda.* in 'data/h3s-couplings/k4-K8-q2'; name the folder elph_dir",
        ),
        ("crystal", "superconductivity.mu_star", [0.1, 0.5], "mu_star: 0.5 is no Coulomb pseudopotential"),
        (
            "scales/smoke",
            "ternary.max_atoms",
            7,
            "ternary.max_atoms: 7 leaves no composition: the smallest has 8 atoms",
        ),
        ("scales/smoke", "ternary", None, "ternary: the crystal has a search over compositions, but no effort"),
    ],
)
def test_what_cannot_be_searched_is_told_in_one_line(root, folder, file, key, value, words):
    path = folder / f"{file}.yaml"
    changed(path, key, value)
    with pytest.raises(ConfigError) as error:
        load(settings(root, folder), root)
    told = [line for line in str(error.value).splitlines() if words.removeprefix("ternary: ") in line]
    own = str(path) if value is not None or file == "crystal" else "config/scales/smoke.yaml"
    assert len(told) == 1 and told[0].startswith(f"{own}: "), str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "couplings",
            [{"path": "x", "meshes": {"k": 8, "dense_k": 12, "q": 2}}],
            "dense_k: 12 is no multiple of k, 8; take 16",
        ),
        ("couplings", [{"path": "x", "meshes": {"k": 8, "dense_k": 16, "q": 3}}], "q: 3 does not divide k, 8"),
        ("couplings", [], "H3S.couplings: nothing to compute T_c from"),
        (
            "crystal",
            {"spacegroup": 225, "lattice_constant": 4, "sites": [{"element": "Lu", "position": [0, 0, 0]}]},
            "no recipe of a pseudopotential for Lu",
        ),
    ],
)
def test_compounds_without_couplings_are_told(root, folder, key, value, words):
    compound = {"prototype": "Im-3m", "formula": "H3S", "pressure": 200, key: value}
    changed(folder / "crystal.yaml", "superconductivity.compounds", {"H3S": compound})
    with pytest.raises(ConfigError, match=words):
        load(settings(root, folder), root)


def test_a_range_of_broadenings_that_none_reaches_is_told(root, folder):
    changed(folder / "crystal.yaml", "superconductivity.electron_phonon", {"sigma": 0.1, "sigmas": 2})
    with pytest.raises(ConfigError, match="converged_sigmas: no multiple of sigma, 0.1 Ry, is within it"):
        load(settings(root, folder), root)
