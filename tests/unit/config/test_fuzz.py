"""Valid configuration files, mutated at random: whatever comes out loads, or is refused in lines that name the file."""

import copy
import datetime
import functools
import os

import pytest
import yaml
from configurations import CRYSTAL, MAIN, PUBLISHED, SOURCES, scale_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qcrystal.config import load, preflight
from qcrystal.config.crystal import Crystal
from qcrystal.config.main import Main, Sources
from qcrystal.config.messages import ConfigError, read_yaml, validate
from qcrystal.config.scale import Scale

# More of them for a search: FUZZ=10000. Few are enough to see that a change broke what is known to hold.
EXAMPLES = int(os.environ.get("FUZZ", 150))
search = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = [pytest.mark.timeout(60 + EXAMPLES), pytest.mark.engine]

EFFORT, SWEEPS = scale_files("smoke")
MODELS = {MAIN: Main, SOURCES: Sources, EFFORT: Scale, CRYSTAL: Crystal}
FILES = [*MODELS, SWEEPS, PUBLISHED]
ODD = [
    None,
    True,
    "",
    " ",
    "a",
    "ü/../{x}",
    "150 GPa",
    "1e400",
    "\n",
    "-",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    {1: 2},
    b"\xff",
]
ODD += [
    0,
    -1,
    0.5,
    -0.0,
    10**30,
    1e308,
    1e-308,
    float("nan"),
    float("inf"),
    datetime.date(2024, 2, 30 - 1),
    [0, 0],
    [-1],
]
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3) | st.sampled_from(
    ["\t", ": ", "- ", "{", "[", "&a *a", "\0"]
)


@functools.cache
def documents(root):
    """The content of the files."""
    loaded = {file: yaml.safe_load((root / file).read_text()) for file in FILES}
    loaded[MAIN]["scale"] = "smoke"
    return loaded


def places(document, path=()):
    """Every place of a document, as the keys that lead there."""
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def mutate(document, draw):
    """Change, remove, rename or double something at one place."""
    path = draw(st.sampled_from(sorted(places(document), key=str)))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    key, kind = path[-1], draw(st.sampled_from(["replace", "replace", "scale", "remove", "rename", "double"]))
    value = parent[key]
    if kind == "scale" and isinstance(value, int | float):
        parent[key] = value * draw(st.sampled_from([-1, 0, 1e-9, 1e-3, 0.5, 2, 10, 1000, 1e12]))
    elif kind == "remove":
        del parent[key]
    elif kind == "rename" and isinstance(parent, dict):
        parent[draw(st.sampled_from(["x", "", 1, None, "a/b", f"{key}s", str(key)[:-1]]))] = parent.pop(key)
    elif kind == "double" and isinstance(value, list):
        parent[key] = value * 2
    else:
        parent[key] = copy.deepcopy(draw(st.sampled_from(ODD) | st.floats() | st.integers() | st.text(max_size=5)))


def load_changed(changed, root):
    """Load documents as if they stood in the files."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (load, preflight):
            patch.setattr(module, "read_yaml", lambda path, where, what: changed[where])
        patch.setattr(preflight, "check_potential", lambda *arguments: None)  # compares files, which stay as they are
        return load.load(changed[MAIN], root)


def refused_in_lines(error, *files):
    lines = str(error).split("\n")
    assert lines
    for line in lines:
        assert line.startswith(files), line
        assert line.isprintable() and 20 < len(line) < 1000, line


@given(st.data())
@search
def test_a_mutated_document_loads_or_is_refused(root, data):
    file = data.draw(st.sampled_from(FILES))
    changed = documents(root) | {file: copy.deepcopy(documents(root)[file])}
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(changed[file], data.draw)
    try:
        load_changed(changed, root)
    except ConfigError as error:
        # files meet in the runs and in what is named: there a mistake in one file may show in another, which is named
        refused_in_lines(error, "config/", "models/")


@given(st.data())
@search
def test_mutated_text_is_read_or_refused(root, tmp_path_factory, data):
    file = data.draw(st.sampled_from(list(MODELS)))
    text = (root / file).read_text()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.sampled_from([0, 0, 1, 2, 20, len(text)]))
        text = text[:start] + data.draw(TEXT) + text[end:]
    content = text.encode("utf-8", "surrogatepass")
    if data.draw(st.booleans()):
        position = data.draw(st.integers(0, len(content)))
        content = content[:position] + data.draw(st.binary(max_size=2)) + content[position:]
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    path.write_bytes(content)
    try:
        validate(MODELS[file], read_yaml(path, file, "file"), file)
    except ConfigError as error:
        refused_in_lines(error, file)
