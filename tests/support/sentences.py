"""Sentences of Markdown pages and docstrings, and how many words each has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
ATOMS = re.compile(r"``[^`]*``|`[^`]*`|\$[^$]*\$")
ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|et al\*?|Fig|Eq|eq|Phys|Rev|Lett|Chem|vs|no)\.")
END = re.compile(r"(?<=[.!?;:])[*_)\"']*\s+")
NEW_BLOCK = re.compile(r"([-*+]|\d+\.)\s+")


def blocks(text: str) -> Iterator[str]:
    """Paragraphs, items of lists and cells of tables, without code, headings and formulas that stand alone."""
    text = LINK.sub(r"\1", CODE_BLOCK.sub("\n", text))
    lines, depth = [], 0
    for line in [*text.split("\n"), ""]:
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        item = NEW_BLOCK.match(stripped)
        ends = not stripped or stripped[0] in "#|<!>" or set(stripped) <= set("-=~$ ")
        ends = ends or "   " in stripped  # a row of a table
        if lines and (ends or item or indent != depth):
            yield " ".join(lines)
            lines = []
        if stripped.startswith("|"):
            yield from (cell.strip() for cell in stripped.strip("|").split("|") if cell.strip(" -:"))
        elif not ends:
            lines.append(stripped[item.end() :] if item else stripped)
        depth = indent + item.end() if item else indent


def plain(text: str) -> str:
    """A text in which code and formulas are one letter each, without what stands in brackets."""
    text = ATOMS.sub("X", text)
    while ASIDE.search(text):
        text = ASIDE.sub("", text)
    return ABBREVIATION.sub(r"\1", text)


def words(sentence: str) -> int:
    """Words of a sentence; numbers and signs are none."""
    return len([part for part in plain(sentence).split() if re.search(r"[^\W\d_]", part)])


def long_sentences(text: str, most: int) -> list[str]:
    """Sentences of a text with more words than allowed, each after its number of words."""
    found = []
    for block in blocks(text):
        for sentence in END.split(plain(block)):
            if words(sentence) > most:
                found.append(f"{words(sentence)}: {sentence}")
    return found


def docstrings(path: Path) -> Iterator[str]:
    """Docstrings of a module and of what is public in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not getattr(node, "name", "").startswith("_"):
                yield ast.get_docstring(node) or ""
