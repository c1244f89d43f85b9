"""Energies of the harmonic crystal, with finitely many beads or exact, from the phonons' density of states."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import units

from qcrystal.units import IMAGINARY, mode_energy

PRESSURE_MATCH = 0.5  # GPa, within which two pressures are called the same


def at_pressure(dos: pd.DataFrame, pressure: float) -> pd.DataFrame | None:
    """Density of states at one of its pressures (GPa); None if there is none within `PRESSURE_MATCH`."""
    chosen = dos[np.abs(dos["pressure"] - pressure) < PRESSURE_MATCH]
    return None if chosen.empty else chosen


def harmonic_energy(dos: pd.DataFrame, temperature: float, beads: int | None = None) -> float:
    """E/(3 N k_B) in K of the harmonic crystal: with so many beads, or exact.

    Parameters
    ----------
    dos
        Density of states at one pressure: frequency (THz), dos. Imaginary modes count as classical.
    """
    energy = mode_energy(dos["frequency"], temperature, beads)
    return float(np.average(energy, weights=dos["dos"]) / units.kB)


def harmonic_temperature(dos: pd.DataFrame, species: str, temperature: float, beads: int | None = None) -> float:
    """Kinetic temperature (K) of a species in the harmonic crystal, 2<K>/3k_B.

    Each mode has the kinetic energy θ(ν, T)/2, of which a species takes its share of the eigenvector. With a number of
    beads, θ is what so many hold of it.

    Parameters
    ----------
    dos
        Density of states at one pressure: frequency (THz), dos_<species>. Imaginary modes count as classical.
    """
    weight = dos[f"dos_{species}"].to_numpy(float)
    energy = mode_energy(dos["frequency"], temperature, beads)
    return float(weight @ energy / weight.sum() / units.kB)


def bead_error(dos: pd.DataFrame, temperature: float, beads: int) -> float:
    """How far below the exact energy the harmonic crystal with so many beads is, in K as E/(3 N k_B).

    Parameters
    ----------
    dos
        See `harmonic_energy`.
    """
    return harmonic_energy(dos, temperature) - harmonic_energy(dos, temperature, beads)


def imaginary_share(dos: pd.DataFrame) -> float:
    """Fraction of imaginary modes (negative frequencies) in a density of states at one pressure."""
    return float(dos.loc[dos["frequency"] < -IMAGINARY, "dos"].sum() / dos["dos"].sum())
