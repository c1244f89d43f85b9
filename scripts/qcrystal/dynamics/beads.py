"""How many beads a path integral needs, and what a finite number leaves out."""

from __future__ import annotations

import numpy as np
from ase import units
from scipy import constants

BEAD_RATIO = 2.0  # P / βħω of the stiffest phonon, unless a sweep says otherwise
_THz = 1e12 * constants.h / constants.e  # eV


def harmonic_bead_energy(frequency: float, temperature: float, beads: int) -> float:
    """Exact mean energy of a harmonic oscillator represented by a finite number of beads.

    The sum over the modes of the ring polymer, ω_k = 2 (P/βħ) sin(kπ/P), of the centroid-virial energy:
    E_P = (1/β) Σ_k ω² / (ω² + ω_k²), half of it kinetic and half potential
    [Schweizer, Stratt, Chandler, Wolynes, J. Chem. Phys. 75, 1347 (1981)].

    Parameters
    ----------
    frequency
        Frequency in THz, above 0.
    temperature
        Temperature in K, above 0.
    beads
        Number of beads P.

    Returns
    -------
    float
        Energy in eV; kT for P = 1, (ħω/2) coth(ħω/2kT) for P → ∞.
    """
    kt = units.kB * temperature
    modes = 2.0 * beads * kt * np.sin(np.pi * np.arange(beads) / beads)
    quantum = _THz * frequency
    return float(kt * np.sum(quantum**2 / (quantum**2 + modes**2)))


def beads_for(temperature: float, max_frequency: float, safety: float = BEAD_RATIO) -> int:
    """Smallest even number of beads P that is at least ``safety`` times βħω.

    At low temperature a harmonic mode keeps the fraction E_P/E ≈ [1 + (βħω/2P)²]^(-1/2) of its energy, so that
    ``safety`` = 1, 2, 3.5 leaves an error of 10.6, 3 and 1 % in the stiffest mode; `harmonic_bead_energy` has the exact
    value.

    Parameters
    ----------
    temperature
        Temperature in K, above 0.
    max_frequency
        Frequency of the stiffest phonon in THz.
    safety
        P / βħω.
    """
    needed = safety * _THz * max_frequency / (units.kB * temperature)
    return max(2, 2 * int(np.ceil(needed / 2.0)))
