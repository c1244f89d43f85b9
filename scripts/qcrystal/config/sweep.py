"""Sweeps: tables of conditions at which dynamics runs."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.config.dynamics import FRICTIONS, Method, refuse_frozen
from qcrystal.config.messages import refuse_repetition
from qcrystal.dynamics.beads import BEAD_RATIO
from qcrystal.dynamics.spec import (
    PATH_INTEGRAL_METHODS,
)
from qcrystal.fields import (
    Count,
    Duration,
    Name,
    Positive,
    Pressure,
    Repeat,
    Strict,
    Temperature,
    Whole,
)

MOST_RUNS = 10_000
"""Runs of a sweep: with more, Snakemake needs minutes to look at its jobs."""


class Sweep(Strict):
    """A table of conditions: every pressure (GPa) with every temperature (K) and, for a bath, every one of ``frictions``
    (1/ps; null: that of ``dynamics.bath``), for path integrals every one of ``beads`` (null: the number that
    ``bead_ratio`` asks for, see `qcrystal.dynamics.beads.beads_for`), ``length`` ps each.

    ``isotope`` null is the mobile species as it is by default. A fixed cell has the mean volume of a run at constant
    pressure: the one of the sweep ``cell_of`` at the same pressure and the nearest temperature. Without it the
    quasi-harmonic approximation gives the volume."""

    method: Method
    ensemble: Literal["npt", "nvt"] = "npt"
    cell_of: Name | None = None
    isotope: Name | None = None
    start: Literal["cubic", "rhombohedral"] = "cubic"
    basis: Literal["primitive", "conventional"] = "conventional"
    repeat: Repeat
    vacancies: Whole = 0
    pressures: list[Pressure] = Field(min_length=1)
    temperatures: list[Temperature] = Field(min_length=1)
    length: Duration
    replicas: Count = 1
    bead_ratio: Annotated[Positive, Field(le=100)] = BEAD_RATIO
    beads: list[Count] | None = Field(None, min_length=1)
    frictions: list[Annotated[Positive, Field(ge=FRICTIONS[0], le=FRICTIONS[1])]] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Sweep:
        if self.method in PATH_INTEGRAL_METHODS or self.method == "classical":
            refuse_frozen(self.temperatures, "path integrals" if self.method != "classical" else "classical")
        if self.method == "trpmd" and self.ensemble == "npt":
            raise ValueError("ensemble: trpmd is dynamics at a fixed cell; set nvt, not 'npt'")
        if self.cell_of and self.ensemble == "npt":
            raise ValueError(f"cell_of: {self.cell_of!r} is for a fixed cell; set ensemble: nvt, or take the line out")
        if self.frictions and self.method in PATH_INTEGRAL_METHODS:
            raise ValueError(f"frictions: {self.method} has no bath of this kind; take the line out")
        if self.beads and self.method not in PATH_INTEGRAL_METHODS:
            raise ValueError(f"beads: {self.method} has none; take the line out")
        if self.beads and "bead_ratio" in self.model_fields_set:
            raise ValueError(
                f"beads: {self.beads} and bead_ratio: {self.bead_ratio:g} exclude each other; take one out"
            )
        for key in ("pressures", "temperatures", "frictions", "beads"):
            refuse_repetition(key, getattr(self, key) or [], "replicas are set by `replicas`")
        axes = (self.pressures, self.temperatures, self.frictions, self.beads)
        runs = self.replicas * math.prod(len(values or [0]) for values in axes)
        if runs > MOST_RUNS:
            raise ValueError(
                f"replicas: {self.replicas} of each condition make {runs} runs, more than {MOST_RUNS}; take fewer"
            )
        return self
