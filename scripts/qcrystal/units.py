"""Units and the energy of a harmonic oscillator.

The project counts in eV, Å, ps, u, K and THz (ordinary frequency), as ASE and LAMMPS's unit style "metal" do. The constants here
are what ASE lacks. A quantity times its unit is in eV: ``30.0 * THZ`` is the energy quantum of a vibration of 30 THz.
"""

from __future__ import annotations

import numpy as np
from ase import units
from numpy.typing import ArrayLike, NDArray
from scipy import constants

THZ: float = constants.h / constants.e * 1e12
"""Energy quantum h·1 THz, in eV."""
AMU_A2_PS2: float = constants.atomic_mass * 1e4 / constants.e
"""u (Å/ps)², the unit of m v², in eV."""
MEV: float = 1e-3
"""meV, in eV."""
MEV_PER_EV: float = 1000.0
"""Factor by which a value in eV is shown in meV."""
IMAGINARY: float = 0.05
"""THz: a mode below minus this is imaginary. The acoustic modes at Γ stay well within it. See `mode_energy`."""


def mode_energy(frequency: ArrayLike, temperature: float, beads: int | None = None) -> NDArray[np.float64]:
    """Mean energy (eV) of the modes of a crystal: the one rule for modes that are not real.

    A real mode has the energy of `oscillator_energy`. A mode that is not above `IMAGINARY` has the limit ν -> 0 of it: kT, with
    any number of beads. So it keeps its weight in every mean, and has no zero-point energy.

    Parameters
    ----------
    frequency : array of any shape
        THz; imaginary ones negative.
    temperature, beads
        See `oscillator_energy`.
    """
    frequency = np.asarray(frequency, dtype=float)
    thermal = float(units.kB) * temperature
    return np.where(frequency > IMAGINARY, oscillator_energy(frequency, temperature, beads), thermal)


def oscillator_energy(frequency: ArrayLike, temperature: float, beads: int | None = None) -> NDArray[np.float64]:
    """Mean energy of harmonic oscillators in equilibrium, half of it kinetic and half potential.

    Exact: (hν/2) coth(hν/2kT), which tends to kT for ν → 0 and to hν/2 for T → 0. A path integral with P beads has the
    centroid-virial energy kT Σ_k ω²/(ω² + ω_k²). The frequencies of the free ring are ω_k = 2 (P kT/ħ) sin(kπ/P), k = 0
    to P-1 [Schweizer, Stratt, Chandler, Wolynes, J. Chem. Phys. 75, 1347 (1981)]. One bead is a classical oscillator:
    kT.

    Parameters
    ----------
    frequency : array of any shape
        ν in THz; its sign does not count.
    temperature
        T in K; 0 is allowed, where a finite number of beads has no energy.
    beads
        P; None for the exact quantum energy.

    Returns
    -------
    array of the shape of ``frequency``, eV

    Raises
    ------
    ValueError
        If the temperature is negative, or there is no bead.
    """
    if temperature < 0:
        raise ValueError(f"an oscillator cannot have {temperature:g} K; give a temperature of 0 K or more")
    if beads is not None and beads < 1:
        raise ValueError(f"a path integral cannot have {beads} beads; give one or more")
    quantum = THZ * np.abs(np.asarray(frequency, dtype=float))
    thermal = float(units.kB) * temperature
    if beads is not None:
        ring = 2.0 * beads * thermal * np.sin(np.pi * np.arange(beads) / beads)
        square = quantum[..., None] ** 2
        total = square + ring**2
        share = np.divide(square, total, out=np.ones_like(total), where=total > 0)
        return np.asarray(thermal * share.sum(axis=-1))
    half = 0.5 * quantum
    if temperature == 0:
        return np.asarray(half)
    ratio = half / thermal
    return np.where(ratio > 1e-8, half / np.tanh(np.maximum(ratio, 1e-8)), thermal)
