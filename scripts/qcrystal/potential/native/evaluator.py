"""Energies, forces and virials of a frozen potential without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qcrystal.potential.native import kernels
from qcrystal.potential.native.arrays import BLOCK, Neighbours, Results, System, Work, workspace
from qcrystal.potential.native.neighbours import Pairs, find_pairs
from qcrystal.potential.native.packing import pack
from qcrystal.potential.native.weights import read_weights

SKIN = 0.6  # Å


class Evaluator:
    """A potential for F frames of N atoms.

    Parameters
    ----------
    model
        File of a frozen potential.

    Attributes
    ----------
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
        self._lists: Lists | None = None
        self._work: Work | None = None

    def evaluate(self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]):
        """Energies (F, N) in eV, forces (F, N, 3) in eV/Å and virials (F, 3, 3) in eV.

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
        positions = np.ascontiguousarray(positions, float)
        cells = np.ascontiguousarray(cells, float)
        frames, count = positions.shape[:2]
        types = np.asarray(types, np.int64)
        _check(positions, cells)
        lists = self._lists
        if lists is None or not lists.serves(positions, cells, types):
            lists = self._lists = Lists(positions, cells, types, self.weights.cutoff)
            self._work = workspace(self.model, int(np.diff(lists.pairs.first).max(initial=0)))
        flat, shifts = lists.current(positions, cells)
        results = Results(np.zeros(frames * count), np.zeros((frames * count, 3)), np.zeros((frames, 3, 3)))
        pairs = Neighbours(lists.pairs.first, lists.pairs.other, lists.pairs.image, shifts)
        system = System(flat, lists.species, lists.frame)
        self.crowded = self._evaluate(lists.blocks, lists.atoms, system, pairs, self.model, self._work, results)
        return results.energies.reshape(frames, count), results.forces.reshape(frames, count, 3), results.virials


def _check(positions: np.ndarray, cells: np.ndarray) -> None:
    wrong = ~np.isfinite(positions).all(axis=-1)
    if wrong.any():
        frame, atom = np.argwhere(wrong)[0]
        raise ValueError(f"atom {atom} of frame {frame} is at {positions[frame, atom].tolist()}; look at what moved it")
    volumes = np.abs(np.linalg.det(cells))
    if not np.all(volumes > 1e-3 * np.prod(np.linalg.norm(cells, axis=-1), axis=-1)):
        raise ValueError(f"the cell of frame {int(np.argmin(volumes))} is flat; give three vectors that span a volume")


class Lists:
    """Neighbour lists that serve as long as no pair can have come within the cutoff unseen."""

    def __init__(self, positions, cells, types, cutoff, skin=SKIN):
        self.positions, self.cells, self.types, self.reach, self.skin = positions, cells, types, cutoff + skin, skin
        frames, count = positions.shape[:2]
        self.pairs: Pairs = find_pairs(positions, cells, self.reach)
        self.species = np.tile(types, frames)
        self.frame = np.repeat(np.arange(frames), count)
        self.atoms, self.blocks = blocks_of(self.species)
        self.fractional = positions @ np.linalg.inv(cells)

    def _displaced(self, positions, cells):
        """Positions without whole cell vectors that were crossed since."""
        fractional = positions @ np.linalg.inv(cells)
        crossed = np.rint(fractional - self.fractional)
        return positions - crossed @ cells, fractional - crossed

    def serves(self, positions, cells, types) -> bool:
        if positions.shape != self.positions.shape or not np.array_equal(types, self.types):
            return False
        _, fractional = self._displaced(positions, cells)
        moved = np.linalg.norm((fractional - self.fractional) @ cells, axis=-1).max()
        strain = np.linalg.norm(np.linalg.solve(self.cells, cells) - np.eye(3), 2, axis=(1, 2)).max()
        return bool(2 * moved + strain * self.reach < self.skin)

    def current(self, positions, cells):
        flat = self._displaced(positions, cells)[0].reshape(-1, 3)
        shifts = np.einsum("ij,ijk->ik", self.pairs.shifts, cells[self.pairs.frames])
        return np.ascontiguousarray(flat), np.ascontiguousarray(shifts)


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
