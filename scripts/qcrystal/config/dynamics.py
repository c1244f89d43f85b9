"""Numerical parameters of the dynamics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qcrystal.dynamics.bath.parameters import Bath, highest_cutoff
from qcrystal.dynamics.spec import (
    QUANTUM_BATHS,
    longest_timestep,
)
from qcrystal.fields import Positive, Strict

FRICTIONS = (0.01, 1000)
"""Smallest and largest friction of a bath, 1/ps."""
SEGMENTS = (0.25, 5)
"""Shortest and longest segment of a bath's noise, ps: its filter reaches as far, and shorter ones cannot hold the spectrum
of slow vibrations (0 K, 2 THz, 10/ps: the energy is 3 % off with 0.25 ps, 13 % with 0.1 and 74 % with 0.05); longer ones need
a grid of frequencies that fills the memory, and tell nothing more apart."""
COLDEST = 1e-3
"""K; without zero-point motion nothing moves below it."""
Method = Literal["classical", "qtb", "adqtb", "pimd", "trpmd"]


def refuse_frozen(temperatures: list[float], method: str) -> None:
    if min(temperatures) < COLDEST:
        raise ValueError(
            f"temperatures: {method} dynamics needs a temperature above 0 K, {COLDEST:g} K or more, not {min(temperatures):g}"
        )


class Dynamics(Strict):
    """Numerical parameters of the dynamics that physics fixes: time steps (fs), bath, highest frequency (THz)."""

    timestep: dict[Method, Annotated[Positive, Field(ge=1e-3)]]
    barostat_time: Annotated[Positive, Field(ge=10, le=1e5)]
    max_frequency: Annotated[Positive, Field(ge=1, le=1000)]
    bath: Bath

    @model_validator(mode="after")
    def _follows_the_vibrations(self) -> Dynamics:
        longest = longest_timestep(self.max_frequency)
        for method, timestep in self.timestep.items():
            if timestep > longest:
                raise ValueError(
                    f"timestep.{method}: {timestep:g} fs is too long for vibrations of max_frequency, "
                    f"{self.max_frequency:g} THz; take {longest:.2g} fs or less"
                )
        driven = [timestep for method, timestep in self.timestep.items() if method in QUANTUM_BATHS]
        highest = min([1e3, *map(highest_cutoff, driven)])
        if not 1.2 * self.max_frequency <= self.bath.cutoff <= highest:
            raise ValueError(
                f"bath.cutoff: {self.bath.cutoff:g} THz; take {1.2 * self.max_frequency:g} THz, which is 1.2 max_frequency, "
                f"to {int(highest)} THz, the most that the time steps of {' and '.join(QUANTUM_BATHS)} allow"
            )
        for name, low, high, unit in (("gamma", *FRICTIONS, "1/ps"), ("segment", *SEGMENTS, "ps")):
            value = getattr(self.bath, name)
            if not low <= value <= high:
                raise ValueError(f"bath.{name}: {value:g} {unit}; take {low:g} to {high:g} {unit}")
        return self
