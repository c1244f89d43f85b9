"""value(error) against numbers as the literature prints them, and against the rule's own statement."""

import math
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qcrystal.manuscript.uncertainty import scientific_text, value_text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        # GUM (JCGM 100:2008) 7.2.2: mass standard of 100.02147 g with standard uncertainty 0.35 mg
        (100.02147, 0.00035, "100.02147(35)"),
        # GUM 7.2.6: 10.05762 Ω with 27 mΩ is to be given as 10.058 Ω
        (10.05762, 0.027, "10.058(27)"),
        # CODATA 2018: gravitational constant 6.67430(15), in 1e-11 m3/(kg s2); Bohr radius 5.29177210903(80)
        (6.67430, 0.00015, "6.67430(15)"),
        (5.29177210903, 0.00000000080, "5.29177210903(80)"),
        # Particle Data Group, introduction 5.3: 0.827 with 0.119 becomes 0.83(12)
        (0.827, 0.119, "0.83(12)"),
        # there 0.827 with 0.367 becomes 0.8(4): our rule keeps the second digit
        (0.827, 0.367, "0.83(37)"),
        # PDG rounds 0.950 to 0.999 up to 1000 and keeps two digits, as we do
        (0.827, 0.9996, "0.8(1.0)"),
        (3.512, 0.21, "3.51(21)"),
        (0.4237, 0.0123, "0.424(12)"),
        (905.4, 12.3, "905(12)"),
        (827.0, 119.0, "830(120)"),
        (12345.0, 1234.0, "12300(1200)"),
        (151.2, 99.7, "150(100)"),
        (8.31, 1.22, "8.3(1.2)"),
        (1.0, 0.0996, "1.00(10)"),
    ],
)
def test_numbers_of_the_literature(value, error, text):
    assert value_text(value, error) == text


def test_a_value_without_an_error_says_so():
    assert value_text(0.085, math.nan) == "0.085(?)"
    assert value_text(199.7, math.nan, decimals=1) == "199.7(?)"
    assert value_text(199.7, None, decimals=0) == "200"
    assert value_text(5.103, 0.0, decimals=3) == "5.103"
    assert value_text(math.nan, 0.1) == "not determined"
    for error in (-0.1, math.inf):
        with pytest.raises(ValueError, match="standard error"):
            value_text(1.0, error)


@settings(derandomize="FUZZ" not in os.environ)
@example(454976.0, 99500.0)  # the error is printed as 100000, whose second digit is ten times that of 99000
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e5))
def test_what_is_printed_is_the_number_to_half_a_digit(value, error):
    """Read back, value and error differ from the true ones by at most half of the second digit of the printed error."""
    shown, _, bracket = value_text(value, error).rstrip(")").partition("(")
    decimals = len(shown.partition(".")[2])
    read = float(bracket) if "." in bracket else float(bracket) / 10**decimals
    # half of the last of two digits is 5 % of the printed error at most; 1e-9 is for floating point
    assert abs(read - error) <= 0.05 * max(read, error) * (1 + 1e-9)
    assert abs(float(shown) - value) <= 0.05 * max(read, error) * (1 + 1e-9) + 1e-9 * abs(value)
    assert len(bracket.replace(".", "").strip("0")) <= 2


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.2e-6, 3e-7, r"1.20(30)×$10^{-6}$"),
        (8.333e-7, 1e-7, r"8.3(1.0)×$10^{-7}$"),
        (3.5e-5, None, r"3.5×$10^{-5}$"),
        (3.5e-5, math.nan, r"3.5(?)×$10^{-5}$"),
        (1.2e-8, 3e-7, r"0.1(3.0)×$10^{-7}$"),
        (0.0, 0.1, "0.00(10)"),
    ],
)
def test_powers_of_ten(value, error, text):
    assert scientific_text(value, error) == text
