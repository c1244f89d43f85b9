"""Numbers typed into the manuscript are found; labels, references, formulas and chosen conditions are none."""

import pytest

from qcrystal.manuscript.typed_numbers import typed_numbers

DOCUMENT = r"""% typed: 200~GPa
\documentclass[10pt]{article}
\begin{document}
At 200~GPa LaH$_{10}$ [Phys.\ Rev.\ B \textbf{108}, 064102 (2023)] has \Energy\ (Fig.~\ref{fig:2a}, Ref.~\cite{qin2023}). % 42
TEXT
\end{document}
"""


def test_a_clean_text_has_none():
    assert typed_numbers(DOCUMENT.replace("TEXT", "")) == []


@pytest.mark.parametrize(
    "text",
    ["1013~K", "8.3(1.2)~K", "2.93 meV/atom", "0.42(5)", "12\\%", "5.103~Å", "-3.5", "300~GPa", "1.2\\times10^{-6}"],
)
def test_a_typed_result_is_named_with_its_line(text):
    found = typed_numbers(DOCUMENT.replace("TEXT", f"The value is {text} here."))
    assert found and {typed.line for typed in found} == {5}
    assert text.startswith(found[0].text.split()[0].split("~")[0])


def test_the_manuscript_has_none(root):
    assert typed_numbers((root / "manuscript" / "lah10.tex").read_text(encoding="utf-8")) == []
