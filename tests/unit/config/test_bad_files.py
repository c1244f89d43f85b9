"""A bad configuration gets one line that names file, key and value; nothing that was there is touched.

The cases stand in `cases/*.yaml`. Each starts from the shipped configuration at scale smoke, which is valid.
"""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from cases import by_name, cases, edit
from complaints import contents, says
from configurations import CRYSTAL, MAIN, PUBLISHED, SOURCES, scale_files

from qcrystal.config.load import load
from qcrystal.config.messages import ConfigError, read_yaml

ROOT = Path(__file__).resolve().parents[3]
CASES = Path(__file__).parent / "cases"
SCALE, SWEEPS = scale_files("smoke")
CARD = "models/lah10-fast/card.yaml"
FILES = {"main": MAIN, "sources": SOURCES, "scale": SCALE, "sweeps": SWEEPS, "crystal": CRYSTAL}
FILES |= {"published": PUBLISHED, "card": CARD}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The files that a configuration names: copies of the small ones, links to the others."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "data", folder / "data", ignore=shutil.ignore_patterns("*H*La*"))
    for system in (ROOT / "data/lah10-gpaw").glob("*La*"):
        (folder / "data/lah10-gpaw" / system.name).symlink_to(system)
    shutil.copytree(ROOT / "models/lah10-fast", folder / "models/lah10-fast")
    main = folder / MAIN
    main.write_text(main.read_text().replace("scale: laptop", "scale: smoke"))
    return folder


@pytest.fixture
def replace(house):
    """A function that writes a file of the house; afterwards the file is as it was."""
    good = {}

    def write(file: str, content: bytes) -> None:
        good.setdefault(file, (house / file).read_bytes())
        (house / file).write_bytes(content)

    yield write
    for file, content in good.items():
        (house / file).write_bytes(content)


@pytest.fixture
def change(house, replace):
    """A function that edits a document of the house; afterwards the file is as it was."""

    def write(file: str, case: dict) -> None:
        document = yaml.safe_load((house / file).read_text())
        edit(document, case)
        replace(file, yaml.safe_dump(document, allow_unicode=True).encode())

    return write


def refusal(house, over=None) -> str:
    """The words with which a configuration is refused; it has touched nothing."""
    before = contents(house)
    with pytest.raises(ConfigError) as caught:
        load(read_yaml(house / MAIN, MAIN, "file"), house, over or {})
    assert contents(house) == before
    return str(caught.value)


VALUES = yaml.safe_load((CASES / "values.yaml").read_text())


@by_name({name: case | {"file": FILES[file]} for file, group in VALUES.items() for name, case in group.items()})
def test_bad_value_is_named(case, house, change):
    change(case["file"], case)
    says(refusal(house), [case["file"], *case["says"]])


def test_no_two_cases_have_one_name():
    names = [name for group in VALUES.values() for name in group]
    assert len(names) == len(set(names))


@cases(CASES / "cards.yaml")
def test_malformed_card_is_named(case, house, change):
    change(CARD, case)
    says(refusal(house), ["models/lah10-fast", *case["says"]])


@cases(CASES / "texts.yaml")
def test_bad_text_is_named(case, house, replace):
    file, content = FILES.get(case["file"], case["file"]), case["content"]
    replace(file, content if isinstance(content, bytes) else content.encode())
    says(refusal(house), [file, *case["says"]])


@pytest.mark.parametrize(
    ("file", "words"), [(SCALE, ["recursion"]), (CARD, ["cannot be read", "recursion", "restore"])]
)
def test_endless_nesting_is_named(house, replace, file, words, request):
    limit = sys.getrecursionlimit()
    request.addfinalizer(lambda: sys.setrecursionlimit(limit))
    sys.setrecursionlimit(1000)  # Python's own: a library that another test has loaded may have raised it
    replace(file, b"name: " + 3000 * b"[")
    says(refusal(house), [file, *words])


LONG = {
    "potential": (SOURCES, "model", 300 * "m", ["300 letters", "name another"]),
    "table": (SOURCES, "dft_check", f"data/{300 * 'm'}.csv", ["letters"]),
    "path": (SOURCES, "published", "a/" * 2500, ["5000 letters", "name another"]),
    "scale": (MAIN, "scale", 300 * "m", ["300 letters"]),
}


