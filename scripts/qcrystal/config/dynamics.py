"""Numerical parameters of the dynamics, and its effort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from qcrystal.dynamics.bath.parameters import Bath, highest_cutoff
from qcrystal.dynamics.spec import QUANTUM_BATHS, longest_timestep
from qcrystal.errors import Problem
from qcrystal.fields import Count, Duration, Positive, Strict

Method = Literal["classical", "qtb", "adqtb", "pimd", "trpmd"]
"""Classical; quantum thermal bath; its adaptive form; path integrals; thermostatted ring-polymer dynamics."""
FRICTIONS = (0.01, 1000)
"""Smallest and largest friction of a bath, 1/ps."""
SEGMENTS = (0.25, 5)
"""Shortest and longest segment of a bath's noise, ps. The noise's filter reaches as far as a segment.

Shorter ones cannot hold the spectrum of slow vibrations. Take 0 K, 2 THz and 10/ps: the energy is 3 % off with 0.25 ps, 13 %
with 0.1 ps and 74 % with 0.05 ps. Longer ones need a grid of frequencies that fills the memory, and resolve nothing more."""
MARGIN = 1.2
"""Cut-off of a bath in units of the highest frequency, at least."""
HIGHEST = 1e3
"""Cut-off of a bath (THz) where no time step bounds it."""
COLDEST = 1e-3
"""K; without zero-point motion nothing moves below it."""


def moving(temperatures: Iterable[float], method: str) -> Iterator[Problem]:
    """Temperatures at which a method without zero-point motion would stand still."""
    lowest = min(temperatures)
    if lowest < COLDEST:
        text = f"{method} dynamics needs a temperature above 0 K, {COLDEST:g} K or more, not {lowest:g}"
        yield Problem("", "temperatures", text)


def time_steps_follow_the_vibrations(timestep: dict[str, float], max_frequency: float) -> Iterator[Problem]:
    """Enough time steps in the period of the fastest vibration."""
    longest = longest_timestep(max_frequency)
    for method, step in timestep.items():
        if step > longest:
            found = f"{step:g} fs is too long for vibrations of max_frequency, {max_frequency:g} THz"
            yield Problem("", f"timestep.{method}", found, f"take {longest:.2g} fs or less")


def cutoff_is_above_the_vibrations(timestep: dict[str, float], max_frequency: float, bath: Bath) -> Iterator[Problem]:
    """The bath's noise covers all vibrations, and the time step still follows it."""
    lowest, longest = MARGIN * max_frequency, longest_timestep(max_frequency)  # longer ones are told already
    driven = [min(step, longest) for method, step in timestep.items() if method in QUANTUM_BATHS]
    highest = min([HIGHEST, *map(highest_cutoff, driven)])
    if not lowest <= bath.cutoff <= highest:
        advice = (
            f"take {lowest:g} THz, which is {MARGIN:g} max_frequency, to {int(highest)} THz, the most that the time steps of "
            f"{' and '.join(QUANTUM_BATHS)} allow"
        )
        yield Problem("", "bath.cutoff", f"{bath.cutoff:g} THz", advice)


def bath_is_within_bounds(bath: Bath) -> Iterator[Problem]:
    """Frictions and segments that have been tried."""
    for name, value, (low, high), unit in (
        ("gamma", bath.gamma, FRICTIONS, "1/ps"),
        ("segment", bath.segment, SEGMENTS, "ps"),
    ):
        if not low <= value <= high:
            yield Problem("", f"bath.{name}", f"{value:g} {unit}", f"take {low:g} to {high:g} {unit}")


class Dynamics(Strict):
    """Numerical parameters of the dynamics that physics fixes."""

    checks = (time_steps_follow_the_vibrations, cutoff_is_above_the_vibrations, bath_is_within_bounds)

    timestep: dict[Method, Annotated[Positive, Field(ge=1e-3)]]
    """Time step (fs) by method."""
    barostat_time: Annotated[Positive, Field(ge=10, le=1e5)]
    """Relaxation time of the barostat (fs)."""
    max_frequency: Annotated[Positive, Field(ge=1, le=1000)]
    """Frequency (THz) above the highest phonon: it sets the number of beads and the longest time step."""
    bath: Bath
    """Thermostat: ``gamma`` (friction, 1/ps), ``cutoff`` (THz, where the noise ends), ``segment`` (ps of noise at a time)."""


class SamplingEffort(Strict):
    """Sampling of the runs: intervals, and the length that counts as converged."""

    frame_interval: Duration
    """Time between frames of a trajectory (ps)."""
    checkpoint_interval: Annotated[Duration, Field(le=100)]
    """Time between checkpoints (ps), from which a killed run continues."""
    converged_length: Duration
    """Length (ps) from which figures do not mark a run as short."""
    deviation_frames: Count
    """Frames of each run at which the committee of potentials is compared."""
    deviation_jobs: Count | None
    """Jobs among which these comparisons are dealt. Null: one per run, so that a run that joins later changes no other job."""
    deviation_together: dict[str, list[str]] = {}
    """Runs whose comparison is one job, where ``deviation_jobs`` is null: the name of the job, and their names."""
