"""Phases and boundaries by order parameters with errors: each branch of the rule on numbers whose answer is plain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qcrystal.analysis.phases import boundaries, boundary, phase, phases
from qcrystal.analysis.sweeps import every_run


@pytest.mark.parametrize(
    "value, error, samples, known",
    [
        (0.9, 0.05, 20, "distorted"),
        (0.05, 0.05, 20, "symmetric"),
        (0.35, 0.05, 20, "undecided"),  # one error above the threshold
        (0.9, np.nan, 20, "undecided"),
        (0.9, 0.05, 2, "undecided"),
        (np.nan, 0.05, 20, "undecided"),
    ],
)
def test_a_phase_is_decided_by_two_errors_and_four_samples(value, error, samples, known):
    assert phase(value, error, 0.3, samples) == known


def points(**by_pressure: str) -> pd.DataFrame:
    rows = [(float(name[1:]), value) for name, value in by_pressure.items()]
    return pd.DataFrame(rows, columns=["pressure_target", "phase"])


def test_the_boundary_is_between_the_last_distorted_and_the_first_symmetric_run():
    found = boundary(points(p100="distorted", p120="distorted", p130="undecided", p150="symmetric", p200="symmetric"))
    assert (found.below, found.above, found.contradicts) == (120, 150, False)
    assert (found.middle, found.half_width) == (135, 15)


def test_a_boundary_outside_of_what_was_run_has_one_side():
    assert np.isnan(boundary(points(p100="symmetric", p150="symmetric")).below)
    assert np.isnan(boundary(points(p100="distorted", p150="undecided")).above)
    assert np.isnan(boundary(points(p100="undecided")).middle)


def test_hysteresis_is_told():
    found = boundary(points(p100="symmetric", p120="distorted", p150="symmetric"))
    assert found.contradicts and (found.below, found.above) == (120, 150)


def test_phases_of_a_sweep_average_replicas_and_keep_starts_apart():
    head = {"system": "x", "method": "pimd", "isotope": "H", "atoms": 8, "temperature_target": 300.0}
    head |= {"observable": "angle_deviation", "length_ps": 5.0, "n_effective": 3.0, "error": 0.05}
    rows = pd.DataFrame(
        head | {"start": start, "pressure_target": 100.0, "value": value, "run": f"{start}{value}"}
        for start, value in (("cubic", 0.05), ("cubic", 0.06), ("rhombohedral", 0.9), ("rhombohedral", 0.95))
    )
    found = phases(rows, "angle_deviation", 0.3).set_index("start")
    assert found["phase"].to_dict() == {"cubic": "symmetric", "rhombohedral": "distorted"}
    assert (found["n_effective"] == 6.0).all()
    assert boundaries(found.reset_index())["contradicts"].tolist() == [True]


def test_few_degrees_of_freedom_decide_less():
    """Of two replicas (one degree of freedom) the interval as sure as two errors is 7.6 errors wide to each side."""
    assert phase(1.0, 0.2, 0.3) == "distorted"
    assert phase(1.0, 0.2, 0.3, freedom=1.0) == "undecided"


def test_a_run_that_two_sweeps_share_is_no_replica_of_itself():
    rows = pd.DataFrame(
        {
            "run": ["a", "b"],
            "observable": "angle_deviation",
            "species": "all",
            "value": [0.1, 0.3],
        }
    )
    assert every_run([rows, rows[:1]])["run"].tolist() == ["a", "b"]
