"""Sentences of Markdown pages and docstrings, and how many words each has."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

CODE_BLOCK = re.compile(r"^ *(```|~~~).*?^ *\1", re.M | re.S)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
ATOMS = re.compile(r"``[^`]*``|`[^`]*`|\$[^$]*\$")
ABBREVIATION = re.compile(
    r"\b(e\.g|i\.e|et al\*?|Figs?|Eqs?|eqs?|sec|Ref|Phys|Rev|Lett|Chem|Theory|Comput|Commun|Nat|Mod|Stat|Mater|Math|Mech"
    r"|Proc|Soc|Am|Bus|Appl|Cryst|Acta|vs|no|(?:^|(?<=[,:] )|(?<=and )|(?<=of )|(?<=[(\[.])|(?<=\. ))[A-Z](?=\. ?[A-Z]))\."
)
CITATION = re.compile(
    r"\b(?:(?:Acta|Adv|Am|Appl|Biometrika|Bus|Chem|Commun|Comput|Cryst|J|Lett|Mater|Math|Mech|Mod|Nat|Nature|New|npj|Phys|Proc"
    r"|Rep|Rev|Sci|Soc|Stat|Theory|[A-EX]) )+\**\d+\**(?:, \w+)?(?: \(\d{4}\))?"
)
END = re.compile(r"(?<=[.!?])[*_)\"'\]]*\s+")
PARAMETER = re.compile(r"\*{0,2}\w+(, \*{0,2}\w+)* : ")
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
        ends = ends or "   " in stripped or PARAMETER.match(stripped)  # "   ": a row of a table
        if lines and (ends or item or indent != depth):
            yield " ".join(lines)
            lines = []
        if stripped.startswith("|"):
            yield from (cell.strip() for cell in stripped.strip("|").split("|") if cell.strip(" -:"))
        elif not ends:
            lines.append(stripped[item.end() :] if item else stripped)
        depth = indent + item.end() if item else indent


def plain(text: str) -> str:
    """A text in which a code span, a formula and a journal's volume and page are one word each."""
    return CITATION.sub("citation", ABBREVIATION.sub(r"\1", ATOMS.sub("code", text)))


def words(sentence: str) -> int:
    """Words and numbers of a sentence, those in brackets too; signs are none."""
    return len([part for part in plain(sentence).split() if re.search(r"[^\W_]", part)])


def long_sentences(text: str, most: int) -> list[str]:
    """Sentences with more words than allowed, each after its number of words.

    A sentence ends with a full stop, a question mark, an exclamation mark, or with its paragraph, item or cell.
    So a colon or semicolon ends it only before a list, a table or code.
    """
    found = []
    for block in blocks(text):
        for sentence in END.split(plain(block)):
            if words(sentence) > most:
                found.append(f"{words(sentence)}: {sentence}")
    return found


def docstrings(path: Path) -> Iterator[str]:
    """Docstrings of a module, its classes, functions, and of what is assigned in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for field in ("body", "orelse", "finalbody"):
            for statement in getattr(node, field, []) if isinstance(getattr(node, field, []), list) else []:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    if isinstance(statement.value.value, str):
                        yield inspect.cleandoc(statement.value.value)
