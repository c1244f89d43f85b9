"""Search for structures of low enthalpy: what may be found, and the effort."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Annotated

import spglib
from pydantic import Field

from qcrystal.config.messages import repeated
from qcrystal.crystal.prototype import Length
from qcrystal.errors import Problem
from qcrystal.fields import Count, Jobs, Positive, Pressure, Strict


@functools.cache
def _space_group_symbols() -> frozenset[str]:
    with warnings.catch_warnings():  # of spglib, about how it reports errors
        warnings.simplefilter("ignore")
        groups = [spglib.get_spacegroup_type(number) for number in range(1, 531)]
    return frozenset(group.international_short for group in groups if group is not None)


def pressures_once(pressures: list[float]) -> Iterator[Problem]:
    """Every pressure once."""
    yield from repeated("pressures", pressures, "keep one")


def phases_are_space_groups(phases: list[str]) -> Iterator[Problem]:
    """Phases are named by their space groups."""
    for phase in phases:
        if phase not in _space_group_symbols():
            yield Problem(
                "", "phases", f"{phase!r} is no space group in international notation, such as R-3m", "correct it"
            )


class Search(Strict):
    """Bounds of a structure search: what it may try, and what it may find."""

    checks = (pressures_once, phases_are_space_groups)

    pressures: list[Pressure] = Field(min_length=1)
    """Pressures (GPa) at which enthalpies are compared."""
    shortest_distances: dict[str, Length]
    """Distance (Å) by pair of species, such as ``La-H``, below which the potential is not believed."""
    window: Positive
    """Enthalpy above the prototype (eV/atom) up to which a structure is kept."""
    space_groups: list[Annotated[Count, Field(le=230)]] = Field(min_length=1)
    """Numbers of the space groups from which random starts are drawn."""
    phases: list[str]
    """Space groups that are looked for on purpose, by distorting the prototype."""


class SearchEffort(Strict):
    """Effort of the structure search."""

    pressures: Count
    """Pressures, spread over those of the crystal."""
    batches: Jobs
    """Jobs of random starts."""
    starts: Count
    """Random starts per job."""
    formula_units: list[Count] = Field(min_length=1)
    """Formula units per primitive cell that are tried."""
    distortions: Count
    """Distorted starts per space group and cell."""
    keep: Count
    """Structures per pressure that are followed to the other pressures."""
    check: Count
    """Structures that DFT checks."""
    max_relaxation_steps: Count
    """Steps of a relaxation, at most."""
