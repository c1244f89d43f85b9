"""Choosing some of many values."""

import pytest

from qcrystal.fields import spread


@pytest.mark.parametrize(
    ("count", "ends", "expected"),
    [
        (None, True, list(range(10))),
        (10, True, list(range(10))),
        (12, False, list(range(10))),
        (1, True, [5]),
        (2, True, [0, 9]),
        (4, True, [0, 3, 6, 9]),
        (3, False, [0, 3, 6]),
        (5, False, [0, 2, 4, 6, 8]),
    ],
)
def test_spread_is_even(count, ends, expected):
    assert spread(range(10), count, ends) == expected
