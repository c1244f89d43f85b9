"""Crystals of any lattice in the configuration: what is built is confirmed, and what cannot be is refused in one line."""

import copy
import re

import pytest
import yaml
from pydantic import ValidationError

from qcrystal.config.crystal import Crystal


@pytest.fixture(scope="module")
def document(root):
    return yaml.safe_load((root / "config" / "crystals" / "lah10" / "crystal.yaml").read_text())


def hexagonal(document, spacegroup=191, **cell):
    """LaH2 of aluminium diboride's structure, with the rest of another crystal's configuration."""
    changed = copy.deepcopy(document)
    sites = [{"element": "La", "position": [0, 0, 0]}, {"element": "H", "position": [1 / 3, 2 / 3, 0.5]}]
    if spacegroup == 187:
        sites.append({"element": "H", "position": [2 / 3, 1 / 3, 0.5]})
    changed["prototypes"]["Fm-3m"] = {"spacegroup": spacegroup, "sites": sites, "lattice_constant": 4.0, **cell}
    changed["dft"]["recipes"] = [recipe for recipe in changed["dft"]["recipes"] if "angle" not in recipe]
    changed["learning"]["starts"] = ["cubic_zero_point"]
    for recipe in changed["dft"]["recipes"]:
        recipe["repeat"] = [2, 2, 1]
    return changed


def test_a_hexagonal_crystal_is_taken_as_such(document):
    crystal = Crystal(**hexagonal(document, c=3.9))
    assert crystal.atoms("conventional", (2, 2, 1)) == 12 and crystal.atoms("primitive", (2, 2, 1), "H") == 8


@pytest.mark.parametrize(
    ("spacegroup", "cell", "words"),
    [
        (191, {}, "prototypes.Fm-3m.*c: space group 191 is hexagonal; give c"),
        (187, {"c": 3.9}, r"prototypes.Fm-3m.spacegroup: .* 191 \(P6/mmm\), not 187"),
        (191, {"c": 3.9, "beta": 100}, "beta: space group 191 is hexagonal, so it is 90, not 100"),
    ],
)
def test_a_lattice_that_does_not_fit_is_refused(document, spacegroup, cell, words):
    with pytest.raises(ValidationError) as error:
        Crystal(**hexagonal(document, spacegroup, **cell))
    assert re.search(words, str(error.value).replace("\n", " "))


def test_only_a_cubic_crystal_opens_its_angles(document):
    changed = hexagonal(document, c=3.9)
    changed["dft"]["recipes"][0]["angle"] = [90.5, 92.0]
    with pytest.raises(ValidationError, match="angle: Fm-3m is not cubic"):
        Crystal(**changed)


def test_the_mobile_species_is_one_of_the_crystal(document):
    with pytest.raises(ValidationError, match="mobile: 'He' is not among species"):
        Crystal(**{**document, "mobile": "He"})
