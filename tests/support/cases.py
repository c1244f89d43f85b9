"""Cases of tests that stand in a YAML file beside the test: a name, and what the test needs of it."""

from pathlib import Path

import pytest
import yaml


def cases(file: Path):
    """Parametrize a test by the cases of a file: its argument ``case`` is the mapping under each name."""
    return by_name(yaml.safe_load(file.read_text()))


def by_name(table: dict):
    """Parametrize a test by a table: its argument ``case`` is the value under each name."""
    return pytest.mark.parametrize(
        "case", [pytest.param(case, id=name.replace(" ", "-")) for name, case in table.items()]
    )


def edit(document: dict, case: dict) -> None:
    """Change a document as a case says: ``set`` has values by path, ``rename`` new keys by path, ``remove`` paths.

    A path is a row of keys between points; a number is a place in a list.
    """
    for path, value in case.get("set", {}).items():
        parent, key = _place(document, path)
        parent[key] = value
    for path, name in case.get("rename", {}).items():
        parent, key = _place(document, path)
        parent[name] = parent.pop(key)
    for path in case.get("remove", []):
        parent, key = _place(document, path)
        del parent[key]


def _place(document: dict, path: str) -> tuple:
    *parents, key = path.split(".")
    for name in parents:
        document = document[int(name) if isinstance(document, list) else name]
    return document, int(key) if isinstance(document, list) else key
