"""Vibrational energy and kinetic temperatures from a run's thermodynamic table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy
from ase import units
from numpy.typing import ArrayLike


def static_energy(eos: pd.DataFrame, volume: np.ndarray) -> np.ndarray:
    """Energy (eV/atom) of the relaxed static lattice at ``volume`` (Å³/atom).

    A cubic spline in V^(-2/3), in which the energy is nearly quadratic, through the static curve.

    Parameters
    ----------
    eos
        Table with columns volume (Å³/atom) and energy (eV/atom), at least four rows.
    volume
        Scalar or array. Fluctuations may leave the table's range; their mean may not.

    Raises
    ------
    ValueError
        If the table is too short or the mean volume is outside it.
    """
    if len(eos) < 4:
        raise ValueError(f"the static energy curve has {len(eos)} points; at least 4 are needed (statics: eos_points)")
    mean, low, high = np.mean(volume), eos["volume"].min(), eos["volume"].max()
    if not low <= mean <= high:
        raise ValueError(
            f"mean volume {mean:.4f} Å³/atom is outside the static energy curve, {low:.4f} to {high:.4f}; "
            "widen statics.lattice_constants of the system"
        )
    density = eos["volume"].to_numpy(float) ** (-2.0 / 3.0)
    order = np.argsort(density)
    spline = scipy.interpolate.CubicSpline(density[order], eos["energy"].to_numpy(float)[order])
    return spline(np.asarray(volume, float) ** (-2.0 / 3.0))


def energy_over_3nkb(thermo: pd.DataFrame, eos: pd.DataFrame, atoms: int, temperature: float) -> np.ndarray:
    """(K + U - U_static(V) + 3kT/2)/(3 N k_B) in K, at every step's volume.

    It is the mean over 3N modes. The crystal's motion as a whole counts as three classical ones, kT each, like every mode of
    no frequency (`qcrystal.units.mode_energy`). Kinetic energies hold 3kT/2 for it already; potential energies hold nothing.
    So a classical harmonic crystal has T, with any number of atoms.

    Parameters
    ----------
    thermo
        kinetic_energy, potential_energy (eV, the whole cell), volume (Å³).
    eos
        See `static_energy`.
    temperature
        K, of the run.
    """
    static = static_energy(eos, thermo["volume"].to_numpy(float) / atoms)
    whole = 1.5 * units.kB * temperature
    total = ((thermo["kinetic_energy"] + thermo["potential_energy"]).to_numpy(float) + whole) / atoms
    return (total - static) / (3.0 * units.kB)


def corrected_kinetic_energy(thermo: pd.DataFrame, species: np.ndarray) -> pd.DataFrame | None:
    """The thermodynamic table with kinetic energies, and the pressure, free of what a bath's friction adds.

    Kinetic energies are those of the virial theorem; the pressure loses 2/3 of the difference over the volume.

    Parameters
    ----------
    thermo
        Table with kinetic_energy (eV, the whole cell), kinetic_<species> and virial_kinetic_<species> (eV per atom),
        volume (Å³) and pressure (GPa).
    species
        (N,) element of each atom.

    Returns
    -------
    DataFrame or None
        None if the table holds no virial.
    """
    elements, counts = np.unique(species, return_counts=True)
    if not {f"virial_kinetic_{s}" for s in elements} <= set(thermo.columns):
        return None
    columns = {f"kinetic_{s}": thermo[f"virial_kinetic_{s}"] for s in elements}
    taken = sum(n * (thermo[name] - columns[name]) for n, name in zip(counts, columns, strict=True))
    pressure = thermo["pressure"] - 2.0 * taken / (3.0 * thermo["volume"]) / units.GPa
    return thermo.assign(**columns, kinetic_energy=thermo["kinetic_energy"] - taken, pressure=pressure)


def kinetic_temperature(kinetic_energy_per_atom: ArrayLike) -> np.ndarray:
    """Kinetic energy as temperature, 2 K/(3 k_B), in K; of a quantum estimator it is not the bath's temperature.

    No degree of freedom is taken off for the centre of mass. Where that is at rest, an atom of mass m in a cell of mass M
    shows the fraction 1 - m/M of the temperature.
    """
    return 2.0 * np.asarray(kinetic_energy_per_atom, float) / (3.0 * units.kB)
