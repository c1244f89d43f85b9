"""Potential energies of many configurations at once.

Whatever the potential, its energies, forces and virials come as NumPy arrays. Nothing else of this room knows which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from qcrystal.potential.engines import Evaluator
from qcrystal.variational.errors import VariationalError

ATOMS_PER_CALL = 4096
"""Atoms that one call of a deep potential evaluates, about."""


class Energies(NamedTuple):
    """Energies (B,), forces (B, N, d) and virials (B, d, d), which are -dE/dε of a homogeneous strain ε."""

    energies: np.ndarray
    forces: np.ndarray
    virials: np.ndarray


class Potential(Protocol):
    """Energies of configurations (B, N, d) in a cell (d, d) whose rows are vectors."""

    def __call__(self, positions: np.ndarray, cell: np.ndarray) -> Energies: ...


class DeepEnergies:
    """A deep potential for crystals of given atoms, in batches. Energies are relative to those of the reference, if one is set.

    Parameters
    ----------
    evaluator
        See `qcrystal.potential.engines.open_potential`: the native evaluator, or DeePMD-kit.
    symbols
        Chemical symbols of the N atoms.
    atoms_per_call
        Atoms that one call of the evaluator gets, about. It changes no digit.

    Raises
    ------
    VariationalError
        If the potential does not know an element.
    """

    def __init__(self, evaluator: Evaluator, symbols: Sequence[str], atoms_per_call: int = ATOMS_PER_CALL):
        unknown = sorted(set(symbols) - set(evaluator.species))
        if unknown:
            raise VariationalError(
                f"the potential knows {', '.join(evaluator.species)}, not {', '.join(unknown)}; take one trained for this crystal"
            )
        self.evaluator = evaluator
        self.types = [evaluator.species.index(symbol) for symbol in symbols]
        self.frames_per_call = max(1, atoms_per_call // len(self.types))

    def __call__(self, positions: np.ndarray, cell: np.ndarray) -> Energies:
        parts = []
        for first in range(0, len(positions), self.frames_per_call):
            chosen = np.asarray(positions[first : first + self.frames_per_call])
            cells = np.broadcast_to(cell, (len(chosen), 3, 3))
            parts.append(self.evaluator.evaluate(chosen, cells, self.types))
        return Energies(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def force_constants(potential: Potential, rest: np.ndarray, cell: np.ndarray, displacement: float) -> np.ndarray:
    """Second derivatives (N d, N d) by central differences of forces, all displaced configurations in one call.

    The displacement is finite on purpose: where a potential is not smooth, a larger one gives the curvature that motion feels.
    """
    size = rest.size
    steps = displacement * np.eye(size).reshape(size, *rest.shape)
    forces = potential(np.concatenate([rest + steps, rest - steps]), cell).forces.reshape(2, size, size)
    return -(forces[0] - forces[1]) / (2 * displacement)
