"""Sentences are short: at most 25 words from one full stop to the next (CONTRIBUTING.md)."""

import pytest
import yaml
from sentences import blocks, docstrings, long_sentences, words

LONGEST = 25


def pages(root):
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]


def test_sentences_of_the_pages_are_short(root):
    long = {page.relative_to(root).as_posix(): long_sentences(page.read_text(), LONGEST) for page in pages(root)}
    assert {page: found for page, found in long.items() if found} == {}


def test_sentences_of_docstrings_are_short(root):
    long = {}
    for path in sorted((root / "scripts").rglob("*.py")):
        found = [sentence for text in docstrings(path) for sentence in long_sentences(text, LONGEST)]
        if found:
            long[path.relative_to(root).as_posix()] = found
    assert long == {}


def test_sentences_of_captions_are_short(root):
    for path in sorted((root / "config" / "crystals").glob("*/figures.yaml")):
        figures = yaml.safe_load(path.read_text(encoding="utf-8"))["figures"]
        found = {name: long_sentences(figure["caption"], LONGEST) for name, figure in figures.items()}
        assert {name: long for name, long in found.items() if long} == {}


@pytest.mark.parametrize(
    ("sentence", "count"),
    [
        ("The bath acts once per step.", 6),
        ("The mean (over atoms (of La) and time) of `x + y` is $a + b$ eV.", 13),
        ("1.5 ± 0.1 GPa and 3 %", 5),
        ("See Phys. Rev. B **108**, 064102 (2023).", 2),
        ("It is near 250 K; it has two sites: La and H.", 12),
    ],
)
def test_words_are_counted_as_a_reader_does(sentence, count):
    assert words(sentence) == count


def test_code_headings_and_tables_are_told_from_sentences():
    text = "# A heading\n\nOne line\nand another.\n\n```bash\nmake a b c\n```\n"
    text += "- an item\n  that goes on\n\n| a | b c |\n|---|---|\n"
    assert list(blocks(text)) == ["One line and another.", "an item that goes on", "a", "b c"]
