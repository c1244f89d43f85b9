"""The reference of the configuration, made from its models: a page of the documentation, and schemas for editors.

python -m qcrystal.config.reference          # writes docs/configuration.md and config/schema/*.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qcrystal.config.crystal import Crystal
from qcrystal.config.main import Main, Sources
from qcrystal.config.scale import Scale
from qcrystal.fields import LARGEST_COUNT, Strict
from qcrystal.files import write_whole
from qcrystal.provenance.same_results import FILE, SameResults

PAGE = "docs/configuration.md"
SCHEMAS = "config/schema"
HEAD = """\
# Configuration

<!-- Made from the models in scripts/qcrystal/config by `python -m qcrystal reference`: edit those, not this page. -->

A run is described by YAML files in `config/`. All of them are checked before anything starts, and all problems are told at once.

| File | Holds |
|---|---|
"""
FILES: dict[str, tuple[str, type[Strict], str]] = {
    "config": ("config/config.yaml", Main, "what is computed, with which crystal and scale, on which machine"),
    "sources": (
        "config/crystals/<name>/sources.yaml",
        Sources,
        "what the crystal's workflow begins with; `config.yaml` and the command line have the last word",
    ),
    "crystal": ("config/crystals/<name>/crystal.yaml", Crystal, "the physics of one crystal"),
    "scale": (
        "config/scales/<name>.yaml",
        Scale,
        "sizes and effort; `config/crystals/<name>/scales/<name>.yaml`, which holds the sweeps, is put over it",
    ),
    "same_results": (FILE, SameResults, "changes of code that are declared to change no result"),
}
"""By the name of the schema: file, model, and what the file holds."""
BOUNDS = {
    "ge": ("minimum", max),
    "gt": ("exclusiveMinimum", max),
    "le": ("maximum", min),
    "lt": ("exclusiveMaximum", min),
}
"""Names of bounds in pydantic and in JSON schema, and which of two counts."""
TAIL = """\

Any key of `config.yaml` or `sources.yaml` can be given on the command line, which has the last word:

```bash
snakemake --cores 2 --config scale=smoke start=labels model=models/lah10-accurate
```

`scale=PATH` (with a `/`) takes one file of your own that holds a whole scale, sweeps included; `crystal=PATH` takes a folder.
"""


def page() -> str:
    """The page ``docs/configuration.md``."""
    parts = [HEAD, *(f"| [`{file}`](#{name}) | {holds} |\n" for name, (file, _, holds) in FILES.items()), TAIL]
    for name, (file, model, _) in FILES.items():
        schema = _schema(model)
        if model is Main:  # the sources are a file of their own
            schema["properties"] = {key: schema["properties"][key] for key in _own_keys()}
        parts.append(f'\n## <a id="{name}"></a>`{file}`\n')
        parts += _section(schema, schema.get("$defs", {}), "", set())
    return "".join(parts)


def schemas() -> dict[str, str]:
    """JSON schemas of the files, by file name: editors complete keys and mark mistakes."""
    found = {}
    for name, (file, model, _) in FILES.items():
        schema = _schema(model)
        if name == "config":
            schema["required"] = [key for key in schema["required"] if key in _own_keys()]
        if name == "scale":  # one file of two holds a part of the keys
            for part in (schema, *schema["$defs"].values()):
                part.pop("required", None)
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": file}
        found[f"{name}.json"] = json.dumps({**schema, **head}, indent=1, ensure_ascii=False) + "\n"
    return found


def _schema(model: type[Strict]) -> dict[str, Any]:
    """JSON schema of a model, with every bound under its name: pydantic leaves those of a bounded type's own under others."""
    return dict(_named(model.model_json_schema()))


def _named(part: Any) -> Any:
    if isinstance(part, list):
        return [_named(one) for one in part]
    if not isinstance(part, dict):
        return part
    named = {key: _named(value) for key, value in part.items() if key not in BOUNDS}
    for short, (name, tighter) in BOUNDS.items():
        if short in part:
            named[name] = tighter(part[short], named[name]) if name in named else part[short]
    return named


def _own_keys() -> list[str]:
    return [key for key in Main.model_fields if key not in Sources.model_fields]


def _section(schema: dict[str, Any], defs: dict[str, Any], prefix: str, told: set[str]) -> Iterator[str]:
    """A table of the keys of a mapping, and sections for the mappings within."""
    if schema.get("description"):
        yield f"\n{_text(schema['description'])}\n"
    yield "\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n"
    required = schema.get("required", ())
    for key, field in schema["properties"].items():
        default = "" if key in required else _default(field)
        yield f"| `{key}` | {_kind(field, defs)} | {default} | {_text(field.get('description', ''))} |\n"
    for key, field in schema["properties"].items():
        for name, place in _models(field, key):
            if name not in told:
                told.add(name)
                yield f"\n### `{prefix}{place}`\n"
                yield from _section(defs[name], defs, f"{prefix}{place}.", told)


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "as below" if isinstance(default, dict) and default else f"`{json.dumps(default, ensure_ascii=False)}`"


def _models(field: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Models that a field's value is made of, and the place where they stand."""
    if "$ref" in field:
        yield field["$ref"].rpartition("/")[2], place
    for part in (*field.get("anyOf", ()), *field.get("oneOf", ()), *field.get("allOf", ())):
        yield from _models(part, place)
    if isinstance(field.get("items"), dict):
        yield from _models(field["items"], f"{place}[]")
    if isinstance(field.get("additionalProperties"), dict):
        yield from _models(field["additionalProperties"], f"{place}.<name>")


def _kind(field: dict[str, Any], defs: dict[str, Any]) -> str:
    """The allowed values of a field, in words."""
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in field.get(key, ())]
    if parts:
        return " or ".join(dict.fromkeys(_kind(part, defs) for part in parts))
    if "$ref" in field:
        return "mapping"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        if "prefixItems" in field:
            kinds = dict.fromkeys(_kind(part, defs) for part in field["prefixItems"])
            return f"{len(field['prefixItems'])} × {' / '.join(kinds)}"
        return f"list of {_kind(field.get('items', {}), defs)}"
    if field.get("type") == "object":
        return f"mapping of {_kind(field.get('additionalProperties', {}), defs)}"
    names = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "null",
    }
    return " ".join([names.get(field.get("type", ""), "anything"), *_bounds(field)])


def _bounds(field: dict[str, Any]) -> Iterator[str]:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    for key, sign in signs.items():
        if key in field and field[key] < LARGEST_COUNT:
            yield f"{sign} {field[key]:g}"


def _text(description: str) -> str:
    """A docstring as one cell of a table: literals as code, references by their last name."""
    text = " ".join(description.split()).replace("``", "`").replace("|", "\\|")
    parts = text.split("`")
    parts[1::2] = [part.rpartition(".")[2] if part.startswith("qcrystal.") else part for part in parts[1::2]]
    return "`".join(parts)


def write(root: Path) -> list[Path]:
    """Write the page and the schemas into a repository; returns what was written."""
    texts = {PAGE: page(), **{f"{SCHEMAS}/{name}": text for name, text in schemas().items()}}
    for name, text in texts.items():
        (root / name).parent.mkdir(exist_ok=True)
        write_whole(root / name, text)
    return [root / name for name in texts]
