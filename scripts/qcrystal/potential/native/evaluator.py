"""Energies, forces and virials of a frozen potential without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qcrystal.potential.native import kernels
from qcrystal.potential.native.arrays import BLOCK, Neighbours, Results, System, Work, workspace
from qcrystal.potential.native.neighbours import Lists
from qcrystal.potential.native.packing import pack
from qcrystal.potential.native.weights import read_weights

SKIN = 0.6  # Å


class Evaluator:
    """A potential for F frames of N atoms.

    Neighbour lists are kept from one call to the next, as long as they serve; that does not change a digit.

    Parameters
    ----------
    model
        File of a frozen potential.

    Attributes
    ----------
    species : list of str
        Elements in the order of the potential's type map.
    crowded : int
        Atoms of the last evaluation that have more neighbours than the descriptor was made for (``sel``).

    Raises
    ------
    WeightsError
        If the native evaluator does not cover the potential.
    """

    def __init__(self, model: Path):
        self.weights = read_weights(model)
        self.model = pack(self.weights)
        self.species = list(self.weights.species)
        self.crowded = 0
        self._evaluate = kernels.compiled(self.weights.degree)
        self._types = np.empty(0, np.int64)
        self._lists: Lists | None = None
        self._work: Work | None = None

    def evaluate(self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]):
        """Energies (F,) in eV, forces (F, N, 3) in eV/Å and virials (F, 3, 3) in eV.

        The virial is -dE/dε for a homogeneous strain ε, positive under compression.

        Parameters
        ----------
        positions : (F, N, 3) array, Å
        cells : (F, 3, 3) array, Å; rows are vectors
        types : (N,) array
            Numbers of the species.

        Raises
        ------
        ValueError
            If a position is not a number or a cell is flat.
        """
        energies, forces, virials = self.evaluate_atoms(positions, cells, types)
        return energies.sum(axis=1), forces, virials

    def evaluate_atoms(self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]):
        """The same with energies (F, N) of atoms."""
        positions = np.ascontiguousarray(positions, float)
        cells = np.ascontiguousarray(cells, float)
        frames, count = positions.shape[:2]
        kinds = np.asarray(types, np.int64)
        lists = self._lists
        if lists is None or not np.array_equal(kinds, self._types) or not lists.follow(positions, cells):
            lists = self._renew(positions, cells, kinds)
        results = Results(np.zeros(frames * count), np.zeros((frames * count, 3)), np.zeros((frames, 3, 3)))
        pairs = Neighbours(lists.pairs.first, lists.pairs.other, lists.pairs.image, lists.shifts)
        system = System(positions.reshape(-1, 3), self._species, self._frame)
        self.crowded = self._evaluate(self._blocks, self._atoms, system, pairs, self.model, self._work, results)
        return results.energies.reshape(frames, count), results.forces.reshape(frames, count, 3), results.virials

    def _renew(self, positions: np.ndarray, cells: np.ndarray, types: np.ndarray) -> Lists:
        _check(positions, cells)
        frames, count = positions.shape[:2]
        self._lists = lists = Lists(positions, cells, self.weights.cutoff, SKIN)
        self._types = types.copy()
        self._species = np.tile(types, frames)
        self._frame = np.repeat(np.arange(frames), count)
        self._atoms, self._blocks = blocks_of(self._species)
        self._work = workspace(self.model, int(np.diff(lists.pairs.first).max(initial=0)))
        return lists


def _check(positions: np.ndarray, cells: np.ndarray) -> None:
    wrong = ~np.isfinite(positions).all(axis=-1)
    if wrong.any():
        frame, atom = np.argwhere(wrong)[0]
        raise ValueError(f"atom {atom} of frame {frame} is at {positions[frame, atom].tolist()}; look at what moved it")
    volumes = np.abs(np.linalg.det(cells))
    if not np.all(volumes > 1e-3 * np.prod(np.linalg.norm(cells, axis=-1), axis=-1)):
        raise ValueError(f"the cell of frame {int(np.argmin(volumes))} is flat; give three vectors that span a volume")


def blocks_of(species: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Atoms by species, and blocks (first, last, species) of them."""
    atoms = np.argsort(species, kind="stable")
    blocks = []
    start = 0
    for kind in np.unique(species):
        end = start + int(np.sum(species == kind))
        blocks += [(first, min(first + BLOCK, end), kind) for first in range(start, end, BLOCK)]
        start = end
    return atoms, np.array(blocks, np.int64)
