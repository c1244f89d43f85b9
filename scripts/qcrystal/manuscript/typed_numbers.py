"""Numbers that somebody typed into the manuscript instead of printing what the workflow derived."""

from __future__ import annotations

import re
from typing import NamedTuple

NOT_TEXT = (
    r"\\ifresult\{[^{}]*\}",
    r"\\(?:label|figurecaption|ref|eqref|cite\w*|includegraphics|bibliography\w*|input|begin|end|fittable)\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})+",
    r"\[[^\[\]]*\\textbf\{\d+\}[^\[\]]*\(\d{4}\)\]",  # a reference in brackets
    r"(?<=[A-Za-z])\$_\{?\d+\}?\$",  # a chemical formula
)
NUMBER = re.compile(r"[-+]?\d[\d.,]*\d(?:\([\d.]+\))?|[-+]?\d(?:\([\d.]+\))?")
UNIT = re.compile(r"(?:~|\\,|\s)?(?:\\%|\$\^\\circ\$|\\AA\b|[A-Za-zÅ]+(?:/[A-Za-zÅ²\d]+)?)?")
ALLOWED = re.compile(r"^\s*%\s*typed:\s*(.*)$")


class Typed(NamedTuple):
    """A number in the text: its line, and how it is written."""

    line: int
    text: str


def typed_numbers(source: str) -> list[Typed]:
    """Numbers in a LaTeX text that are neither macros nor allowed by a comment ``% typed: 200~GPa, 5~K``.

    The comment is for what is chosen, not found: pressures and temperatures of the sweeps, angles of a definition. Numbers in
    labels, references, file names and chemical formulas do not count; the preamble does not either.
    """
    lines = source.splitlines()
    allowed = {text.strip() for line in lines if (found := ALLOWED.match(line)) for text in found[1].split(",")}
    body = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in lines)
    start = body.find(r"\begin{document}")
    for pattern in NOT_TEXT:
        body = re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found[0]), body)
    typed = []
    for found in NUMBER.finditer(body, max(start, 0)):
        unit = UNIT.match(body, found.end())
        text = found[0] + (unit[0].rstrip() if unit else "")
        if text not in allowed and found[0] not in allowed:
            typed.append(Typed(body.count("\n", 0, found.start()) + 1, " ".join(text.split())))
    return typed
