"""i-PI driver of a Lennard-Jones crystal in a cubic cell, cut off without a shift."""

from pathlib import Path

import numpy as np

from qcrystal.dynamics.ipi.driver import BeadPotential

__DRIVER_NAME__ = "lennard_jones"
__DRIVER_CLASS__ = "LennardJonesDriver"


def lennard_jones(positions, length, epsilon, sigma, cutoff):
    """Energies (P,) in eV and forces (P, N, 3) in eV/Å of P configurations; cube of edge ``length`` (Å)."""
    apart = positions[:, :, None] - positions[:, None]
    apart -= length * np.rint(apart / length)
    square = np.einsum("pijc,pijc->pij", apart, apart)
    atoms = range(positions.shape[1])
    square[:, atoms, atoms] = np.inf
    sixth = np.where(square < cutoff**2, (sigma**2 / square) ** 3, 0.0)
    energies = 2.0 * epsilon * (sixth**2 - sixth).sum(axis=(1, 2))
    slope = 24.0 * epsilon * (2.0 * sixth**2 - sixth) / square
    return energies, np.einsum("pij,pijc->pic", slope, apart)


class LennardJonesDriver(BeadPotential):
    """The "model" is a text file: length (Å), epsilon (eV), sigma (Å), cutoff (Å)."""

    def prepare(self):
        self._parameters = [float(x) for x in Path(self.settings["model"]).read_text().split()]

    def evaluate(self, positions, cells):
        energies, forces = lennard_jones(positions, *self._parameters)
        return energies, forces, np.zeros((len(positions), 3, 3))
