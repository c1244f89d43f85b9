"""The bath's kick as compiled code, to the last bit what `qcrystal.dynamics.bath.thermal.ThermalBath.kick` gives.

One process has all atoms. Sums run over the atoms in the order of the start structure, as numpy's do, and no product and sum
become one operation. ``tests/unit/dynamics/lammps/test_compiled_bath.py`` compares the bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qcrystal.dynamics.bath.thermal import ThermalBath
from qcrystal.potential.native.compiling import jit


@jit
def _kick(white, impulse, friction, atoms, tags, velocities, forces, noise, middle):  # type: ignore[no-untyped-def]  # compiled
    """Kick velocities (N, 3) that lack half of a force's impulse; ``atoms`` (4, N) are masses and `ThermalBath.weights`.

    ``noise`` and ``middle`` (N, 3) receive the noise without net force, and the mean of velocities before and after.
    """
    masses, kicks, roots, shares = atoms[0], atoms[1], atoms[2], atoms[3]
    count = len(masses)
    for axis in range(3):
        net = roots[0] * np.float64(white[0, axis])
        for atom in range(1, count):
            net += roots[atom] * np.float64(white[atom, axis])
        for atom in range(count):
            noise[atom, axis] = np.float64(white[atom, axis]) - shares[atom] * net
    for place in range(count):
        atom = tags[place] - 1
        for axis in range(3):
            half = impulse * forces[place, axis] / masses[atom]
            before = velocities[place, axis] + half
            after = friction * before + kicks[atom] * noise[atom, axis]
            middle[atom, axis] = 0.5 * (before + after)
            velocities[place, axis] = after - half


def compile_kick() -> None:
    """Compile what a kick calls, for this kind of processor."""
    tags = np.array([1, 2], np.int32)
    _kick(np.zeros((2, 3), np.float32), 0.0, np.float64(1.0), np.ones((4, 2)), tags, *np.zeros((4, 2, 3)))


class CompiledBath:
    """The bath of a run in one process.

    Parameters
    ----------
    bath
        The bath; its records and segments go on as if it had kicked itself.
    impulse : float
        Half of a time step over the unit of mass: change of velocity (Å/ps) by a force of 1 eV/Å on 1 u.
    """

    def __init__(self, bath: ThermalBath, impulse: float):
        self.bath, self._impulse = bath, impulse
        self._atoms = np.array([bath.masses, *bath.weights])
        self._noise, self._middle = np.empty((2, len(bath.masses), 3))

    def kick(self, step: int, tags: np.ndarray, velocities: np.ndarray, forces: np.ndarray) -> None:
        """The bath's part of a step, on velocities (N, 3), Å/ps, that lack the half kick of the forces (N, 3), eV/Å.

        ``tags`` (N,) are the identifiers of the atoms, 1 to N, in the order of LAMMPS's list.
        """
        bath = self.bath
        white: Any = bath.single_numbers(step)
        _kick(white, self._impulse, bath.friction, self._atoms, tags, velocities, forces, self._noise, self._middle)
        if bath.records(step):
            bath.observer.record(step, self._middle, self._noise)
        bath.end_step(step)
