"""A frozen phonon: what frequency a potential gives a phonon at a finite amplitude.

For a harmonic potential it does not depend on the amplitude. A wrinkle of the potential shows as a dip or a jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from ase.build import bulk, make_supercell

from qcrystal.potential.engines import Evaluator
from qcrystal.units import MEV
from qcrystal.variational.basis import HBAR_SQUARED
from qcrystal.variational.energies import Potential
from qcrystal.variational.small_batches import batched


def frozen_phonon(potential: Potential, atoms: Atoms, pattern: np.ndarray, amplitudes: Sequence[float]) -> pd.DataFrame:
    """Effective ħω of a displacement pattern against its amplitude.

    ħω = (2 ħ² ΔE / M A²)^(1/2), where ΔE is the mean of both signs. A negative ΔE gives a negative number: imaginary.

    Parameters
    ----------
    atoms
        At rest, with masses.
    pattern : (N, 3) array
        Displacements; scaled until the largest one is the amplitude.
    amplitudes
        Å.

    Returns
    -------
    DataFrame
        amplitude (Å), energy (meV/atom above rest), frequency (meV).
    """
    pattern = pattern / np.linalg.norm(pattern, axis=1).max()
    steps = np.array(amplitudes)[:, None, None] * pattern
    rest = atoms.get_positions()
    frames = np.concatenate([rest[None], rest + steps, rest - steps])
    energies = potential(frames, atoms.cell.array).energies
    rises = 0.5 * (energies[1 : len(steps) + 1] + energies[len(steps) + 1 :]) - energies[0]
    inertia = np.sum(atoms.get_masses()[:, None] * pattern**2)
    squares = 2 * HBAR_SQUARED * rises / (inertia * np.array(amplitudes) ** 2)
    return pd.DataFrame(
        {
            "amplitude": amplitudes,
            "energy": rises / len(atoms) / MEV,
            "frequency": np.sign(squares) * np.sqrt(np.abs(squares)) / MEV,
        }
    )


def transverse_at_n(element: str, volume: float, mass: float) -> tuple[Atoms, np.ndarray]:
    """The T1 phonon at N of a bcc crystal: q = [110]/2, displacements along [1-10], in a cell that holds it.

    The cell is the smallest orthorhombic one, twice along z.

    Parameters
    ----------
    volume
        Å³/atom.
    """
    constant = (2 * volume) ** (1 / 3)
    cube = bulk(element, "bcc", a=constant, cubic=True)
    cell = make_supercell(cube, [[1, 1, 0], [-1, 1, 0], [0, 0, 1]])
    cell = cell.repeat((1, 1, 2))
    cell.set_masses(np.full(len(cell), mass))
    phase = np.cos(np.pi * (cell.positions[:, 0] + cell.positions[:, 1]) / constant)
    direction = np.array([1.0, -1.0, 0.0]) / np.sqrt(2)
    return cell, np.round(phase)[:, None] * direction


def wrinkle_table(
    potentials: Mapping[str, Evaluator], volumes: Sequence[float], amplitudes: Sequence[float], mass: float
) -> pd.DataFrame:
    """`frozen_phonon` of the T1 phonon at N of bcc lithium for each potential and volume (Å³/atom); ``nearest``: pairs, Å."""
    parts = []
    for name, evaluator in potentials.items():
        for volume in volumes:
            atoms, pattern = transverse_at_n("Li", volume, mass)
            energies = batched(evaluator, atoms.get_chemical_symbols())
            table = frozen_phonon(energies, atoms, pattern, amplitudes)
            nearest = np.sqrt(3) / 2 * (2 * volume) ** (1 / 3)
            parts.append(table.assign(potential=name, volume=volume, nearest=nearest))
    return pd.concat(parts, ignore_index=True)
