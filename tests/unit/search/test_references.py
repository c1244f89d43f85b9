"""References of a hull with a potential that does not hold everywhere: what collapses is no reference."""

import numpy as np
import pandas as pd
import pytest

from qcrystal.crystal.prototype import Prototype, Site
from qcrystal.figures import hydrogen_cages, ternary_hull
from qcrystal.figures.options import HydrogenCages, TernaryHull
from qcrystal.manuscript.published import Cited
from qcrystal.search.hull import HullError
from qcrystal.search.stand_in import LennardJonesMixture
from qcrystal.search.ternary import relaxed_references
from qcrystal.statics.relax import SMALLEST_VOLUME, Effort

EFFORT = Effort(fmax=0.05, max_steps=200, shortest=0.3)
METAL = Prototype(spacegroup=225, sites=[Site(element="Ca", position=(0, 0, 0))], lattice_constant=4.4)
HYDROGEN = Prototype(spacegroup=225, sites=[Site(element="H", position=(0, 0, 0))], lattice_constant=2.0)
SALT = Prototype(
    spacegroup=225, sites=[*METAL.sites, Site(element="H", position=(0.5, 0.5, 0.5))], lattice_constant=5.0
)


def potential(distance: float) -> LennardJonesMixture:
    """Ca and H bind at a distance (Å); the elements have the lattice constants of their prototypes."""
    return LennardJonesMixture({"Ca-Ca": [3.1, 0.4], "H-H": [1.4, 0.2], "Ca-H": [distance, 40.0]})


def test_a_hydride_that_collapses_is_left_out():
    """Neighbours at 2.5 Å that bind at 1.8 Å end far below three quarters of the volume at the prototype's constant."""
    prototypes = {"Ca": METAL, "H": HYDROGEN, "CaH": SALT}
    found = relaxed_references(potential(1.8), prototypes, 0.0, EFFORT, SMALLEST_VOLUME)
    assert found.table["name"].tolist() == ["Ca", "H"] == [atoms.info["name"] for atoms in found.crystals]
    assert set(found.table["left_out"]) == {"CaH"}
    kept = relaxed_references(potential(2.5), prototypes, 0.0, EFFORT, SMALLEST_VOLUME).table
    assert kept["name"].tolist() == ["Ca", "H", "CaH"] and set(kept["left_out"]) == {""}


def test_of_two_crystals_of_an_element_one_may_collapse():
    large = METAL.model_copy(update={"lattice_constant": 6.4})
    found = relaxed_references(potential(2.5), {"large": large, "Ca": METAL}, 0.0, EFFORT, SMALLEST_VOLUME).table
    assert found["name"].tolist() == ["Ca"] and found["left_out"].tolist() == ["large"]


def test_without_an_element_there_is_no_hull():
    large = METAL.model_copy(update={"lattice_constant": 6.4})
    with pytest.raises(
        HullError,
        match="references: no crystal of Ca is left at 0 GPa; with this potential collapse Ca; use other starts",
    ):
        relaxed_references(potential(2.5), {"Ca": large}, 0.0, EFFORT, SMALLEST_VOLUME)


def test_the_figure_of_the_hull_names_what_is_left_out():
    candidates = pd.DataFrame({"formula": ["CaYH12"], "above_hull": [0.01], "potential": ["trained"]})
    references = pd.DataFrame({"formula": ["Ca", "Y", "H4"], "left_out": "YH9; YH10"})
    figure = ternary_hull.draw({"candidates": candidates, "references": references}, {}, TernaryHull())
    assert "they collapse with this potential and are no references: YH9; YH10" in figure.notes
    assert not any("above the hull" in note for note in figure.notes)
    high = ternary_hull.draw(
        {"candidates": candidates.assign(above_hull=0.36), "references": references}, {}, TernaryHull()
    )
    assert "1 of the 1 candidates lie more than 0.2 eV/atom above the hull" in high.notes
    whole = references.assign(left_out=np.nan)  # as it is read, where nothing was left out
    figure = ternary_hull.draw({"candidates": candidates, "references": whole}, {}, TernaryHull())
    assert not any("collapse" in note for note in figure.notes)


def test_cages_without_a_candidate_near_the_hull_have_whole_numbers_and_say_so():
    candidates = pd.DataFrame({"above_hull": [0.36], "cages": ["Ca: H24; Y: H24"], "potential": ["trained"]})
    published = {"cages": Cited(value=[29, 30, 31], label="a work", where="its figure")}
    panel = hydrogen_cages.draw({"candidates": candidates}, published, HydrogenCages()).axes[0]
    assert [text.get_text() for text in panel.texts] == ["no candidate within 0.05 eV/atom of the hull"]
    assert all(float(tick).is_integer() for axis in (panel.xaxis, panel.yaxis) for tick in axis.get_majorticklocs())
