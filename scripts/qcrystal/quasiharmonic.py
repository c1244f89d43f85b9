"""A run's first lattice constant: static pressure plus the vibrations' pressure in the quasi-harmonic approximation.

A short run at constant pressure spends its time on the volume if it starts from the static lattice: zero-point motion
alone adds some 15 GPa in LaH10.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from ase import units


def grueneisen_parameter(phonons: pd.DataFrame) -> float:
    """Mean Grüneisen parameter γ = -d ln E_zp / d ln V from zero-point energies at several lattice constants."""
    volume = 3.0 * np.log(phonons.lattice_constant)
    slope = np.polyfit(volume, np.log(phonons.zero_point_energy), 1)[0]
    return float(-slope)


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
        ``statics/phonons.csv``: lattice_constant (Å), zero_point_energy (eV/atom), at two pressures or more.
    energy
        ``statics/harmonic_energy.csv``: pressure, temperature, energy_over_3NkB_quantum (K).
    pressure, temperature
        Target in GPa and K.
    quantum
        False: E_vib = 3 kT per atom.

    Raises
    ------
    ValueError
        If the pressure is not inside the range of the equation of state.
    """
    eos = eos.sort_values("lattice_constant")
    if quantum:
        kelvin = [
            np.interp(temperature, at_pressure.temperature, at_pressure.energy_over_3NkB_quantum)
            for _, at_pressure in energy.sort_values(["pressure", "temperature"]).groupby("pressure")
        ]
        order = phonons.sort_values("pressure")
        kelvin = np.interp(eos.lattice_constant, order.lattice_constant[::-1], np.array(kelvin)[::-1])
    else:
        kelvin = temperature
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
