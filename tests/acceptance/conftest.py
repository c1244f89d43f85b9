"""Measured values of the acceptance tests, for the table in the documentation."""

import csv
import os
from pathlib import Path

import pytest

COLUMNS = ["line", "test", "quantity", "measured", "error", "reference", "allowed", "unit"]
ROWS = []


@pytest.fixture
def measured(request):
    """Function that asserts a measured value against its reference and notes both.

    ``allowed`` is a deviation: of the reference if ``relative``, else in the unit; ``error`` is one standard error.
    """

    def check(line, quantity, value, reference, allowed, unit="", error=None, relative=True):
        note = f"{100 * allowed:g} %" if relative else f"{allowed:g}"
        ROWS.append(
            [
                line,
                request.node.name,
                quantity,
                f"{value:.5g}",
                "" if error is None else f"{error:.1g}",
                f"{reference:.5g}",
            ]
        )
        ROWS[-1] += [note, unit]
        expected = pytest.approx(reference, rel=allowed) if relative else pytest.approx(reference, abs=allowed, rel=0)
        assert value == expected, quantity

    return check


def pytest_sessionfinish(session):
    """Write the table to the file that the environment variable ``MEASURED`` names; `make acceptance` sets it."""
    target = os.environ.get("MEASURED")
    if target and ROWS:
        path = Path(target)
        kept = []
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                old = list(csv.reader(file))[1:]
            tests = {row[1] for row in ROWS}
            kept = [row for row in old if row[1] not in tests]
        rows = sorted([*kept, *map(list, ROWS)], key=lambda row: (int(row[0]), row[1]))
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
