"""The rules of the house, which docs/architecture.md states."""

import ast
import re

import networkx
import pytest

from qcrystal.docs import house, pictures

LONGEST_MODULE, LONGEST_CLASS, LONGEST_FUNCTION, LONGEST_SCRIPT = 500, 250, 60, 30
PROGRAMS = {"label.py", "lattice.py"}  # run under the interpreter that carries GPAW
SHARED = {"common", "resources"}  # files of rules that belong to no stage


@pytest.fixture(scope="module")
def package(root):
    return root / "scripts" / "qcrystal"


def modules(package):
    return [path for path in sorted(package.rglob("*.py")) if path.name != "__init__.py"]


def test_rooms_import_each_other_without_a_circle(package):
    graph = house.rooms(package)
    assert graph.number_of_nodes() > 8
    circles = [
        {edge: sorted(graph.edges[edge]["modules"]) for edge in zip(circle, [*circle[1:], circle[0]], strict=True)}
        for circle in networkx.simple_cycles(graph)
    ]
    assert not circles


def test_a_circle_is_named(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / "qcrystal" / name).mkdir(parents=True)
        (tmp_path / "qcrystal" / name / "one.py").write_text(f"from qcrystal.{other} import one\n")
    with pytest.raises(ValueError, match="in a circle: [ab] -> [ab]"):
        house.floors(house.rooms(tmp_path / "qcrystal"))


def test_no_room_imports_the_commands_or_the_documentation(package):
    """Both stand on the roof: they may import every room."""
    found = {
        (path.relative_to(package).as_posix(), name)
        for path in modules(package)
        if path.relative_to(package).parts[0] not in ("commands", "docs", "__main__.py")
        for name in house.imported_modules(path)
        if name.startswith(("qcrystal.commands", "qcrystal.docs"))
    }
    assert not found


def test_rooms_import_only_what_stands_before_them_in_the_documented_order(root, package):
    """The list in docs/architecture.md, from the ground up: an import that goes up it is an arrow up."""
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^From the ground up: (.+)\.$", text, re.M)
    order = line.split(", ")
    graph = house.rooms(package)
    assert sorted(order) == sorted(graph)
    upward = [f"{one} -> {other}" for one, other in graph.edges if order.index(one) < order.index(other)]
    assert not upward


def test_the_picture_of_the_house_is_that_of_today(root, package):
    picture = root / "docs" / "images" / "house.png"
    assert pictures.description(picture) == house.arrows_of(house.rooms(package)), (
        "draw it again: snakemake --cores 1 pictures"
    )


def test_the_picture_of_the_workflow_shows_every_stage(root):
    arrows = pictures.description(root / "docs" / "images" / "workflow.png").split(", ")
    shown = {stage for arrow in arrows for stage in arrow.split(" -> ")}
    assert shown == {path.stem for path in (root / "rules").glob("*.smk")} - SHARED - {"docs", "provenance"}


def test_rules_under_a_condition_have_a_stage(tmp_path):
    (tmp_path / "tc.smk").write_text("if WANTED:\n\n    rule critical:\n        output:\n            'x'\n")
    graph = house.stages(['0[label = "figure_a"]\n1[label = "critical"]\n1 -> 0\n'], tmp_path)
    assert list(graph.edges) == [("tc", "figures")]


def test_floors_put_each_room_above_what_it_imports():
    graph = networkx.DiGraph([("roof", "middle"), ("middle", "ground"), ("roof", "ground"), ("shed", "ground")])
    assert house.floors(graph) == {"ground": 0, "middle": 1, "shed": 1, "roof": 2}


def test_the_root_holds_six_tools_that_import_no_room(package):
    names = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    assert names == set(house.TOOLS)
    for name in names:
        imported = {one for one in house.imported_modules(package / f"{name}.py") if one.startswith("qcrystal.")}
        assert {house.room(one) for one in imported} <= {"tools"}


def test_packages_have_an_empty_init(package):
    assert {path.parent.name: path.read_text() for path in package.rglob("__init__.py") if path.read_text()} == {}
    assert not [
        folder for folder in package.rglob("*") if any(folder.glob("*.py")) and not (folder / "__init__.py").is_file()
    ]


def test_rules_scripts_library_and_tests_share_their_words(root, package):
    scripts = {path.name for path in (root / "scripts").iterdir() if path.is_dir()} - {"qcrystal", "__pycache__"}
    scripts = {name for name in scripts if not name.endswith(".egg-info")}
    rules = {path.stem for path in (root / "rules").glob("*.smk")} - SHARED
    rooms = {path.name for path in package.iterdir() if path.is_dir()} - {"__pycache__"}
    assert scripts == rules and rules <= rooms
    assert {path.name for path in (root / "tests" / "unit").iterdir() if path.is_dir()} - {"__pycache__"} <= rooms


def test_rule_scripts_are_short(root):
    lengths = {path: len(path.read_text().splitlines()) for path in sorted((root / "scripts").glob("*/*.py"))}
    long = {f"{path.parent.name}/{path.name}": n for path, n in lengths.items() if n > LONGEST_SCRIPT}
    assert {
        name: n for name, n in long.items() if name.split("/")[0] != "qcrystal" and name.split("/")[1] not in PROGRAMS
    } == {}


def test_modules_classes_and_functions_are_short_or_say_why_not(package):
    """A long function's docstring gives the reason: a sentence with `long because`."""
    long = {}
    for path in modules(package):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(package).as_posix()
        if len(text.splitlines()) > LONGEST_MODULE:
            long[name] = len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
            length = node.end_lineno - node.lineno + 1
            if length > limit and not re.search(r"\blong because\b", ast.get_docstring(node) or "", re.IGNORECASE):
                long[f"{name}:{node.name}"] = length
    assert long == {}


def test_no_module_changes_the_search_path(root):
    found = [
        path
        for path in root.glob("scripts/**/*.py")
        if re.search(r"sys\.path\.(insert|append)|sys\.path\[", path.read_text())
    ]
    assert found == []
