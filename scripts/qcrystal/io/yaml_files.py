"""YAML files that people write: read strictly, with one line for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import yaml

from qcrystal.errors import QcrystalError, printable


class DocumentError(QcrystalError, ValueError):
    """A file that holds no mapping in YAML; its message says why, in one line without the file's name."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, of which YAML would take the last."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} stands there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> dict:
    """Read a YAML mapping; `DocumentError` if it cannot be read, is not YAML, holds a key twice, or is no mapping."""
    try:
        document = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise DocumentError(f"cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1} " if mark else ""
        reason = getattr(error, "problem", None) or str(error)
        raise DocumentError(f"{place}is not valid YAML: {printable(reason)}") from error
    except Exception as error:  # PyYAML lets through what it meets: dates of no calendar, endless nesting, ...
        raise DocumentError(f"cannot be read: {printable(str(error))}") from error
    if not isinstance(document, dict):
        raise DocumentError(f"must hold keys with values, not {type(document).__name__}")
    return document
