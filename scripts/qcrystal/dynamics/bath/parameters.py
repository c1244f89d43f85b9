"""Parameters of the bath, and their limits."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from qcrystal.fields import Positive


class Bath(BaseModel):
    """Parameters of the thermostat.

    ``gamma`` is the friction (1/ps), ``cutoff`` the frequency above which the noise is smoothly cut off (THz),
    ``segment`` the length of one noise segment (ps), ``momentum`` how the noise's net force is removed
    (``mass-weighted``, or ``unweighted`` as LAMMPS's own fix qtb does, for comparison only).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gamma: Positive = 10.0
    cutoff: Positive = 120.0
    segment: Positive = 0.5
    deconvolve: bool = True
    momentum: Literal["mass-weighted", "unweighted"] = "mass-weighted"


def highest_cutoff(timestep: float) -> float:
    """Highest cut-off (THz) of a quantum bath with a time step (fs): 1/(πΔt), beyond which Verlet has no stable oscillators.

    A bath is designed on oscillators up to 0.9 of its cut-off: their ωΔt/2 stays below 0.9, where 1 is the limit.
    """
    return 1e3 / (np.pi * timestep)