@by_name(LONG)
def test_name_that_no_file_can_have_is_named(case, house, change):
    file, key, name, words = case
    change(file, {"set": {key: name}})
    says(refusal(house), [file, key, *words])


def first_lines(good: bytes, share: float) -> bytes:
    lines = good.splitlines(keepends=True)
    return b"".join(lines[: max(1, int(share * len(lines)))])


SPOILT = {
    "half": lambda good: good[: len(good) // 2],
    "half of the lines": lambda good: first_lines(good, 0.5),
    "its heading only": lambda good: first_lines(good, 0),
    "another name of a column": lambda good: good.replace(b"pressure", b"presure"),
    "without its end": lambda good: good[:-1],
}


@cases(CASES / "tables.yaml")
def test_bad_table_is_named_before_anything_starts(case, house, replace):
    replace(case["file"], SPOILT[case["holds"]]((house / case["file"]).read_bytes()))
    says(refusal(house), [case["file"], *case["says"]])


def test_all_problems_of_all_files_are_told_at_once(house, change):
    """Fields and what does not fit together, within a file and between files, each in a line of its own."""
    change(MAIN, {"set": {"seed": -1}})
    change(SOURCES, {"set": {"label_pressures": "nowhere.csv"}})
    change(SCALE, {"set": {"statics.eos_points": 0}})
    change(SWEEPS, {"set": {"sweeps.qtb_grid.isotope": "T", "sweeps.qtb_grid.vacancies": 40}})
    statics = {"statics.lattice_constants": [5.5, 4.7], "statics.phonon_pressures": [100, 100]}
    change(CRYSTAL, {"set": statics | {"cage.centre": "Ce"}})
    lines = refusal(house).splitlines()
    wanted = {
        f"{MAIN}: seed: ",
        f"{SOURCES}: label_pressures: no file 'nowhere.csv'",
        f"{SCALE}: statics.eos_points: ",
        f"{SWEEPS}: sweeps.qtb_grid.isotope: nobody defined 'T'",
        f"{SWEEPS}: sweeps.qtb_grid.vacancies: 40 vacancies",
        f"{CRYSTAL}: statics.lattice_constants: [5.5, 4.7] must be",
        f"{CRYSTAL}: statics.phonon_pressures: 100 is given twice",
        f"{CRYSTAL}: cage.centre: 'Ce'",
    }
    told = {beginning: [line for line in lines if line.startswith(beginning)] for beginning in wanted}
    assert all(len(found) == 1 for found in told.values()), (told, lines)
    assert len(lines) == len(wanted), lines


@pytest.mark.parametrize("name", ["card.yaml", "model.pb", "model-2.pb", "parity_frames.csv"])
def test_files_of_a_potential_that_are_gone_are_named(house, name):
    path = house / "models/lah10-fast" / name
    path.rename(path.with_suffix(".away"))
    try:
        says(refusal(house), ["models/lah10-fast", name])
    finally:
        path.with_suffix(".away").rename(path)


def test_potential_of_another_order_of_species_is_named(house, change):
    change(CARD, {"set": {"species": ["H", "La"]}})
    says(refusal(house), [CARD, "H, La", "La, H", "order"])


ORIGINS = {
    "a file": ({"over.yaml": {"start": "middle"}}, "over.yaml: start: "),
    "the command line": ({"over.yaml": {"start": "labels"}, "--config": {"start": "middle"}}, "--config: start: "),
    "another key": ({"over.yaml": {"seed": 1}, "--config": {}}, "config/config.yaml: start: "),
}


@by_name(ORIGINS)
def test_origin_of_a_bad_value_is_named(case, house, change):
    over, beginning = case
    change(MAIN, {"set": {"start": "middle"}})
    assert refusal(house, over).startswith(beginning)


def test_origin_of_a_file_that_is_not_there_is_named(house, change):
    change(MAIN, {"set": {"label_pressures": "nowhere.csv"}})
    over = {"--config": {"label_pressures": "nowhere.csv"}}
    says(refusal(house, over), ["--config: label_pressures: no file 'nowhere.csv'"])
