"""Kinetic energies of a crystal's atoms: by their velocities, and by the virial theorem."""

from __future__ import annotations

import numpy as np
from ase import units

from qcrystal.units import AMU_A2_PS2

FOLLOWING_PERIODS = 16
"""Memory of each of the two running means of an atom's position, in periods of the slowest species' mean vibration.
In LaH10 that is 2 ps, by lanthanum."""


def follow(means: np.ndarray, positions: np.ndarray, weight: float) -> np.ndarray:
    """Running mean of the positions and running mean of that mean, one sample on.

    The second one weighs the past by t exp(-t/τ). It does not know the vibration of this moment. A single mean, exp(-t/τ),
    would share it by its latest part.

    Parameters
    ----------
    means : (2, N, 3) array
    positions : (N, 3) array
    weight
        1 - exp(-Δt/τ).
    """
    first, second = means
    return np.array([first + weight * (positions - first), second + weight * (first - second)])


class Kinetics:
    """Kinetic energy of each atom in a crystal whose centre of mass is at rest.

    Parameters
    ----------
    masses : (N,) array, u
    temperature : float
        K.
    interval : float
        Time (ps) between two samples.
    slowest : float
        Mean frequency (THz) of the slowest species.

    Attributes
    ----------
    means : (2, N, 3) array or None
        The running means (`follow`) of the fractional coordinates; None before the first sample.
    whole : (N,) array
        Kinetic energy (eV) per atom of the crystal's motion as a whole: 3kT/2 shared by mass.
    """

    def __init__(self, masses: np.ndarray, temperature: float, interval: float, slowest: float):
        self.masses = masses
        self.means: np.ndarray | None = None
        self.whole = 1.5 * units.kB * temperature * masses / masses.sum()
        self._weight = 1.0 - np.exp(-interval * slowest / FOLLOWING_PERIODS)

    def by_velocities(self, velocities: np.ndarray) -> np.ndarray:
        """Kinetic energy (N,), eV, of velocities (N, 3), Å/ps, with the share of the crystal's motion as a whole.

        The crystal is at rest, so it lacks the classical 3kT/2 of a free body, of which a La among eight has 12 %. It is added
        here, as in i-PI's centroid-virial estimator. So <K> = 3kT/2 holds for each species of a classical crystal of any size.
        """
        return 0.5 * AMU_A2_PS2 * self.masses * (velocities**2).sum(1) + self.whole

    def pressure(self, velocities: np.ndarray, volume: float) -> np.ndarray:
        """Pressure tensor (3, 3), GPa, of the atoms' motion in a volume (Å³).

        It is the tensor of `by_velocities`, with kT/V on the diagonal for the crystal's motion as a whole. So its mean over the
        diagonal is 2K/3V.
        """
        tensor = AMU_A2_PS2 * np.einsum("i,ia,ib->ab", self.masses, velocities, velocities)
        return (tensor + 2.0 / 3.0 * self.whole.sum() * np.eye(3)) / volume / units.GPa

    def by_virial(self, positions: np.ndarray, forces: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Kinetic energy (N,), eV, by the virial theorem, -<(r - r0)·F>/2; r0 is the atom's mean position (`follow`).

        As <F> is zero, any r0 will do that moves with the cell and does not know the force of this moment. An r0 that follows
        an atom which leaves its site keeps the noise low. A single running mean would know the force by its latest part. It
        makes the energy of an oscillator of frequency ω under friction γ too low by γ/(ω²τ). That is 6 % at 2 THz with
        γ = 20/ps and τ = 2 ps. With the mean of the mean, what is left is of the order of 1/(ωτ)² (1 + γ²/ω²), 0.2 % there.

        A quantum bath's friction adds to the velocities but not to this energy. For a harmonic oscillator it is the potential
        energy, which the bath is made to get right. It needs no model of what drives the oscillator: leaked energy or
        adapted noise.

        The sample is then added to the running means.

        Parameters
        ----------
        positions : (N, 3) array, Å, unwrapped
        forces : (N, 3) array, eV/Å
        cell : (3, 3) array, Å, rows are vectors
        """
        fractional = np.linalg.solve(cell.T, positions.T).T
        if self.means is None:
            self.means = np.array(2 * [fractional])
        displacements = (fractional - self.means[1]) @ cell
        displacements -= self.masses @ displacements / self.masses.sum()
        # afterwards: a mean that held this very sample would take its share away
        self.means = follow(self.means, fractional, self._weight)
        return -0.5 * (displacements * forces).sum(1) + self.whole
