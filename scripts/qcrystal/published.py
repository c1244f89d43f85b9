"""Literature values that figures and tables stand beside."""

from __future__ import annotations

from pathlib import Path

import yaml


class PublishedError(ValueError):
    """Literature values that cannot be used; the message names the file and the value."""


def read_published(path: Path) -> dict:
    """Read ``published.yaml``: ``sources``, ``values`` by id, ``figures``.

    Raises
    ------
    PublishedError
        If a section is missing or a value lacks its unit or where it is printed.
    """
    try:
        document = yaml.safe_load(Path(path).read_text())
    except yaml.YAMLError as error:
        raise PublishedError(f"{path}: is not valid YAML ({getattr(error, 'problem', error)})") from error
    for section in ("sources", "values", "figures"):
        if section not in (document or {}):
            raise PublishedError(f"{path}: section {section!r} is missing; restore it")
    for name, value in document["values"].items():
        for key in ("value", "where"):
            if key not in value:
                raise PublishedError(f"{path}: values.{name}: {key!r} is missing; say it")
    return document
