"""Energies, forces and virials of a frozen potential without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qcrystal.potential.native import kernels
from qcrystal.potential.native.evaluation import Evaluation
from qcrystal.potential.native.packing import pack
from qcrystal.potential.native.weights import read_weights

KEPT = 12
"""Neighbour lists that are kept: those used last. Methods take few sets of atoms, or the images of a path, by turns."""
KEPT_ATOMS = 20_000
"""Atoms of all kept lists together, at most, but for the last: an atom takes some kilobytes."""


class Evaluator:
    """A potential for F frames of N atoms, or for crystals of any sizes.

    Neighbour lists are kept from one call to the next, as long as they serve; that does not change a digit. Neither does the
    number of threads.

    Parameters
    ----------
    model
        File of a frozen potential.
    threads
        Threads that share the atoms.

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

    def __init__(self, model: Path, threads: int = 1):
        self.weights = read_weights(model)
        self.model = pack(self.weights)
        self.species = list(self.weights.species)
        self.threads = threads
        self.crowded = 0
        self._kernel = kernels.compiled(self.weights.degree)
        self._kept: list[tuple[tuple[bytes, bytes], Evaluation]] = []  # what was used last is last

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
        frames, count = np.shape(positions)[:2]
        done = self._run(
            np.reshape(positions, (-1, 3)),
            np.asarray(cells),
            np.arange(frames + 1) * count,
            np.tile(np.asarray(types, np.int64), frames),
        )
        return (
            done.energies.reshape(frames, count).copy(),
            done.forces.reshape(frames, count, 3).copy(),
            done.virials.copy(),
        )

    def evaluate_crystals(self, crystals: Sequence[tuple[np.ndarray, np.ndarray, Sequence[int]]]):
        """Energies (F,), a list of forces (N, 3) and virials (F, 3, 3) of crystals of any sizes in one go.

        Parameters
        ----------
        crystals
            Positions (N, 3) and cell (3, 3) in Å, and types (N,) of each.
        """
        positions, cells, types = zip(*crystals, strict=True)
        starts = np.cumsum([0, *map(len, positions)])
        done = self._run(np.concatenate(positions), np.array(cells), starts, np.concatenate(types).astype(np.int64))
        energies = np.add.reduceat(done.energies, starts[:-1])
        return energies, np.split(done.forces.copy(), starts[1:-1]), done.virials.copy()

    def evaluation(self, starts: np.ndarray, species: np.ndarray) -> Evaluation:
        """The arrays of a set of atoms, see `Evaluation`."""
        return Evaluation(self.model, self._kernel.address, starts.astype(np.int64), species, self.threads)

    def _run(self, positions: np.ndarray, cells: np.ndarray, starts: np.ndarray, species: np.ndarray) -> Evaluation:
        key = np.asarray(starts, np.int64).tobytes(), np.asarray(species, np.int64).tobytes()
        same = [one for kind, one in reversed(self._kept) if kind == key]
        now = next((one for one in same if one.served(positions, cells)), None)
        if now is None:
            full = len(self._kept) >= KEPT or self._kept_atoms() + len(species) > KEPT_ATOMS
            now = same[-1] if full and same else self.evaluation(starts, species)
            now.positions[:] = positions
            now.cells[:] = cells
            now.run()
        self._keep(key, now)
        self.crowded = int(now.crowded.sum())
        return now

    def _keep(self, key: tuple[bytes, bytes], now: Evaluation) -> None:
        """Keep lists for later calls, and forget those that were not used for longest."""
        self._kept = [(kind, one) for kind, one in self._kept if one is not now]
        self._kept.append((key, now))
        while len(self._kept) > 1 and (len(self._kept) > KEPT or self._kept_atoms() > KEPT_ATOMS):
            del self._kept[0]

    def _kept_atoms(self) -> int:
        return sum(len(one.species) for _, one in self._kept)
