"""Numbers of the text: rounding by the error, exactly one row, valid macro names."""

import itertools

import numpy as np
import pandas as pd
import pytest

from qcrystal.manuscript.numbers import Number, NumberError, Text, look_up, macros, observed


@pytest.mark.parametrize(
    ("value", "error", "digits", "text"),
    [
        (905.4, 12.3, 0, "905(12)"),
        (905.44, 0.31, 2, "905.44(31)"),
        (905.444, 0.012, 2, "905.444(12)"),
        (0.35123, 0.0123, 4, "0.351(12)"),
        (199.7, None, 1, "199.7"),
        (199.7, float("nan"), 1, "199.7(?)"),
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


def sweep(values: dict, pressures=(100.0, 200.0)) -> pd.DataFrame:
    """Summary of a sweep with one row per replica: {observable: values of the replicas}."""
    rows = [
        {"system": "lah10", "method": "qtb", "isotope": "H", "start": "cubic", "atoms": 44, "species": "H"}
        | {"pressure_target": pressure, "temperature_target": 5.0, "observable": name}
        | {"replica": replica, "run": f"{pressure}-{replica}", "length_ps": 20.0, "value": value, "error": 1.0}
        for pressure, (name, replicas) in itertools.product(pressures, values.items())
        for replica, value in enumerate(replicas)
    ]
    return pd.DataFrame(rows)


def test_replicas_are_averaged():
    """Three replicas that scatter by 10 K: error 10/sqrt(3), more than the propagated 1/sqrt(3)."""
    table = sweep({"temperature": [890.0, 900.0, 910.0]})
    at = {"pressure_target": 200, "temperature_target": 5, "species": "H"}
    number = observed("T", table, "t.csv", "temperature", "K", 0, **at)
    assert (number.value, number.error) == pytest.approx((900.0, 10.0 / np.sqrt(3)))
    both = sweep({"temperature": [890.0, 900.0, 910.0], "temperature_corrected": [850.0, 850.0, 850.0]})
    number = observed("T", both, "t.csv", "temperature", "K", 0, **at)
    assert (number.value, number.error) == pytest.approx((850.0, 1.0 / np.sqrt(3)))
    one = both[(both["observable"] == "temperature") | (both["replica"] == 1)]  # the others were too short to tell
    number = observed("T", one, "t.csv", "temperature", "K", 0, **at)
    assert number.value == pytest.approx((890.0 + 850.0 + 910.0) / 3)
    with pytest.raises(NumberError, match="2 rows"):
        observed("T", table, "t.csv", "temperature", "K", 0, temperature_target=5)
    with pytest.raises(NumberError, match="0 rows with observable = volume"):
        observed("V", table, "t.csv", "volume", "", 0, **at)


def test_a_text_is_printed_as_it_stands():
    assert macros([Text("Potential", "lah10_50%", "card.yaml")]).endswith(
        r"\newcommand{\Potential}{lah10\_50\%}" + "\n"
    )


def test_macros_have_letters_only_and_stand_once():
    number = Number("Force", 195.0, None, "K", 0, "t.csv")
    assert r"\newcommand{\Force}{\ensuremath{195\,\mathrm{K}}}" in macros([number])
    with pytest.raises(NumberError):
        macros([number, number])
    with pytest.raises(NumberError):
        macros([Number("A1", 1.0, None, "", 0, "t.csv")])
