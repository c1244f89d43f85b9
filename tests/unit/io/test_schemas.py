"""Schemas of tables: what they refuse, that the shipped tables keep to them, and the page made from them."""

import ast
import re

import numpy as np
import pandas as pd
import pytest

from qcrystal.docs.tables import tables_page
from qcrystal.io.schemas import Schema, SchemaError, number, text, truth, whole
from qcrystal.io.table_schemas.registry import SOURCES, TABLES, source_schema
from qcrystal.io.tables import TableError, check_table, read_table, write_table

SCHEMA = Schema(
    "A test.",
    ("test.csv",),
    (
        text("kind", "a choice", "one", "two"),
        whole("n", "a count", low=1),
        number("share", "", "a share", low=0, high=1),
        number("error", "", "its error", low=0, missing=True),
        truth("sure", "a mark"),
        text("remark", "free", optional=True, missing=True),
        number("dos_<species>", "1/THz", "a part"),
        number("<pair>", "Å", "a distance", low=0),
    ),
)
GOOD = {"kind": ["one", "two"], "n": [1, 2], "share": [0.0, 1.0], "error": [0.1, np.nan], "sure": [True, False]}


def test_a_table_that_keeps_to_its_schema_is_silent():
    SCHEMA.check(pd.DataFrame(GOOD), whole=True)
    SCHEMA.check(pd.DataFrame(GOOD | {"remark": ["", None], "dos_La": [0.1, 0.2], "la_h1": [2.0, 2.1]}), whole=True)
    SCHEMA.check(pd.DataFrame(GOOD | {"unknown": [1, 2]}))  # a reader takes what it knows


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": ["one", "three"]}, "'kind', row 2: 'three' is not one of its values"),
        ({"n": [1.5, 2]}, "'n', row 1: '1.5' is not a whole number"),
        ({"n": [0, 2]}, "'n', row 1: '0' is below 1"),
        ({"share": [0.5, 1.01]}, "'share', row 2: '1.01' is above 1"),
        ({"share": [0.5, np.nan]}, "'share', row 2: no value"),
        ({"share": [0.5, np.inf]}, "'share', row 2: 'inf' is not a number"),
        ({"share": ["a", 0.5]}, "'share', row 1: 'a' is not a number"),
        ({"error": [-0.1, 0.1]}, "'error', row 1: '-0.1' is below 0"),
        ({"sure": [True, "perhaps"]}, "'sure', row 2: 'perhaps' is neither"),
        ({"dos_H": ["x", 0.5]}, "'dos_H', row 1: 'x' is not a number"),
        ({"la_h1": [1.0, -2.0]}, "'la_h1', row 2: '-2.0' is below 0"),
        ({"unknown": [1, 2]}, "'unknown' is not in the schema"),
    ],
)
def test_the_row_and_the_value_are_named(changes, words):
    with pytest.raises(SchemaError, match=re.escape(words)):
        SCHEMA.check(pd.DataFrame(GOOD | changes), whole=True)


def test_missing_columns_and_rows_are_named():
    with pytest.raises(SchemaError, match="no column 'share'"):
        SCHEMA.check(pd.DataFrame(GOOD).drop(columns="share"))
    with pytest.raises(SchemaError, match="no row"):
        SCHEMA.check(pd.DataFrame(GOOD).head(0))


def test_what_is_written_is_read_back_and_a_broken_table_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setitem(TABLES, "test", SCHEMA)
    path = tmp_path / "test.csv"
    write_table(pd.DataFrame(GOOD), path, "test")
    pd.testing.assert_frame_equal(read_table(path, "test"), pd.DataFrame(GOOD), check_dtype=False)
    assert read_table(path, "test").attrs == {"file": str(path)}
    with pytest.raises(TableError, match=r"other.csv: cannot be written as a table of test: column 'n'"):
        write_table(pd.DataFrame(GOOD | {"n": [0, 1]}), tmp_path / "other.csv", "test")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["test.csv"]
    path.write_text(path.read_text().replace("two", "three"))
    with pytest.raises(TableError, match=r"test.csv: column 'kind', row 2: 'three' .*run its job again"):
        read_table(path, "test")


def shipped(root):
    """Shipped tables with the schemas that their paths have."""
    files = [*root.glob("data/*.csv"), *root.glob("data/*/*.csv"), *root.glob("models/*/*.csv")]
    for file in files:
        for name, schema in TABLES.items():
            if any(file.match(pattern) for pattern in schema.files if pattern.startswith(("data", "models"))):
                yield file, name


def test_shipped_tables_keep_to_their_schemas(root):
    found = list(shipped(root))
    assert {name for _, name in found} >= {"lattice", "dft_convergence", "dft_check", "parity_errors", "generations"}
    for file, name in found:
        check_table(file, file.name, name)


def test_every_table_that_code_names_has_a_schema(root):
    """Names of schemas are literals, or made of a literal and a name of `OBSERVABLES` or of a report's tables."""
    for path in (root / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("read_table", "write_table"):
                name = node.args[-1]
                if isinstance(name, ast.Constant):
                    assert name.value in TABLES, (path, name.value)
                elif isinstance(name, ast.JoinedStr):
                    head = name.values[0].value
                    assert any(table.startswith(head) for table in TABLES), (path, head)


def test_sources_of_figures_are_tables():
    for source, name in SOURCES.items():
        assert name in TABLES or name in ("card", "structures")
        assert source_schema(source.replace("*", "any")) == name


def test_the_page_about_tables_is_that_of_the_schemas(root):
    page = (root / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == tables_page(), "make docs/tables.md again: qcrystal.docs.tables.tables_page()"


def test_each_pressure_says_which_one_it_is():
    """Static, total, or by the virial alone: at 150 GPa the first two differ by 14 GPa in LaH10."""
    which = re.compile(r"static pressure|total pressure|without the kinetic part|see the table of phonons")
    columns = [(name, column) for name, schema in TABLES.items() for column in schema.columns]
    pressures = [
        (n, c) for n, c in columns if re.search(r"\bpressures?\b", c.name.replace("_", " ")) and c.unit == "GPa"
    ]
    assert len(pressures) > 30
    unsaid = [
        f"{n}.{c.name}: {c.meaning}"
        for n, c in pressures
        if not c.name.endswith("_error") and not which.search(c.meaning)
    ]
    assert unsaid == []
