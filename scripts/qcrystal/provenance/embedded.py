"""The identifier that a figure, a table or a document carries in itself, so that it can be asked where it came from."""

from __future__ import annotations

import json
import re
from pathlib import Path

from PIL import Image

PATTERN = re.compile(rb"prov_id[ :]+\(?([0-9a-f]{64})")
TEXT_HEAD = 200  # bytes of a text file within which its identifier stands


def embedded_identifier(path: Path) -> str | None:
    """Identifier of the record that a file carries; None if it carries none.

    PNG: text chunk ``prov_id``. PDF: keyword. SVG: anywhere. CSV, TeX: first line. JSON: member ``prov_id``.
    """
    path = Path(path)
    if path.suffix == ".png":
        with Image.open(path) as image:
            return image.info.get("prov_id")
    if path.suffix == ".json":
        document = json.loads(path.read_text(encoding="utf-8"))
        return document.get("prov_id") if isinstance(document, dict) else None
    if path.suffix not in (".pdf", ".svg", ".csv", ".tex"):
        return None
    content = path.read_bytes()
    found = PATTERN.search(content if path.suffix in (".pdf", ".svg") else content[:TEXT_HEAD])
    return found[1].decode() if found else None
