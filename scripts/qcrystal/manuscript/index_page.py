"""The front page of the results: every figure, table and number with its caption, downloads and page of origin."""

from __future__ import annotations

import base64
import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from qcrystal.files import identifier, write_whole
from qcrystal.io.tables import MARK
from qcrystal.manuscript.prose import number_to_html, to_html

TEMPLATE = "index.html.j2"
AUDIT = "audit/{}.html"  # place of the page of origin of a figure, a table, or the numbers
MANY_ROWS = 14  # from which a table is shown on demand
PNG_WIDTH = slice(16, 20)  # of a PNG's bytes: its width in pixels
ONE_COLUMN = 1400  # pixels; a wider picture has the whole width of the page


@dataclass(frozen=True)
class Item:
    """One figure or table of the page.

    Attributes
    ----------
    name, category
        Its name, and the heading under which it stands.
    files
        Its files: a picture and its PDF, or a table and its LaTeX.
    sources
        Tables that it is drawn from.
    """

    name: str
    category: str
    files: tuple[Path, ...]
    sources: tuple[Path, ...] = field(default=())

    @property
    def caption_file(self) -> Path:
        """Its caption and notes."""
        return self.files[0].with_suffix(".caption.json")


def index_page(title: str, subtitle: str, items: Iterable[Item], numbers: Mapping[str, Any], folder: Path) -> str:
    """The page as HTML. Pictures and tables are part of it; downloads are links to files near it.

    Parameters
    ----------
    numbers
        The document of ``numbers.json``.
    folder
        Where the page will stand.
    """
    sections: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        sections.setdefault(item.category, []).append(_article(item, folder))
    environment = Environment(
        loader=PackageLoader("qcrystal.manuscript", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE).render(
        title=title,
        subtitle=subtitle,
        sections=sections,
        numbers=[_number(name, entry, folder) for name, entry in numbers["numbers"].items()],
        record=identifier(),
        many=MANY_ROWS,
    )


def _link(path: Path, folder: Path) -> str:
    """Address of a file relative to the page."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _article(item: Item, folder: Path) -> dict[str, Any]:
    """Fields of a figure or table for the template."""
    told = json.loads(item.caption_file.read_text(encoding="utf-8"))
    first = item.files[0]
    picture = first.read_bytes() if first.suffix == ".png" else None
    return {
        "name": item.name,
        "caption": to_html(told["caption"]),
        "notes": [to_html(note[:1].upper() + note[1:]) for note in told["notes"]],
        "picture": base64.b64encode(picture).decode() if picture else None,
        "wide": picture is None or int.from_bytes(picture[PNG_WIDTH]) > ONE_COLUMN,
        "table": None if picture else _rows(first),
        "downloads": [(path.suffix[1:].upper(), _link(path, folder)) for path in item.files],
        "sources": [(path.name, _link(path, folder)) for path in item.sources],
        "audit": AUDIT.format(item.name),
    }


def _rows(path: Path) -> list[list[str]]:
    """Cells of a table as they are shown: names of columns in words, numbers with five digits."""
    with open(path, encoding="utf-8") as file:
        head, *body = csv.reader(line for line in file if not line.startswith(MARK))
    return [[name.replace("_", " ") for name in head], *([_cell(value) for value in row] for row in body)]


def _cell(value: str) -> str:
    """A number with five digits, or a text whose mathematics is HTML."""
    try:
        return f"{float(value):.5g}"
    except ValueError:
        return to_html(value)


def _number(name: str, entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Fields of a number for the template."""
    return {
        "meaning": to_html(entry["meaning"]),
        "text": number_to_html(entry),
        "audit": f"{AUDIT.format('numbers')}#{name}",
        "source": (Path(entry["source"]).name, _link(Path(entry["source"]), folder)),
    }


def write_index(title: str, subtitle: str, items: Iterable[Item], numbers: Path, page: Path) -> None:
    """Write the page; it appears whole."""
    document = json.loads(numbers.read_text(encoding="utf-8"))
    write_whole(page, index_page(title, subtitle, items, document, page.parent))
