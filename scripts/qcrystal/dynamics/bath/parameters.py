"""Parameters of the bath, and their limits."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qcrystal.fields import Positive, Strict


class Bath(Strict):
    """Parameters of the thermostat."""

    gamma: Positive = 10.0
    """Friction (1/ps)."""
    cutoff: Positive = 120.0
    """Frequency (THz) above which the noise is smoothly cut off."""
    segment: Positive = 0.5
    """Length of one noise segment (ps)."""
    deconvolve: bool = True
    """Whether the noise is corrected for the broadening that friction gives the vibrations."""
    momentum: Literal["mass-weighted", "unweighted"] = "mass-weighted"
    """How the noise's net force is removed; ``unweighted`` is as LAMMPS's own fix qtb does, for comparison only."""


def highest_cutoff(timestep: float) -> float:
    """Highest cut-off (THz) of a quantum bath with a time step (fs): 1/(πΔt), beyond which Verlet has no stable oscillators.

    A bath is designed on oscillators up to 0.9 of its cut-off: their ωΔt/2 stays below 0.9, where 1 is the limit.
    """
    return 1e3 / (np.pi * timestep)
