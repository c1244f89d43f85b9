"""Properties of the crystal at rest: ranges and effort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from qcrystal.config.messages import repeated
from qcrystal.crystal.prototype import LatticeConstant
from qcrystal.errors import Problem
from qcrystal.fields import Count, NotNegative, Pressure, SmallCount, Strict, Temperature


def range_rises(lattice_constants: tuple[float, float]) -> Iterator[Problem]:
    """The smaller one first."""
    low, high = lattice_constants
    if low >= high:
        yield Problem("", "lattice_constants", f"[{low:g}, {high:g}] must be [smallest, largest] in Å")


def temperatures_once(self_consistent_temperatures: list[float]) -> Iterator[Problem]:
    """Every temperature once."""
    yield from repeated("self_consistent_temperatures", self_consistent_temperatures, "keep one")


def phonons_once(phonon_pressures: list[float]) -> Iterator[Problem]:
    """Every pressure once."""
    yield from repeated("phonon_pressures", phonon_pressures, "keep one")


class Statics(Strict):
    """Ranges over which properties at 0 K are tabulated."""

    checks = (range_rises, phonons_once, temperatures_once)

    lattice_constants: tuple[LatticeConstant, LatticeConstant]
    """Smallest and largest lattice constant (Å) of the equation of state."""
    phonon_pressures: list[Pressure] = Field(min_length=2)
    """Pressures of the phonons (GPa)."""
    beyond_training: NotNegative = 0.0
    """How far (GPa) phonons and enthalpies may leave the pressures of the potential's training.

    Tables and figures mark what is outside; what is farther outside is left out. Structures are looked for within only."""
    self_consistent_temperatures: list[Temperature] = Field([0.0, 300.0, 600.0], min_length=1)
    """Temperatures (K) of phonons in the self-consistent harmonic approximation."""


class SelfConsistentEffort(Strict):
    """Effort of phonons in the self-consistent harmonic approximation."""

    pressures: Annotated[Count, Field(le=1000)] = 9
    """Pressures, spread over those of the harmonic phonons."""
    repeat: tuple[SmallCount, SmallCount, SmallCount] = (2, 2, 2)
    """Multiples of the primitive cell in which displacements are drawn."""
    snapshots: Annotated[Count, Field(ge=4, le=100000)] = 100
    """Displaced supercells of each iteration."""
    iterations: Annotated[Count, Field(ge=2, le=1000)] = 12
    """Iterations; the later half is averaged."""


class StaticsEffort(Strict):
    """Effort of the calculations at 0 K."""

    eos_points: Annotated[Count, Field(ge=5, le=10000)]
    """Points of the equation of state."""
    phonon_pressures: Annotated[Count, Field(ge=2, le=1000)]
    """Pressures of the phonons, spread over those of the crystal."""
    phonon_repeat: tuple[SmallCount, SmallCount, SmallCount]
    """Multiples of the primitive cell in which force constants are computed."""
    phonon_mesh: Annotated[Count, Field(le=1000)]
    """Wave vectors along each reciprocal vector over which densities of states are summed."""
    compared_pressures: Annotated[Count, Field(le=1000)] = 3
    """Pressures at which potentials are compared with each other, spread over those of the crystal's phonons."""
    compared_members: Count | None = None
    """Members of each committee that are compared; null takes all."""
    self_consistent: SelfConsistentEffort = SelfConsistentEffort()
    """Self-consistent phonons."""
