"""Vibrational densities of states of runs in real time, from the spectrum of their velocities."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from ase import units
from scipy.signal import spectrogram

from qcrystal.analysis import periodic
from qcrystal.analysis.equilibration import production_start
from qcrystal.analysis.statistics import mean_error
from qcrystal.dynamics.spec import QUANTUM_BATHS, RunSpec
from qcrystal.dynamics.trajectory import Trajectory
from qcrystal.units import AMU_A2_PS2, oscillator_energy

WINDOW = 1.44  # full width at half maximum of the power of Hann's window, in units of its inverse length
FEWEST_SEGMENTS = 4  # whose scatter tells the error
SHORTEST_SEGMENT = 8  # frames
COLUMNS = ["species", "frequency", "density", "error", "resolution"]

log = logging.getLogger(__name__)


def mode_energies(spec: RunSpec, frequency: np.ndarray) -> np.ndarray:
    """Mean energy (eV) that a run's method gives to a harmonic mode of each frequency (THz).

    It is the quantum energy in a quantum bath, and k_B T in classical and ring-polymer dynamics. A ring polymer's
    centroid has Kubo's transformed correlations, those of a classical oscillator [I. R. Craig and D. E. Manolopoulos, J. Chem.
    Phys. 121, 3368 (2004)].
    """
    if spec.method in QUANTUM_BATHS:
        return oscillator_energy(frequency, spec.temperature)
    return np.full(len(frequency), units.kB * spec.temperature)


def density_of_states(
    positions: np.ndarray, masses: np.ndarray, interval: float, segment: int
) -> tuple[np.ndarray, ...]:
    """Mean energy of motion at each frequency, in consecutive segments of a trajectory.

    The velocity's spectrum is that of the positions times (2πν)², which is exact where no vibration is faster than two frames.

    Parameters
    ----------
    positions
        (F, n, 3), Å, unwrapped.
    masses
        (n,), u.
    interval
        ps between frames.
    segment
        Frames of a segment, which Hann's window weighs.

    Returns
    -------
    frequency : (M,) array
        THz.
    power : (M, S) array
        Σ m v² of all coordinates per frequency, eV/THz, in each of S segments: its integral is 2K.
    """
    frequency, _, power = spectrogram(
        positions.reshape(len(positions), -1).T,
        fs=1.0 / interval,
        window="hann",
        nperseg=segment,
        noverlap=0,
        detrend="constant",
        scaling="density",
    )
    weight = np.repeat(masses, 3) * AMU_A2_PS2
    return frequency, np.einsum("k,kms->ms", weight, power) * (2.0 * np.pi * frequency[:, None]) ** 2


def vibrations(trajectory: Trajectory, thermo: pd.DataFrame, resolution: float) -> pd.DataFrame:
    """Vibrational density of states of a run, its part of each species, with errors.

    The power of the velocities is divided by the energy that the method gives to a mode. So a harmonic crystal has its
    phonon density of states, whatever the method: the integral over all species is 1.

    Parameters
    ----------
    thermo
        Thermodynamic table of the run, which tells from which time it counts.
    resolution
        THz, the width that a sharp line gets. A run that is too short for it has a coarser one.

    Returns
    -------
    DataFrame
        `COLUMNS`: frequency (THz), density and error (1/THz), and the resolution (THz) that was reached. Empty of a run that
        holds no spectrum.
    """
    start = production_start(thermo, None)
    first = min(int(np.searchsorted(trajectory.time, start - 1e-9)), len(trajectory.time) - 1)
    fractional = periodic.lattice_coordinates(trajectory.positions, trajectory.cell, trajectory.masses)[first:]
    positions = fractional @ trajectory.cell[first:].mean(axis=0)
    interval = float(np.diff(trajectory.time[first:]).mean()) if len(positions) > 1 else np.nan
    segment = min(round(WINDOW / resolution / interval), len(positions) // FEWEST_SEGMENTS) if len(positions) > 1 else 0
    if segment < SHORTEST_SEGMENT:
        frames = FEWEST_SEGMENTS * SHORTEST_SEGMENT
        log.warning("%s: %d frames, a spectrum takes %d", trajectory.spec.run, len(positions), frames)
        return pd.DataFrame(columns=COLUMNS)
    tables = []
    for species in [symbol for symbol in trajectory.spec.species if symbol in trajectory.species]:
        own = trajectory.species == species
        frequency, power = density_of_states(positions[:, own], trajectory.masses[own], interval, segment)
        modes = 3 * len(trajectory.species) * mode_energies(trajectory.spec, frequency)
        each = power / modes[:, None]
        tables.append(
            pd.DataFrame(
                {
                    "species": species,
                    "frequency": frequency,
                    "density": each.mean(axis=1),
                    "error": [mean_error(row) for row in each],
                    "resolution": WINDOW / (segment * interval),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
