"""The reference of the configuration is that of the models: nobody has to remember to edit a page."""

import json

import pytest
from configurations import CRYSTAL, MAIN, SOURCES, document, scale_files
from jsonschema import Draft202012Validator

from qcrystal.config import reference
from qcrystal.config.crystal import Crystal
from qcrystal.config.main import Main
from qcrystal.config.scale import Scale
from qcrystal.provenance.same_results import SameResults

AGAIN = "write it again: python -m qcrystal reference"


def test_the_page_is_that_of_the_models(root):
    assert (root / reference.PAGE).read_text(encoding="utf-8") == reference.page(), AGAIN


def test_the_schemas_are_those_of_the_models(root):
    folder = root / reference.SCHEMAS
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == reference.schemas(), AGAIN


@pytest.mark.parametrize("model", [Main, Scale, Crystal, SameResults], ids=lambda model: model.__name__)
def test_every_key_says_what_it_means(model):
    schema = model.model_json_schema()
    for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if "properties" not in part:
            continue
        silent = [key for key, field in part["properties"].items() if not field.get("description")]
        assert not silent, f"{name}: {', '.join(silent)}: no description"


def files(root):
    """Every shipped file of the configuration, with the schema that its editor is told to use."""
    effort, sweeps = scale_files("*")
    for pattern, schema in (
        (MAIN, "config"),
        (SOURCES, "sources"),
        (CRYSTAL, "crystal"),
        (effort, "scale"),
        (sweeps, "scale"),
        ("config/same_results.yaml", "same_results"),
    ):
        for path in sorted(root.glob(pattern)):
            yield path, schema


def test_shipped_files_satisfy_their_schemas(root):
    """By another validator than pydantic, as an editor does; and a misspelt key does not."""
    seen = 0
    for path, name in files(root):
        validator = Draft202012Validator(json.loads((root / reference.SCHEMAS / f"{name}.json").read_text()))
        content = document(root, str(path.relative_to(root)))
        assert not [error.message for error in validator.iter_errors(content)], path
        assert list(validator.iter_errors({**content, "scael": 1})), path
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), path
        assert (path.parent / first.partition("=")[2]).resolve() == (
            root / reference.SCHEMAS / f"{name}.json"
        ).resolve()
        seen += 1
    assert seen >= 11
