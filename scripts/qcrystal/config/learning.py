"""Concurrent learning: settings and effort."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.config.dynamics import refuse_frozen
from qcrystal.crystal.soap import SoapSettings
from qcrystal.fields import Count, Jobs, Name, Positive, Pressure, Strict, Temperature


class Learning(Strict):
    """Concurrent learning; see `qcrystal.learning.generations`.

    ``training`` names the potentials' architecture, ``committee`` is their number, ``bounds`` the committee's force
    deviations (eV/Å) between which a frame is a candidate, ``nearest`` the distance (Å) at which a run has collapsed,
    ``frame_interval`` the time between frames (ps), ``test_fraction`` the share of the recipes' frames that is set apart.
    Runs start from each of ``starts`` (names of recipes) at each of the conditions (GPa, K).
    """

    training: Name
    committee: Annotated[Count, Field(ge=3, le=100)]
    bounds: tuple[Positive, Positive]
    nearest: Annotated[Positive, Field(le=2)]
    frame_interval: Annotated[Positive, Field(le=10)]
    test_fraction: Annotated[Positive, Field(lt=1)]
    starts: list[Name] = Field(min_length=1)
    pressures: list[Pressure] = Field(min_length=1)
    temperatures: list[Temperature] = Field(min_length=1)
    methods: list[Literal["classical", "qtb", "adqtb"]] = Field(min_length=1)
    soap: SoapSettings

    @model_validator(mode="after")
    def _consistent(self) -> Learning:
        if self.bounds[0] >= self.bounds[1]:
            raise ValueError(
                f"bounds: the lower one, {self.bounds[0]:g} eV/Å, must be below the upper, {self.bounds[1]:g}"
            )
        if "classical" in self.methods:
            refuse_frozen(self.temperatures, "classical")
        return self


class LearningEffort(Strict):
    """Effort of concurrent learning, per generation: runs and frames of each, how many of them are set apart for testing,
    frames that are labelled to train on and to test on, labelling jobs, training steps."""

    generations: Annotated[Count, Field(le=100)]
    runs: Annotated[Jobs, Field(ge=2)]
    test_runs: Count
    frames_per_run: Annotated[Count, Field(le=10**6)]
    frames: Count
    test_frames: Count
    batches: Jobs
    training_steps: Count

    @model_validator(mode="after")
    def _consistent(self) -> LearningEffort:
        if self.test_runs >= self.runs:
            raise ValueError(f"test_runs: {self.test_runs} of {self.runs} runs leave none to train on; take fewer")
        return self
