"""Every crystal of the repository is a whole of its own: it takes nothing from another, and its figures have their sweeps."""

from pathlib import Path

import pytest

from qcrystal.config.load import MAIN_FILE, load
from qcrystal.figures.registry import FigureSet
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.numbers import NumberSet
from qcrystal.manuscript.published import read_published

ROOT = Path(__file__).resolve().parents[3]
CRYSTALS = sorted(path.name for path in (ROOT / "config/crystals").iterdir() if (path / "figures.yaml").is_file())
SCALES = {
    (crystal, path.stem)
    for crystal in CRYSTALS
    for path in (ROOT / "config/crystals" / crystal / "scales").glob("*.yaml")
}
LABELLED = [name for name in CRYSTALS if list((ROOT / f"data/{name}-gpaw").glob("*/type.raw"))]


def own(crystal, name):
    return ROOT / "config" / "crystals" / crystal / name


def test_lah10_is_not_alone():
    assert {"lah10", "h3s", "lithium"} <= set(CRYSTALS) and {"lah10", "h3s", "lithium"} <= set(LABELLED)


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_sources_name_nothing_of_another_crystal(crystal):
    others = set(CRYSTALS) - {crystal}
    text = own(crystal, "sources.yaml").read_text(encoding="utf-8")
    assert not [other for other in others if other in text]


@pytest.mark.parametrize(("crystal", "scale"), sorted(SCALES))
def test_sweeps_of_figures_and_numbers_are_in_every_scale(crystal, scale):
    given = read_mapping(own(crystal, f"scales/{scale}.yaml"))
    sweeps = given["sweeps"]
    every = FigureSet.model_validate(read_mapping(own(crystal, "figures.yaml")))
    figures = every.without(given.get("left_out", []), f"scale {scale}")
    needed = {sweep for figure in figures.values() for sweep in figure.sweeps}
    numbers = NumberSet.model_validate(read_mapping(own(crystal, "numbers.yaml"))).numbers
    sources = [entry.source for entry in numbers.values()]
    needed |= {source.split(":")[1].split("/")[0] for source in sources if source.startswith("sweep:")}
    assert needed <= set(sweeps)


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_published_values_of_figures_are_there(crystal):
    figures = FigureSet.model_validate(read_mapping(own(crystal, "figures.yaml")))
    figures.check_published(read_published(own(crystal, "published.yaml")), "published.yaml")


@pytest.mark.parametrize("crystal", LABELLED)
def test_a_crystal_with_labels_can_start_from_them(crystal):
    main = read_mapping(ROOT / MAIN_FILE) | {"crystal": crystal, "scale": "smoke", "start": "labels"}
    configuration = load(main, ROOT, {})
    assert bool(configuration.runs) == bool(configuration.scale.sweeps)  # a search has none
    assert configuration.main.dataset == f"{crystal}-gpaw"
    assert configuration.crystal.mobile in configuration.crystal.species


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_dft_settings_are_those_of_the_labels(crystal):
    """The recipes of a data folder and the crystal say the same of cutoff, k-points and occupations."""
    recipes = ROOT / f"data/{crystal}-gpaw/recipes.yaml"
    if not recipes.is_file():
        pytest.skip("its labels are made by the crystal's own recipes")
    given, labelled = read_mapping(own(crystal, "crystal.yaml"))["dft"], read_mapping(recipes)["dft"]
    keys = ("seed", "functional", "cutoff", "kpoint_length", "smearing", "width", "symmetry", "frequencies")
    assert {key: given.get(key) for key in keys} == {key: labelled.get(key) for key in keys}
