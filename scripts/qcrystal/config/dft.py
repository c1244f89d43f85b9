"""Density-functional labels: settings, recipes of frames, convergence, and the effort."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.crystal.prototype import LatticeConstant
from qcrystal.fields import (
    Count,
    FilePath,
    Jobs,
    Name,
    NotNegative,
    Number,
    Positive,
    Repeat,
    SmallCount,
    Strict,
    Temperature,
    Whole,
)

Cutoff = Annotated[Positive, Field(ge=50, le=5000)]
"""eV, of plane waves."""
KpointLength = Annotated[Positive, Field(le=200)]
"""Å."""
Width = Annotated[Positive, Field(le=10)]
"""eV, of the occupations."""


class Recipe(Strict):
    """Displaced frames to be labelled; see `qcrystal.dft.frames.displaced_frames`."""

    name: Name
    cell: Literal["primitive", "conventional"]
    repeat: Repeat
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    frames: Jobs
    temperature: Temperature
    quantum: bool
    angle: tuple[Number, Number] | None = None
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None
    symmetry: Literal["C2", "P-1"] | None = None
    distortion: Annotated[Positive, Field(le=1)] | None = None
    vacancies: Whole = 0
    vacancy_site: Whole | None = None

    @model_validator(mode="after")
    def _distorted(self) -> Recipe:
        if (self.symmetry is None) != (self.distortion is None):
            raise ValueError("symmetry and distortion (Å) go together; give both or neither")
        if self.angle is not None and not 60 < self.angle[0] <= self.angle[1] < 120:
            raise ValueError(f"angle: {list(self.angle)} must be [lowest, highest] in degrees, within 60 and 120")
        return self


class StructureRecipe(Strict):
    """Displaced frames of structures from a file (``structures``, relative to the repository) at volumes in Å³/atom; see
    `qcrystal.dft.frames.displaced_structures`."""

    name: Name
    structures: FilePath
    volumes: list[Annotated[Positive, Field(le=1000)]] = Field(min_length=1)
    repeat: tuple[SmallCount, SmallCount, SmallCount] = (1, 1, 1)
    frames: Jobs
    temperature: Temperature
    quantum: bool
    strain: Annotated[NotNegative, Field(le=0.2)] | None = None


class Goals(Strict):
    """Errors of the DFT labels that are put up with: energy differences in meV/atom, forces in meV/Å."""

    energy: Annotated[Positive, Field(le=1e4)]
    force: Annotated[Positive, Field(le=1e4)]


class Convergence(Strict):
    """DFT settings that are tried one at a time on a few small frames, coarsest first, and on the lattice at rest at
    ``lattice_constant`` (Å); see `qcrystal.dft.convergence`."""

    goals: Goals
    lattice_constant: LatticeConstant
    cutoffs: list[Cutoff] = Field(min_length=1)
    kpoint_lengths: list[KpointLength] = Field(min_length=1)
    widths: list[Width] = Field(min_length=1)
    frames: list[Recipe] = Field(min_length=1)

    @model_validator(mode="after")
    def _coarsest_first(self) -> Convergence:
        for key, sign in (("cutoffs", 1), ("kpoint_lengths", 1), ("widths", -1)):
            values = [sign * value for value in getattr(self, key)]
            if values != sorted(set(values)):
                order = "rise" if sign > 0 else "fall"
                raise ValueError(f"{key}: {getattr(self, key)} must {order}, as the last one is the reference")
        return self


class DftSettings(Strict):
    """What GPAW is told (units: eV, Å); ``paw`` lists elements whose PAW sets are generated, as the installed data lack them."""

    seed: Whole
    functional: Literal["PBE", "LDA", "PBEsol", "RPBE"]
    cutoff: Cutoff
    kpoint_length: KpointLength
    width: Width
    energy_convergence: Annotated[Positive, Field(le=1)]
    force_convergence: Annotated[Positive, Field(le=10)]
    paw: list[str]
    frequencies: dict[str, Annotated[Positive, Field(le=1000)]]
    lattice_constants: list[LatticeConstant] = Field(min_length=1)
    convergence: Convergence
    recipes: list[Recipe] = Field(min_length=1)
    structure_recipes: list[StructureRecipe] = []


class DftEffort(Strict):
    """Effort of the labelling: frames kept per recipe (null: all), jobs, fixed lattice constants relaxed, and how many
    values of each setting, the coarsest, are tried for convergence (null: all)."""

    frames_per_recipe: Count | None = None
    convergence: Count | None = None
    batches: Jobs
    lattice_points: Jobs
