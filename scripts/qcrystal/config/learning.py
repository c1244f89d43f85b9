"""Concurrent learning: settings and effort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.config.dynamics import moving
from qcrystal.crystal.soap import SoapSettings
from qcrystal.errors import Problem
from qcrystal.fields import Count, Jobs, Name, Positive, Pressure, Strict, Temperature


def bounds_rise(bounds: tuple[float, float]) -> Iterator[Problem]:
    """Between accurate and failed there are candidates."""
    if bounds[0] >= bounds[1]:
        yield Problem("", "bounds", f"the lower one, {bounds[0]:g} eV/Å, must be below the upper, {bounds[1]:g}")


def explorers_move(methods: list[str], temperatures: list[float]) -> Iterator[Problem]:
    """Classical atoms stand still at 0 K."""
    if "classical" in methods:
        yield from moving(temperatures, "classical")


class Learning(Strict):
    """Concurrent learning: a committee explores, and what it disagrees about is labelled; see `qcrystal.learning.generations`.

    Runs start from each of ``starts`` at each of the conditions."""

    checks = (bounds_rise, explorers_move)

    training: Name
    """Architecture of the committee's potentials, of the crystal's ``training``."""
    committee: Annotated[Count, Field(ge=3, le=100)]
    """Number of potentials, which differ in their seeds."""
    bounds: tuple[Positive, Positive]
    """Largest force deviations (eV/Å) of the committee: accurate below the first, failed above the second."""
    nearest: Annotated[Positive, Field(le=2)]
    """Distance between atoms (Å) at which a run has collapsed and ends."""
    frame_interval: Annotated[Positive, Field(le=10)]
    """Time between frames (ps)."""
    test_fraction: Annotated[Positive, Field(lt=1)]
    """Share of the recipes' frames that is set apart for testing."""
    starts: list[Name] = Field(min_length=1)
    """Names of recipes (``dft.recipes``) from whose cells runs start."""
    pressures: list[Pressure] = Field(min_length=1)
    """Pressures of the runs (GPa)."""
    temperatures: list[Temperature] = Field(min_length=1)
    """Temperatures of the runs (K)."""
    methods: list[Literal["classical", "qtb", "adqtb"]] = Field(min_length=1)
    """Dynamics of the runs."""
    soap: SoapSettings
    """Descriptor by which frames are compared: ``cutoff`` (Å), ``radial`` and ``angular`` functions, ``width`` (Å)."""


def runs_are_left_to_train_on(runs: int, test_runs: int) -> Iterator[Problem]:
    """Runs that are set apart for testing are not trained on."""
    if test_runs >= runs:
        yield Problem("", "test_runs", f"{test_runs} of {runs} runs leave none to train on", "take fewer")


class LearningEffort(Strict):
    """Effort of concurrent learning, per generation."""

    checks = (runs_are_left_to_train_on,)

    generations: Annotated[Count, Field(le=100)]
    """Generations, after the one that is trained on the recipes' frames."""
    runs: Annotated[Jobs, Field(ge=2)]
    """Runs that explore."""
    test_runs: Count
    """Runs of these whose frames are labelled for testing only."""
    frames_per_run: Annotated[Count, Field(le=10**6)]
    """Frames of each run."""
    frames: Count
    """Frames that are labelled to train on."""
    test_frames: Count
    """Frames that are labelled to test on."""
    batches: Jobs
    """Jobs among which the frames are dealt."""
    training_steps: Count
    """Steps of each training."""
