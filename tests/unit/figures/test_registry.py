"""figures.yaml: what it may say, what is refused in one line, and what a caption is part of."""

import ast
import copy

import pytest
from figure_drawing import CRYSTAL, LITERATURE
from pydantic import ValidationError

from qcrystal.errors import QcrystalError
from qcrystal.figures.kinds import KINDS
from qcrystal.figures.registry import FigureSet
from qcrystal.io.table_schemas.registry import source_schema
from qcrystal.io.yaml_files import read_mapping
from qcrystal.manuscript.published import Published, PublishedError

DOCUMENT = read_mapping(CRYSTAL / "figures.yaml")


def changed(figure, *keys, to):
    """The shipped document with one value replaced."""
    document = copy.deepcopy(DOCUMENT)
    place = document["figures"][figure]
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    return document


def test_every_kind_has_a_figure_and_every_figure_its_published_values():
    documents = [read_mapping(path) for path in CRYSTAL.parent.glob("*/figures.yaml")]
    assert {entry["kind"] for document in documents for entry in document["figures"].values()} == set(KINDS)
    FigureSet.model_validate(DOCUMENT).check_published(LITERATURE, "published.yaml")


@pytest.mark.parametrize(
    ("figure", "keys", "value", "words"),
    [
        ("x_beads", ["kind"], "bead_convergense", ["kind", "did you mean bead_convergence?"]),
        ("x_beads", ["inputs", "dos"], "statics:phonon_doss", ["dos", "did you mean 'statics:phonon_dos'"]),
        (
            "x_beads",
            ["inputs", "dos"],
            "statics:eos",
            ["'statics:eos' is a table of equation_of_state, not of phonon_dos"],
        ),
        ("x_beads", ["inputs", "summary"], ["sweep:a/summary"], ["summary takes one table"]),
        ("x_leakage", ["inputs", "summaries"], "sweep:a/summary", ["summaries takes a list of tables"]),
        ("x_beads", ["inputs"], {"dos": "statics:phonon_dos"}, ["role 'summary' is missing"]),
        ("x_beads", ["inputs", "extra"], "statics:eos", ["no role 'extra'"]),
        ("x_beads", ["published"], {"zero": "qin_rdf"}, ["has no role 'zero'"]),
        ("qin_fig2b_angles_150GPa", ["options", "pressure"], -1, ["options: pressure"]),
        ("qin_fig1b_structures", ["options", "species", "H", "radius"], "big", ["options: species.H.radius"]),
        ("x_beads", ["caption"], "", ["caption"]),
        ("x_beads", ["colour"], "red", ["colour"]),
    ],
)
def test_what_is_wrong_is_named(figure, keys, value, words):
    with pytest.raises(ValidationError) as error:
        FigureSet.model_validate(changed(figure, *keys, to=value))
    assert all(word in str(error.value) for word in [figure, *words])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("qin_energy_rmse", "small", "not a number"),
        ("qin_table1_dft", {"a": 4.7}, "no number 'alpha'"),
        (None, None, "add it"),
    ],
)
def test_published_values_of_another_kind_are_named(name, value, words):
    document = LITERATURE.model_dump()
    if name is None:
        del document["values"]["qin_energy_rmse"]
    else:
        document["values"][name]["value"] = value
    with pytest.raises(PublishedError, match=words) as error:
        FigureSet.model_validate(DOCUMENT).check_published(Published(**document), "published.yaml")
    assert str(error.value).startswith("published.yaml: values")


def test_sources_are_tables_of_a_stage():
    assert source_schema("sweep:any_name/summary") == "sweep_summary"
    assert source_schema("sweep:any_name/other") is source_schema("sweep:") is source_schema("eos") is None


def test_no_crystal_is_in_the_code():
    """Species, phases and colours of atoms are the crystal's own, and stand in its figures.yaml."""
    scripts = CRYSTAL.parents[2] / "scripts" / "qcrystal" / "figures"
    for path in scripts.glob("*.py"):
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        }
        assert not strings & {"La", "H", "Fm-3m", "C2", "LaH10", "La-H", "#4C9F9F"}, path


def test_a_scale_leaves_out_figures_by_name_and_a_wrong_name_is_told():
    figures = FigureSet.model_validate(DOCUMENT)
    first, *others = figures.figures
    assert list(figures.without([first], "scale smoke")) == others
    assert figures.without([], "scale smoke") == figures.figures
    with pytest.raises(QcrystalError, match=r"^scale smoke: left_out: figures\.yaml has no figure 'none'") as caught:
        figures.without(["none"], "scale smoke")
    assert "\n" not in str(caught.value)
