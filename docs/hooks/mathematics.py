"""Formulas as MathML, which browsers draw by themselves: the site needs no network and no script for them."""

import re

from latex2mathml.converter import convert

CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$([^$\n]+?)\$(?![\w$])")


def on_page_markdown(markdown: str, **_) -> str:
    """Replace ``$...$`` and ``$$...$$`` outside of code."""
    parts = CODE.split(markdown)
    for number in range(0, len(parts), 2):
        text = DISPLAY.sub(lambda found: "\n\n" + convert(found[1].strip(), display="block") + "\n\n", parts[number])
        parts[number] = INLINE.sub(lambda found: convert(found[1].strip()), text)
    return "".join(parts)
