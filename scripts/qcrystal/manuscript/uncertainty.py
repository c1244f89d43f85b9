"""The form in which a value and its standard error are printed, in every figure, table and text.

The rule: the error has two significant digits, and the value ends at the same digit as its error. 3.512 ± 0.21 prints
``3.51(21)``. Both are rounded to the nearest [GUM, JCGM 100:2008, section 7.2.6]. The Particle Data Group prints one
digit of errors whose three leading digits are 355 to 949. We always print two, so that no reader has to know that rule.
An error of 1 to 10 keeps its own decimal point, ``8.3(1.2)``, as in the ``uncertainties`` package.
"""

from __future__ import annotations

import math

from uncertainties import ufloat

ERROR_DIGITS = 2
UNKNOWN = "(?)"
"""Mark in place of an error that could not be estimated."""
NO_VALUE = "not determined"


def value_text(value: float, error: float | None, decimals: int | None = None) -> str:
    """A value with its standard error, both in the same unit: ``3.51(21)``.

    Parameters
    ----------
    value
        Not a number prints ``not determined``.
    error
        Standard error. Not a number: it could not be estimated, and ``(?)`` says so. None or 0: the value has no
        statistical error, and stands alone.
    decimals
        Of a value that has no error to round it by; None prints three significant digits.

    Raises
    ------
    ValueError
        If the error is negative or infinite.
    """
    if not math.isfinite(value):
        return NO_VALUE
    if error is None or error == 0 or math.isnan(error):
        alone = f"{value:.3g}" if decimals is None else f"{value:.{decimals}f}"
        return alone + (UNKNOWN if error is not None and math.isnan(error) else "")
    if error < 0 or math.isinf(error):
        raise ValueError(f"the standard error is {error}, but must be a number of at least 0; correct what computes it")
    place = ERROR_DIGITS - 1 - math.floor(math.log10(float(f"{error:.{ERROR_DIGITS - 1}e}")))
    if place < 0:  # two digits end before the units: both are rounded to tens, hundreds, ...
        return f"{round(value, place):.0f}({round(error, place):.0f})"
    return f"{ufloat(value, error):.{ERROR_DIGITS}ufS}"


def scientific_text(value: float, error: float | None) -> str:
    """``1.20(30)×$10^{-6}$``: `value_text` times a power of ten, which is in mathematical text."""
    if not math.isfinite(value) or value == 0:
        return value_text(value, error)
    known = error if error is not None and math.isfinite(error) else 0.0
    exponent = math.floor(math.log10(max(abs(value), known)))
    scale = 10.0**exponent
    mantissa = value_text(value / scale, None if error is None else error / scale)
    return f"{mantissa}×$10^{{{exponent}}}$"
