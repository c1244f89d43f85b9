"""A document that stands in several files, one put over the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qcrystal.config.messages import Place


@dataclass(frozen=True)
class Layers:
    """A document in parts: name and content of each file; a value of a later one replaces that of an earlier one.

    ``homes`` tells for keys of the outermost mapping in which file they belong where none has them; the first by default.
    """

    parts: Sequence[tuple[str, Mapping]]
    homes: Mapping[str, str] = field(default_factory=dict)

    def merged(self) -> dict:
        """The whole document: mappings are joined key by key, everything else is replaced."""
        whole: dict = {}
        for _, document in self.parts:
            whole = put_over(whole, document)
        return whole

    def origin(self, place: Place) -> str:
        """File of the value at a place; of a value that is missing, the file of the mapping that it should be in."""
        depths = [_depth(document, place) for _, document in self.parts]
        if max(depths) == 0:
            return self.homes.get(str(place[0]), self.parts[0][0]) if place else self.parts[0][0]
        return next(
            name
            for (name, _), depth in zip(reversed(self.parts), reversed(depths), strict=True)
            if depth == max(depths)
        )


def put_over(lower: Mapping, upper: Mapping) -> dict:
    """Two mappings as one, in which the upper one counts."""
    whole = dict(lower)
    for key, value in upper.items():
        below = whole.get(key)
        whole[key] = put_over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return whole


def _depth(document: Any, place: Place) -> int:
    """How many keys of a place lead somewhere."""
    for depth, part in enumerate(place):
        if isinstance(document, Mapping):
            found = next((key for key in document if str(key) == str(part)), None)
        elif isinstance(document, list) and str(part).isdecimal() and int(part) < len(document):
            found = int(part)
        else:
            found = None
        if found is None:
            return depth
        document = document[found]
    return len(place)
