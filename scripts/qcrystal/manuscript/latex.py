"""Tables and captions in LaTeX."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import wrap

import pandas as pd

from qcrystal.files import identifier, write_whole
from qcrystal.manuscript.uncertainty import value_text

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {letter: f"\\{letter}" for letter in "#$%&_{}"}
SYMBOLS = {
    "Å": r"\AA{}",
    "°": r"$^\circ$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "²": "$^2$",
    "³": "$^3$",
}
SYMBOLS |= {"†": r"\dag{}", "‡": r"\ddag{}", "±": r"$\pm$", "ħ": r"$\hbar$", "…": r"\dots{}"}
GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega"
SYMBOLS |= {letter: f"$\\{name}$" for letter, name in zip("αβγδεζηθικλμνξπρστυφχψω", GREEK.split(), strict=True)}
SYMBOLS |= {"Γ": r"$\Gamma$", "Δ": r"$\Delta$", "Σ": r"$\Sigma$", "Ω": r"$\Omega$"}
SYMBOLS |= {"–": "--", "−": "$-$", "<": r"\textless{}", ">": r"\textgreater{}"}
ABBREVIATIONS = ("dp", "dft", "gpaw")
LONG_TEXT = 45  # signs; a table with longer ones has paragraphs
SHORT_TEXT = 14  # signs of the usual text that the narrowest column of paragraphs is made for
PARAGRAPHS = 0.92  # of the line that columns of paragraphs fill
DECIMALS = ((10.0, 4), (100.0, 2))  # of numbers without an error that are smaller than this; one of larger ones
UNITS = ("eV", "meV", "GPa", "K", "THz", "ps", "deg", "A", "s")
LINE = 12  # signs of a line of a heading


def escape(text: str) -> str:
    r"""A text as LaTeX prints it: special characters escaped, symbols of Unicode as commands."""
    return "".join(SPECIAL.get(letter) or SYMBOLS.get(letter) or letter for letter in text)


def escape_prose(text: str) -> str:
    """`escape` of a text in which ``$...$`` is mathematics, which stays, and formulas such as LaH10 get subscripts."""
    parts = re.split(r"(\$[^$]*\$)", text)
    return "".join(part if part.startswith("$") else _formulas(escape(part)) for part in parts)


def _formulas(text: str) -> str:
    """Chemical formulas with subscripts: LaH10 becomes LaH$_{10}$. A formula has two elements at least."""
    return re.sub(
        r"\b(?:[A-Z][a-z]?\d*){2,}\b",
        lambda found: re.sub(r"(\d+)", r"$_{\1}$", found[0]) if re.search(r"[a-z]", found[0]) else found[0],
        text,
    )


def heading(name: str) -> str:
    """A column's name as words: dp_minus_dft becomes DP $-$ DFT, and barrier_eV becomes barrier (eV)."""
    words = [
        "$-$" if word == "minus" else word.upper() if word in ABBREVIATIONS else escape(word)
        for word in name.split("_")
    ]
    first = len(words) - 3 if words[-2:-1] == ["per"] else len(words) - 1
    if first > 0 and words[first] in UNITS:
        words[first:] = ["(" + "/".join(words[first::2]).replace("A", r"\AA{}") + ")"]
    return " ".join(words)


def _stacked(text: str) -> str:
    """A heading in as few lines as fit into `LINE` signs each, where a word does."""
    lines = wrap(text, LINE, break_long_words=False, break_on_hyphens=False)
    return text if len(lines) < 2 else r"\begin{tabular}[b]{@{}c@{}}" + r"\\".join(lines) + r"\end{tabular}"


def with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """A table in which each number with a column ``error...`` behind it is one text, value(error).

    Missing numbers stay missing.
    """
    merged = frame.copy()
    for value, error in zip(frame.columns[:-1], frame.columns[1:], strict=True):
        if str(error).startswith("error") and pd.api.types.is_float_dtype(frame[value].dtype):
            pairs = zip(frame[value], frame[error], strict=True)
            texts = [None if pd.isna(number) else value_text(float(number), float(spread)) for number, spread in pairs]
            merged[value] = pd.Series(texts, index=frame.index, dtype=object)
            merged = merged.drop(columns=error)
    return merged


def _cell(text: str) -> str:
    """A cell of texts: escaped, but for mathematics between dollar signs, as powers of ten are."""
    parts = re.split(r"(\$[^$]*\$)", text)
    return "".join(part if part.startswith("$") and len(part) > 1 else escape(part) for part in parts)


def _widths(frame: pd.DataFrame, texts: list) -> dict:
    """Share of the line of each column of texts, if one of them has long texts; else nothing."""
    longest = {name: max((len(str(cell)) for cell in frame[name].dropna()), default=0) for name in texts}
    if max(longest.values(), default=0) <= LONG_TEXT:
        return {}
    usual = {name: frame[name].dropna().astype(str).str.len().mean() for name in texts}
    weights = {name: max(length, SHORT_TEXT) ** 0.7 for name, length in usual.items()}
    return {name: PARAGRAPHS * weight / sum(weights.values()) for name, weight in weights.items()}


def tabular(frame: pd.DataFrame, caption: str) -> str:
    """A table as a plain ``tabular``, its column names in words as header; missing numbers become dashes.

    Numbers stand with their errors, as `with_errors` puts them. Columns of long texts are set as paragraphs. Long headings have
    several lines.
    """
    frame = with_errors(frame)

    def number(value: object) -> str:
        known = float(str(value))
        digits = next((digits for bound, digits in DECIMALS if abs(known) < bound), 1)
        return f"{round(known, digits) + 0.0:.{digits}f}"

    texts = [name for name, kind in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    floats = [name for name, kind in frame.dtypes.items() if pd.api.types.is_float_dtype(kind)]
    style = frame.style.hide(axis="index").format(na_rep="--").format(number, subset=floats, na_rep="--")
    style = style.format(lambda value: _cell(str(value)), subset=texts, na_rep="--")
    widths = _widths(frame, texts)
    kinds = {name: rf">{{\raggedright\arraybackslash}}p{{{width:.3f}\linewidth}}" for name, width in widths.items()}
    columns = "".join(kinds.get(name, "l" if name in texts else "r") for name in frame.columns)
    heads = {str(name): (str if name in widths else _stacked)(heading(str(name))) for name in frame.columns}
    body = style.format_index(lambda name: heads[str(name)], axis="columns").to_latex(column_format=columns)
    first, header, *rows, last = body.splitlines()
    return "\n".join([f"% {caption}", first, r"\hline", header, r"\hline", *rows, r"\hline", last, ""])


def save_tabular(frame: pd.DataFrame, path: Path, caption: str) -> None:
    """Write a ``tabular`` with the identifier of the job's record; the file appears whole."""
    mark = f"% prov_id {identifier()}\n" if identifier() else ""
    write_whole(path, mark + tabular(frame, caption))
