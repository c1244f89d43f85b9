"""Properties of the crystal at rest: ranges and effort."""

from __future__ import annotations

import functools
import warnings
from typing import Annotated

import spglib
from pydantic import Field, model_validator

from qcrystal.config.messages import refuse_repetition
from qcrystal.config.search import SearchEffort
from qcrystal.crystal.prototype import LatticeConstant, Length
from qcrystal.fields import Count, NotNegative, Positive, Pressure, SmallCount, Strict


@functools.cache
def _space_group_symbols() -> frozenset[str]:
    with warnings.catch_warnings():  # of spglib, about how it reports errors
        warnings.simplefilter("ignore")
        return frozenset(spglib.get_spacegroup_type(number).international_short for number in range(1, 531))


class Statics(Strict):
    """Ranges over which the potential's 0 K properties are tabulated (Å, GPa), and what a structure search may try.

    Pressures that are outside those of the potential's training by more than ``beyond_training`` (GPa) are left out, nearer
    ones marked in tables and figures; structures are looked for within only. ``shortest_distances`` (Å, per pair of
    species) are those below which the potential is not believed, ``window`` (eV/atom) is how far above the prototype a
    structure is of interest, ``space_groups`` are drawn from, ``phases`` are the space groups that are looked for on purpose.
    """

    lattice_constants: tuple[LatticeConstant, LatticeConstant]
    pressures: list[Pressure] = Field(min_length=1)
    phonon_pressures: list[Pressure] = Field(min_length=2)
    beyond_training: NotNegative = 0.0
    shortest_distances: dict[str, Length]
    window: Positive
    space_groups: list[Annotated[Count, Field(le=230)]] = Field(min_length=1)
    phases: list[str]

    @model_validator(mode="after")
    def _consistent(self) -> Statics:
        low, high = self.lattice_constants
        if low >= high:
            raise ValueError(f"lattice_constants: [{low:g}, {high:g}] must be [smallest, largest] in Å")
        for key in ("pressures", "phonon_pressures"):
            refuse_repetition(key, getattr(self, key), "keep one")
        known = _space_group_symbols()
        for phase in self.phases:
            if phase not in known:
                raise ValueError(f"phases: {phase!r} is no space group in international notation, such as R-3m")
        return self


class StaticsEffort(Strict):
    """Effort of the static calculations."""

    eos_points: Annotated[Count, Field(ge=5, le=10000)]
    pressures: Count
    search: SearchEffort
    max_relaxation_steps: Count
    phonon_pressures: Annotated[Count, Field(ge=2, le=1000)]
    phonon_repeat: tuple[SmallCount, SmallCount, SmallCount]
    phonon_mesh: Annotated[Count, Field(le=1000)]
