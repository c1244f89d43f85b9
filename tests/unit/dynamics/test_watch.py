"""A pressure that does not settle, and a bath that heats, are told apart from fluctuations."""

import numpy as np
import pytest

from qcrystal.dynamics.watch import HeatWatch, PressureWatch


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


def heated(temperature, atoms, time, seed=0):
    """Temperatures (K) of ``atoms`` atoms, with a new set of velocities at each sample."""
    return temperature * np.random.default_rng(seed).chisquare(3 * atoms, len(time)) / (3 * atoms)


def first_heat(watch, time, **temperatures):
    for at, *values in zip(time, *temperatures.values(), strict=True):
        text = watch.complaint(at, dict(zip(temperatures, values, strict=True)))
        if text:
            return at, text
    return None


@pytest.mark.parametrize("interval", [0.005, 0.05, 1.0])
def test_a_single_hot_moment_is_left_alone(interval):
    """One La at 345 K of mean vibrations, with twice that from leaking protons: a hundred thousand samples, none stopped."""
    time = np.arange(100_000) * interval
    watch = HeatWatch({"La": 345.0, "H": 1000.0})
    assert first_heat(watch, time, La=heated(690.0, 1, time), H=heated(1200.0, 10, time, 1)) is None


@pytest.mark.parametrize("interval", [0.01, 0.2])
def test_a_species_that_heats_away_is_stopped(interval):
    """La to 2600 K within 1 ps where 345 K are due: far below what any moment is stopped at."""
    time = np.arange(0, 6, interval)
    rising = np.minimum(345.0 + 2255.0 * time, 2600.0) * heated(1.0, 4, time)
    at, text = first_heat(HeatWatch({"La": 345.0, "H": 1000.0}, 76.0), time, La=rising, H=heated(1000.0, 40, time))
    assert at < 3.0 and "\n" not in text
    assert text.startswith("La had ") and "should have about 345 K: the run heats away" in text
