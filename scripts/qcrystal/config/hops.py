"""Hops of mobile atoms: the paths whose barriers are sought, the double well beside them, and the effort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.config.messages import repeated
from qcrystal.errors import Problem
from qcrystal.fields import Count, Positive, Pressure, Repeat, Strict, Temperature

Mechanism = Literal["vacancy", "exchange"]


class Well(Strict):
    """A double well, V = V_b (1 - x²/a²)², in which an atom of the mobile species moves."""

    barrier: Positive
    """V_b (eV)."""
    quantum: Positive
    """ħω0 of a well (eV), which tells its width."""
    methods: list[Literal["classical", "qtb", "adqtb"]] = Field(default=["classical", "qtb", "adqtb"], min_length=1)
    """Baths whose hops are counted."""


def temperatures_once(temperatures: list[float]) -> Iterator[Problem]:
    """Every temperature once, above 0 K."""
    yield from repeated("temperatures", temperatures, "keep one")
    if min(temperatures) <= 0:
        yield Problem("", "temperatures", "a rate at 0 K is not defined here", "take temperatures above 0 K")


class Instantons(Strict):
    """Tunnelling of a hop in all dimensions, by ring-polymer instantons."""

    checks = (temperatures_once,)

    mechanisms: list[Mechanism] = Field(default=["exchange"], min_length=1)
    """Hops that tunnel; each is one of `hops.mechanisms`."""
    temperatures: list[Temperature] = Field(min_length=1)
    """Temperatures (K) of the rates. There is no instanton above the crossover temperature."""


def tunnelling_hops_are_sought(mechanisms: list[str], instantons: Instantons | None) -> Iterator[Problem]:
    """Instantons start from the saddle point of a path that is sought."""
    for name in instantons.mechanisms if instantons else []:
        if name not in mechanisms:
            yield Problem("", "instantons.mechanisms", f"{name} is not among hops.mechanisms", "add it there")


class Hops(Strict):
    """How mobile atoms change their sites."""

    checks = (temperatures_once, tunnelling_hops_are_sought)

    pressure: Pressure
    """Pressure (GPa) of the quantum crystal at 0 K, at whose lattice paths are sought."""
    mechanisms: list[Mechanism] = Field(default=["vacancy", "exchange"], min_length=1)
    """An atom jumps into a vacancy; two neighbours change places."""
    temperatures: list[Temperature] = Field(min_length=1)
    """Temperatures (K) of the rates."""
    well: Well
    """The double well in which quantum baths are tried."""
    instantons: Instantons | None = None
    """Tunnelling in all dimensions; null: along the path of least energy alone."""


class HopsEffort(Strict):
    """Effort of paths and double wells."""

    repeat: Repeat = (1, 1, 1)
    """Multiples of the conventional cell in which an atom hops."""
    images: Annotated[Count, Field(ge=3, le=99)] = 5
    """Images of a path between its ends."""
    force: Positive = 0.05
    """Largest force (eV/Å) on a path at rest."""
    steps: Count = 1000
    """Most steps of a relaxation."""
    wells: Annotated[Count, Field(ge=40, le=100_000)] = 300
    """Independent double wells that are run at once."""
    length: Annotated[Positive, Field(ge=0.1, le=1e4)] = 1.0
    """Length of these runs (ps)."""


class InstantonEffort(Strict):
    """Effort of instantons."""

    beads: Annotated[Count, Field(ge=8, le=512, multiple_of=4)] = 128
    """Beads of the ring. Rates with half as many stand beside those of all."""
    temperatures: Count | None = None
    """Temperatures, the highest ones, at most; null: all of the crystal's."""
