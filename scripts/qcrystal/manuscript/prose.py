"""Captions and notes as HTML: mathematics between dollar signs becomes letters, subscripts and superscripts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

LETTERS = {"theta": "θ", "gamma": "γ", "beta": "β", "hbar": "ħ", "omega": "ω", "circ": "°", "times": "×", "to": "→"}
LETTERS |= {"infty": "∞", "geq": "≥", "leq": "≤", "langle": "⟨", "rangle": "⟩", "approx": "≈", "pm": "±", "%": "%"}
MACRON = "\u0304"
LETTER_RUN = re.compile("[A-Za-z]+")
FUNCTIONS = ("max", "min", "log")
UPRIGHT = "\x00"
DROPPED = str.maketrans({"\\": "", "{": "", "}": "", "-": "−"})
FORMULA = re.compile(r"\b(?:[A-Z][a-z]?\d*){2,}\b")


def to_html(text: str) -> Markup:
    """A text with mathematics between dollar signs, and chemical formulas, as HTML."""
    parts = re.split(r"\$([^$]*)\$", text)
    return Markup("").join(
        _mathematics(part) if number % 2 else Markup(FORMULA.sub(_formula, str(escape(part))))
        for number, part in enumerate(parts)
    )


def number_to_html(entry: Mapping[str, Any]) -> Markup:
    """A number or a text of ``numbers.json`` with its unit, as HTML."""
    text = entry["value"] if isinstance(entry["value"], str) else entry["text"]
    return to_html(" ".join(filter(None, [text, entry.get("unit", "")])))


def _formula(found: re.Match[str]) -> str:
    """LaH10 with its number as a subscript; words of capitals alone are no formulas."""
    return re.sub(r"(\d+)", r"<sub>\1</sub>", found[0]) if re.search("[a-z]", found[0]) else found[0]


def _mathematics(text: str) -> Markup:
    """One formula of matplotlib's mathematics: letters stand in italics, names of functions and of units upright."""
    shown = str(escape(text))
    shown = re.sub(r"\\bar\{(.)\}", rf"\1{MACRON}", shown)
    shown = re.sub(r"\\(?:mathrm|text)\{([^{}]*)\}", rf"{{{UPRIGHT}\1{UPRIGHT}}}", shown)
    shown = re.sub(r"\\sqrt\{?(\w+)\}?", r"√\1", shown)
    shown = re.sub(r"\^\\circ", "°", shown)
    for sign, tag in (("_", "sub"), ("^", "sup")):
        shown = re.sub(rf"{re.escape(sign)}(?:\{{([^{{}}]*)\}}|(\\?\w))", rf"<{tag}>\1\2</{tag}>", shown)
    shown = re.sub(r"\\([a-z%]+) ?", lambda found: LETTERS.get(found[1], ""), shown)
    shown = shown.replace("\\,", "\u2009").translate(DROPPED)
    kept = re.split(rf"(</?\w+>|&\w+;|{UPRIGHT}[^{UPRIGHT}]*{UPRIGHT})", shown)
    italic = (part if number % 2 else LETTER_RUN.sub(_italic, part) for number, part in enumerate(kept))
    return Markup("".join(italic).replace(UPRIGHT, ""))


def _italic(found: re.Match[str]) -> str:
    return found[0] if found[0] in FUNCTIONS else f"<i>{found[0]}</i>"
