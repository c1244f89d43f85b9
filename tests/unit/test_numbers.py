"""Numbers of the text: rounding by the error, exactly one row, valid macro names."""

import pandas as pd
import pytest

from qcrystal.numbers import Number, NumberError, look_up, macros


@pytest.mark.parametrize(
    ("value", "error", "digits", "text"),
    [
        (905.4, 12.3, 0, "905(13)"),
        (905.44, 0.31, 2, "905.4(4)"),
        (905.444, 0.012, 2, "905.44(2)"),
        (0.35123, 0.0123, 4, "0.351(13)"),
        (199.7, None, 1, "199.7"),
        (199.7, float("nan"), 1, "199.7"),
    ],
)
def test_value_is_never_printed_beyond_its_error(value, error, digits, text):
    assert Number("X", value, error, "", digits, "t.csv").text() == text


def test_a_number_that_cannot_be_derived_is_not_printed():
    with pytest.raises(NumberError, match="t.csv"):
        Number("X", float("nan"), None, "", 1, "t.csv").text()
    table = pd.DataFrame({"a": [1, 1], "b": [2, 3]})
    assert look_up(table, "t.csv", a=1, b=3).b == 3
    for conditions in ({"a": 1}, {"a": 2}, {"c": 1}):
        with pytest.raises(NumberError, match="t.csv"):
            look_up(table, "t.csv", **conditions)


def test_macros_have_letters_only_and_stand_once():
    number = Number("Force", 195.0, None, "K", 0, "t.csv")
    assert r"\newcommand{\Force}{\ensuremath{195\,\mathrm{K}}}" in macros([number])
    with pytest.raises(NumberError):
        macros([number, number])
    with pytest.raises(NumberError):
        macros([Number("A1", 1.0, None, "", 0, "t.csv")])
