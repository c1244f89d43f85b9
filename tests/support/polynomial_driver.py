"""i-PI driver of independent one-dimensional oscillators: each Cartesian coordinate in a polynomial potential."""

from pathlib import Path

import numpy as np

from qcrystal.dynamics.ipi.driver import BeadPotential

__DRIVER_NAME__ = "polynomial"
__DRIVER_CLASS__ = "PolynomialDriver"


class PolynomialDriver(BeadPotential):
    """V = ε Σ_i c_i (x/l)^i; the "model" is a text file: ε (eV), l (Å), record file or "-", coefficients c_0, c_1, ...

    The mean of (x/l)² over beads, atoms and directions is appended to the record file (float64) at each step.
    """

    def prepare(self):
        energy, length, record, *coefficients = Path(self.settings["model"]).read_text().split()
        self._energy, self._length = float(energy), float(length)
        self._record = None if record == "-" else Path(record)
        self._potential = np.polynomial.Polynomial([float(c) for c in coefficients])
        self._slope = self._potential.deriv()

    def evaluate(self, positions, cells):
        x = positions / self._length
        if self._record is not None:
            with self._record.open("ab") as file:
                file.write(np.mean(x**2).tobytes())
        energies = self._energy * self._potential(x).sum(axis=(1, 2))
        return energies, -self._energy / self._length * self._slope(x), np.zeros((len(x), 3, 3))
