"""The lattice constant at a total pressure: static plus the vibrations' pressure in the quasi-harmonic approximation.

A short run at constant pressure spends its time on the volume if it starts from the static lattice. Zero-point motion
alone adds some 15 GPa in LaH10.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import units


def grueneisen_parameter(phonons: pd.DataFrame) -> float:
    """Mean Grüneisen parameter γ = -d ln E_zp / d ln V from zero-point energies at several lattice constants.

    Raises
    ------
    ValueError
        If there are fewer than two lattice constants.
    """
    if phonons.lattice_constant.nunique() < 2:
        raise ValueError(
            f"the phonon table holds {len(phonons)} pressure(s); how the vibrations change with volume needs two or more: "
            "raise statics.phonon_pressures of the scale"
        )
    volume = 3.0 * np.log(phonons.lattice_constant)
    slope = np.polyfit(volume, np.log(phonons.zero_point_energy), 1)[0]
    return float(-slope)


def vibrational_temperature(
    phonons: pd.DataFrame, energy: pd.DataFrame, temperature: float, lattice_constant
) -> np.ndarray:
    """E_vib/(3 N k_B) in K of the quantum crystal at each lattice constant (Å).

    ln E is interpolated linearly in ln V between the phonon table's rows; beyond them E goes as V^-γ.
    """
    order = phonons.sort_values("lattice_constant")
    at_pressure = dict(list(energy.sort_values("temperature").groupby("pressure")))
    known = [
        np.interp(temperature, at_pressure[p].temperature, at_pressure[p].energy_over_3NkB_quantum)
        for p in order.pressure
    ]
    volume, rows = 3.0 * np.log(np.asarray(lattice_constant, float)), 3.0 * np.log(order.lattice_constant.to_numpy())
    beyond = volume - np.clip(volume, rows[0], rows[-1])
    return np.exp(np.interp(volume, rows, np.log(known)) - grueneisen_parameter(phonons) * beyond)


def start_lattice_constant(
    eos: pd.DataFrame, phonons: pd.DataFrame, energy: pd.DataFrame, pressure: float, temperature: float, quantum: bool
) -> float:
    """Cubic lattice constant (Å) at which static and vibrational pressure add up to ``pressure``.

    The vibrational pressure is γ E_vib / V (Mie-Grüneisen) with the mean Grüneisen parameter of all modes.

    Parameters
    ----------
    eos
        ``statics/eos.csv``: lattice_constant (Å), volume (Å³/atom), pressure (GPa).
    phonons
        ``statics/phonons.csv``: pressure, lattice_constant (Å), zero_point_energy (eV/atom), at two pressures or more.
    energy
        ``statics/harmonic_energy.csv``: pressure, temperature, energy_over_3NkB_quantum (K).
    pressure, temperature
        Target in GPa and K.
    quantum
        False: E_vib = 3 kT per atom.

    Raises
    ------
    ValueError
        If the pressure is not inside the range of the equation of state, or there are phonons at one pressure only.
    """
    eos = eos.sort_values("lattice_constant")
    kelvin: np.ndarray | float = temperature
    if quantum:
        kelvin = vibrational_temperature(phonons, energy, temperature, eos.lattice_constant)
    vibrational = grueneisen_parameter(phonons) * 3.0 * units.kB * kelvin / eos.volume / units.GPa
    # From the largest cell inwards, as long as compression raises the pressure.
    total = (eos.pressure + vibrational).to_numpy()[::-1]
    rising = len(total) if np.all(np.diff(total) > 0) else int(np.argmax(np.diff(total) <= 0)) + 1
    total, lattice = total[:rising], eos.lattice_constant.to_numpy()[::-1][:rising]
    if not total[0] < pressure < total[-1]:
        raise ValueError(
            f"pressure {pressure:g} GPa is outside the equation of state, {total[0]:.0f} to {total[-1]:.0f} GPa; "
            "widen statics.lattice_constants of the system, or use a potential trained at this pressure"
        )
    return float(np.interp(pressure, total, lattice))
