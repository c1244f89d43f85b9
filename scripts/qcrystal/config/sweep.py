"""Sweeps: tables of conditions at which dynamics runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from qcrystal.config.dynamics import FRICTIONS, Method, moving
from qcrystal.config.messages import repeated
from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS
from qcrystal.errors import Problem
from qcrystal.fields import Count, Duration, Name, Positive, Pressure, Repeat, Strict, Temperature, Whole

T = TypeVar("T")
MOST_RUNS = 10_000
"""Runs of a sweep: with more, Snakemake needs minutes to look at its jobs."""


@dataclass(frozen=True)
class Conditions:
    """One row of a sweep: where and how one run goes. None stands for what follows from the crystal."""

    method: Method
    ensemble: str
    isotope: str | None
    start: str
    basis: str
    repeat: tuple[int, int, int]
    vacancies: int
    interstitials: int
    pressure: float
    temperature: float
    length: float
    friction: float | None
    beads: int | None
    bead_ratio: float | None
    frame_interval: float | None
    replica: int


def temperatures_let_atoms_move(method: Method, temperatures: list[float]) -> Iterator[Problem]:
    """Baths of zero-point motion alone work at 0 K."""
    if method in PATH_INTEGRAL_METHODS or method == "classical":
        yield from moving(temperatures, "path-integral" if method != "classical" else "classical")


def cells_that_the_method_has(method: Method, ensemble: str, cell_of: str | None) -> Iterator[Problem]:
    """Real-time dynamics has a fixed cell, and only a fixed cell is that of another run."""
    if method == "trpmd" and ensemble == "npt":
        yield Problem("", "ensemble", "trpmd is dynamics at a fixed cell", "set nvt, not 'npt'")
    if cell_of and ensemble == "npt":
        yield Problem("", "cell_of", f"{cell_of!r} is for a fixed cell", "set ensemble: nvt, or take the line out")


def axes_that_the_method_has(
    method: Method, frictions: list[float] | None, beads: list[int] | None, bead_ratio: float | None
) -> Iterator[Problem]:
    """Path integrals have beads, baths have frictions."""
    if frictions and method in PATH_INTEGRAL_METHODS:
        yield Problem("", "frictions", f"{method} has no bath of this kind", "take the line out")
    if beads and method not in PATH_INTEGRAL_METHODS:
        yield Problem("", "beads", f"{method} has none", "take the line out")
    if beads and bead_ratio is not None:
        yield Problem("", "beads", f"{beads} and bead_ratio: {bead_ratio:g} exclude each other", "take one out")


def every_condition_once(
    pressures: list[float], temperatures: list[float], frictions: list[float] | None, beads: list[int] | None
) -> Iterator[Problem]:
    """Replicas are no conditions."""
    axes = {"pressures": pressures, "temperatures": temperatures, "frictions": frictions, "beads": beads}
    for key, values in axes.items():
        yield from repeated(key, values or [], "replicas are set by `replicas`")


def runs_can_be_planned(
    replicas: int,
    pressures: list[float],
    temperatures: list[float],
    frictions: list[float] | None,
    beads: list[int] | None,
) -> Iterator[Problem]:
    """Not more runs than Snakemake can plan."""
    runs = replicas * math.prod(len(values or [0]) for values in (pressures, temperatures, frictions, beads))
    if runs > MOST_RUNS:
        yield Problem(
            "", "replicas", f"{replicas} of each condition make {runs} runs, more than {MOST_RUNS}", "take fewer"
        )


class Sweep(Strict):
    """A table of conditions: every pressure with every temperature and, where given, every friction or number of beads.

    ``cell_of`` names a sweep at constant pressure. A fixed cell has the mean volume of its run at the same pressure and the
    nearest temperature. Without ``cell_of`` the quasi-harmonic approximation gives the volume."""

    checks = (
        temperatures_let_atoms_move,
        cells_that_the_method_has,
        axes_that_the_method_has,
        every_condition_once,
        runs_can_be_planned,
    )

    method: Method
    """Dynamics: classical, quantum thermal bath, adaptive bath, path integrals, or ring-polymer dynamics."""
    ensemble: Literal["npt", "nvt"] = "npt"
    """Constant pressure, or a fixed cell."""
    cell_of: Name | None = None
    """Sweep whose mean volumes fixed cells have; null: the volumes of the quasi-harmonic approximation."""
    isotope: Name | None = None
    """Isotope (of the crystal's ``isotopes``) that moves; null: the crystal's mobile species as it is by default."""
    start: Literal["prototype", "rhombohedral"] = "prototype"
    """Structure that runs start from: the prototype, or one with its angles opened to 91 degrees."""
    basis: Literal["primitive", "conventional"] = "conventional"
    """Unit cell of the prototype that is repeated."""
    repeat: Repeat
    """Multiples of the unit cell along its vectors."""
    vacancies: Whole = 0
    """Atoms of the mobile species that are taken out."""
    interstitials: Whole = 0
    """Atoms of the mobile species that are put into the largest holes of the prototype."""
    pressures: list[Pressure] = Field(min_length=1)
    """Pressures (GPa)."""
    temperatures: list[Temperature] = Field(min_length=1)
    """Temperatures (K)."""
    length: Duration
    """Length of each run (ps)."""
    replicas: Count = 1
    """Runs at each of the conditions, which differ in their seeds."""
    bead_ratio: Annotated[Positive, Field(le=100)] | None = None
    """Number of beads in units of βħω of the highest frequency; null: that of `qcrystal.dynamics.beads`."""
    beads: list[Count] | None = Field(None, min_length=1)
    """Numbers of beads; null: the number that ``bead_ratio`` asks for."""
    frame_interval: Duration | None = None
    """Time between frames (ps) where it differs from ``sampling.frame_interval``: 0.002 resolves hydrogen's vibrations."""
    rank: Literal[1, 2, 3] = 3
    """Rank of the runs: 1 decides a claim, 2 is a map of phases, 3 the rest. `snakemake rank_1` makes the first ones only."""
    frictions: list[Annotated[Positive, Field(ge=FRICTIONS[0], le=FRICTIONS[1])]] | None = Field(None, min_length=1)
    """Frictions of the bath (1/ps); null: that of the crystal's ``dynamics.bath``."""

    def conditions(self) -> Iterator[Conditions]:
        """Every row of the table."""
        axes = (self.pressures, self.temperatures, _axis(self.frictions), _axis(self.beads), range(self.replicas))
        for pressure, temperature, friction, beads, replica in itertools.product(*axes):
            yield Conditions(
                method=self.method,
                ensemble=self.ensemble,
                isotope=self.isotope,
                start=self.start,
                basis=self.basis,
                repeat=self.repeat,
                vacancies=self.vacancies,
                interstitials=self.interstitials,
                frame_interval=self.frame_interval,
                pressure=pressure,
                temperature=temperature,
                length=self.length,
                friction=friction,
                beads=beads,
                bead_ratio=self.bead_ratio,
                replica=replica,
            )


def _axis(values: list[T] | None) -> Sequence[T | None]:
    """Values along an axis of a table; one that follows from the crystal where none is given."""
    return values if values else (None,)
