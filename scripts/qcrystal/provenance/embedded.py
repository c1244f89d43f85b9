"""The identifier that a figure, a table or a document carries in itself, so that it can be asked where it came from."""

from __future__ import annotations

import json
import mmap
import os
import re
from pathlib import Path

from qcrystal.files import write_whole
from qcrystal.provenance.record import refuse_deep

PNG = b"\x89PNG\r\n\x1a\n"
"""First bytes of a PNG."""
PATTERN = re.compile(rb"prov_id[ :]+\(?([0-9a-f]{64})")
LARGEST = 64_000_000  # bytes of a JSON document that is read
LONGEST_TEXT = 10_000  # bytes of a text in a PNG that is read
TEXT_HEAD = 200  # bytes of a text file within which its identifier stands
COMMENTS = {".csv": "#", ".tex": "%"}
CARRIERS = (".png", ".pdf", ".svg", *COMMENTS)
"""Suffixes of outputs that carry the identifier of their job's record, each of them."""
NUMBERS = "numbers.json"
"""The numbers of the manuscript carry it too."""


class UnreadableError(ValueError):
    """A file that is not of the kind that its suffix says."""


def carries(path: str) -> bool:
    """Whether an output, by its name, must carry an identifier."""
    return path.endswith(CARRIERS) or path.rsplit("/", 1)[-1] == NUMBERS


def embedded_identifier(path: Path) -> str | None:
    """Identifier of the record that a file carries; None if it carries none.

    PNG: text chunk ``prov_id``. PDF: keyword. SVG: anywhere. CSV, TeX: first line. JSON: member ``prov_id``.

    Raises
    ------
    UnreadableError
        The file cannot be read as what it is called.
    """
    path = Path(path)
    try:
        if path.suffix == ".png":
            return _of_png(path)
        if path.suffix == ".json":
            if path.stat().st_size > LARGEST:
                raise ValueError("too large")
            text = path.read_bytes()
            refuse_deep(text)
            document = json.loads(text.decode("utf-8"))
            found = document.get("prov_id") if isinstance(document, dict) else None
            return found if isinstance(found, str) else None
        if path.suffix not in CARRIERS or not path.stat().st_size:
            return None
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            marked = PATTERN.search(content if path.suffix in (".pdf", ".svg") else content[:TEXT_HEAD])
            return marked[1].decode() if marked else None
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        raise UnreadableError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error


def _of_png(path: Path) -> str | None:
    """Text chunk of a PNG; found by its frame alone, so that no picture has to be unpacked."""
    with open(path, "rb") as file:
        if file.read(len(PNG)) != PNG:
            raise ValueError("not a PNG")
        while len(frame := file.read(8)) == 8:
            length = int.from_bytes(frame[:4], "big")
            if frame[4:] == b"tEXt" and length < LONGEST_TEXT:
                name, _, text = file.read(length).partition(b"\0")
                if name == b"prov_id":
                    return text.decode("latin-1")
                length = 0
            file.seek(length + 4, os.SEEK_CUR)
    return None


def stamp(path: Path, identifier: str) -> None:
    """Put the identifier into the first line of a table that does not carry it yet, such as one that a worker wrote."""
    sign = COMMENTS.get(path.suffix)
    if sign and path.is_file() and not path.read_bytes()[:TEXT_HEAD].startswith(f"{sign} prov_id ".encode()):
        write_whole(path, f"{sign} prov_id {identifier}\n".encode() + path.read_bytes())
