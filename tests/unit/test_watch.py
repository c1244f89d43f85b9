"""A pressure that does not settle is told apart from one that fluctuates."""

import numpy as np
import pytest

from qcrystal.engines.watch import PressureWatch


def first_complaint(watch, pressures, interval=0.02):
    """Time (ps) and text of the first complaint about a series, None if there is none."""
    for step, pressure in enumerate(pressures):
        text = watch.complaint(step * interval, pressure)
        if text:
            return step * interval, text
    return None


def test_fluctuations_of_a_small_cell_are_left_alone():
    """±25 GPa of 44 atoms with a cell that oscillates for the first picosecond."""
    time = np.arange(500) * 0.02
    noise = np.random.default_rng(0).normal(0, 25, 500) + 60 * np.exp(-time / 0.4) * np.cos(2 * np.pi * time / 0.2)
    assert first_complaint(PressureWatch(150.0), 150 + noise) is None
    assert first_complaint(PressureWatch(None, (82.0, 215.0)), 150 + noise) is None


def test_a_cell_that_runs_away_is_stopped():
    time, text = first_complaint(PressureWatch(150.0), 150 - 15 * np.arange(500) * 0.02)
    assert 2.0 <= time < 2.6 and "not the 150 GPa" in text and "\n" not in text


def test_a_short_run_is_not_judged():
    assert first_complaint(PressureWatch(150.0), np.full(99, 20.0)) is None


@pytest.mark.parametrize(("start", "stopped"), [(150.0, True), (300.0, False)])
def test_a_fixed_cell_that_leaves_what_was_trained(start, stopped):
    """A run that was outside from its start was wanted so; it is marked as extrapolating elsewhere."""
    pressures = [start, *np.full(400, 260.0)]
    found = first_complaint(PressureWatch(None, (82.0, 215.0)), pressures)
    assert (found is not None) == stopped
    if stopped:
        assert "trained at 82 to 215 GPa" in found[1]
