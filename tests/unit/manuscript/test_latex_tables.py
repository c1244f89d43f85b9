"""Tables in LaTeX: numbers with their errors, paragraphs of long texts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qcrystal.manuscript.latex import escape, heading, tabular


def test_numbers_stand_with_their_errors():
    frame = pd.DataFrame(
        {"quantity": ["K", "P", "Q"], "value": [3.512, 201.0, np.nan], "error": [0.21, np.nan, np.nan]}
    )
    text = tabular(
        frame.assign(difference=[0.1, np.nan, np.nan], error_of_difference=[0.02, np.nan, np.nan]), "caption"
    )
    assert "3.51(21) & 0.100(20)" in text
    assert "201(?) & --" in text
    assert "Q & -- & --" in text
    assert "error" not in text.splitlines()[3]


def test_missing_whole_numbers_are_dashes():
    whole = pd.DataFrame({"model": ["ours", "theirs"], "compounds": pd.array([10, None], dtype="Int64")})
    text = tabular(whole, "caption")
    assert "ours & 10 " in text and "theirs & -- " in text


def test_long_texts_are_paragraphs_that_fill_the_line():
    frame = pd.DataFrame({"claim": ["a" * 90], "verdict": ["not decidable here"], "n": [3]})
    head = tabular(frame, "caption").splitlines()[1]
    shares = [float(part.split("\\linewidth")[0]) for part in head.split("p{")[1:]]
    assert len(shares) == 2 and 0.8 < sum(shares) < 1.0 and shares[0] > shares[1]
    assert head.endswith("r}")
    assert "p{" not in tabular(frame.assign(claim="short"), "caption")


def test_powers_of_ten_stay_mathematics():
    assert r"8.3(1.0)$\times$$10^{-7}$" in tabular(pd.DataFrame({"ours": ["8.3(1.0)×$10^{-7}$"]}), "caption")


def test_a_column_without_any_text_is_dashes():
    """Differences from a method that has not run: all of them are missing."""
    frame = pd.DataFrame({"method": ["QTB", "PIMD"], "minus": [np.nan, np.nan], "error_of": [np.nan, np.nan]})
    lines = tabular(frame.astype({"method": object}), "caption").splitlines()
    assert [line.count("--") for line in lines if "QTB" in line or "PIMD" in line] == [1, 1]
    empty = pd.DataFrame({"a": pd.Series([None, None], dtype="str"), "b": [1.0, 2.0]})
    assert tabular(empty, "caption").count("--") == 2


def test_greek_letters_of_captions_are_mathematics():
    """pdflatex knows no letter beyond Latin-1 by itself."""
    assert escape("ħω = 2πν, λ at Γ …") == r"$\hbar$$\omega$ = 2$\pi$$\nu$, $\lambda$ at $\Gamma$ \dots{}"


def test_headings_name_units_and_have_short_lines():
    """What stands before the bracket is the quantity; no line is longer than a word or the twelve signs that were chosen."""
    assert heading("zero_point_barrier_eV") == "zero point barrier (eV)"
    assert heading("DFT_largest_force_eV_per_A") == r"DFT largest force (eV/\AA{})"
    assert heading("log_rate_300K_classical") == "log rate 300K classical" and heading("K") == "K"
    header = tabular(pd.DataFrame({"zero_point_barrier_eV": [0.0919]}), "caption").splitlines()[3]
    assert r"zero point\\barrier (eV)" in header and r"\begin{tabular}[b]" in header


def test_numbers_without_an_error_have_few_digits():
    """Three to five digits: a difference in the last of a lattice constant stays, that of an angle goes."""
    text = tabular(pd.DataFrame({"x": [4.749, -0.0008, 15.0491, -16.345, 305.93]}), "caption")
    numbers = [line.split()[0] for line in text.splitlines()[5:10]]
    assert numbers == ["4.7490", "-0.0008", "15.05", "-16.34", "305.9"]
