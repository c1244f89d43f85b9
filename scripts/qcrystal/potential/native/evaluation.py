"""One set of atoms under a potential, again and again: arrays that stay in place, neighbour lists, parts for threads.

The atoms are divided into parts, whose number does not depend on the number of threads. Each part has forces of its own, and
they are summed in the order of the parts. So any number of threads gives the same digits.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import get_num_threads, prange, set_num_threads
from numba.core import config

from qcrystal.potential.native import arrays, neighbours
from qcrystal.potential.native.arrays import (
    BLOCK,
    Double,
    Doubles,
    Doubles3,
    Doubles4,
    Model,
    Neighbours,
    Results,
    System,
    Task,
    Whole,
    workspace,
)
from qcrystal.potential.native.compiling import CALLED, c_function, call, jit, named, reader, stamp, table
from qcrystal.potential.native.neighbours import Lists, follow

SKIN = 0.9
"""Å; more makes a step longer, less makes lists more often."""
PARTS = 8
"""Parts of the atoms at most, and so threads."""


class Step(NamedTuple):
    """Arguments of `advance`: A atoms of F frames in P parts, each with a table of its `Task`.

    ``positions``, ``cells``, ``starts``, ``old`` to ``shifts`` are those of `qcrystal.potential.native.neighbours.follow`,
    ``reach`` holds reach and skin (Å). ``crowded`` (P,) counts atoms with more neighbours than the descriptor has places for.
    """

    kernel: int
    threads: int
    tasks: Whole
    positions: Doubles
    cells: Doubles3
    starts: Whole
    old: Doubles
    old_cells: Doubles3
    reach: Double
    numbers: Doubles
    frames: Whole
    shifts: Doubles
    energies: Double
    forces: Doubles
    virials: Doubles3
    part_forces: Doubles3
    part_virials: Doubles4
    closest: Doubles
    crowded: Whole


step_at = reader(Step)


@jit
def _one_after_the_other(kernel, tasks, crowded):
    for part in range(len(tasks)):
        crowded[part] = call(kernel, (tasks[part],))


@jit(parallel=True)
def _side_by_side(kernel, tasks, crowded, threads):
    for thread in prange(threads):
        for part in range(thread, len(tasks), threads):
            crowded[part] = call(kernel, (tasks[part],))


@cache
def advance(parallel: bool):
    """The evaluation of a `Step` at the address of its table, as a C function; it returns 0 if the lists do not serve."""
    digest = stamp(arrays, neighbours)
    if parallel:
        get_num_threads()  # starts the threads: what numba has kept from before does not do so by itself, and would crash

    def evaluate(address):
        step = step_at(address)
        if not follow(
            step.positions, step.cells, step.starts, step.old, step.old_cells, step.reach[0], step.reach[1],
            step.numbers, step.frames, step.shifts,
        ):  # fmt: skip
            return 0 * len(digest)  # a variable of the function belongs to numba's key
        step.energies[:] = 0.0
        step.part_forces[:] = 0.0
        step.part_virials[:] = 0.0
        step.closest[:] = step.reach[0] ** 2
        if parallel:
            _side_by_side(step.kernel, step.tasks, step.crowded, step.threads)
        else:
            _one_after_the_other(step.kernel, step.tasks, step.crowded)
        step.forces[:] = step.part_forces[0]
        step.virials[:] = step.part_virials[0]
        for part in range(1, len(step.tasks)):
            step.forces[:] += step.part_forces[part]
            step.virials[:] += step.part_virials[part]
        return 1

    return c_function(CALLED, named(evaluate, "parallel" if parallel else "serial"))


class Evaluation:
    """A set of atoms under a potential.

    Parameters
    ----------
    model : Model
    kernel : int
        Address of `qcrystal.potential.native.kernels.compiled`.
    starts : (F + 1,) array
        Atoms ``starts[f]`` to ``starts[f + 1]`` belong to frame f.
    species : (A,) array
    threads : int

    Attributes
    ----------
    positions : (A, 3) array, Å
    cells : (F, 3, 3) array, Å
        To be filled before `run`.
    energies : (A,) array, eV
    forces : (A, 3) array, eV/Å
    virials : (F, 3, 3) array, eV
    address : int
        Of the table of the present `Step`.
    """

    def __init__(self, model: Model, kernel: int, starts: np.ndarray, species: np.ndarray, threads: int):
        self.model, self.kernel, self.starts, self.species = model, kernel, starts, species
        frames, count = len(starts) - 1, len(species)
        self.positions, self.cells = np.zeros((count, 3)), np.zeros((frames, 3, 3))
        self.energies, self.forces, self.virials = np.zeros(count), np.zeros((count, 3)), np.zeros((frames, 3, 3))
        self.atoms, self._blocks = blocks_of(species)
        self.frame = np.repeat(np.arange(frames), np.diff(starts))
        parts = min(PARTS, len(self._blocks))
        self.threads = max(1, min(threads, parts))
        self.part_forces, self.part_virials = np.zeros((parts, count, 3)), np.zeros((parts, frames, 3, 3))
        self.closest, self.crowded = np.full((parts, 1), np.inf), np.zeros(parts, np.int64)
        self.advance = advance(self.threads > 1)
        self.address = 0

    def run(self) -> None:
        """Energies, forces and virials at the present positions and cells.

        Raises
        ------
        ValueError
            If a position is not a number or a cell is flat.
        """
        if not self._served():
            self.renew()
            self.advance.ctypes(self.address)

    def served(self, positions: np.ndarray, cells: np.ndarray) -> bool:
        """Whether the present lists serve at other positions and cells; then it has run there."""
        self.positions[:] = positions
        self.cells[:] = cells
        return self._served()

    def _served(self) -> bool:
        if self.threads > 1:
            set_num_threads(min(self.threads, config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # set as it is read
        return bool(self.address and self.advance.ctypes(self.address))

    @property
    def nearest(self) -> float:
        """Smallest distance (Å) of two atoms, at most the reach of the lists."""
        return float(np.sqrt(self.closest.min()))

    def renew(self) -> None:
        """Make lists at the present positions and cells; raises as `run`."""
        self._check()
        lists = Lists(self.positions, self.cells, self.starts, self.model.ranges[2], SKIN)
        system = System(self.positions, self.species, self.frame)
        pairs = Neighbours(lists.pairs.first, lists.pairs.other, lists.pairs.image, lists.shifts)
        most = int(np.diff(lists.pairs.first).max(initial=0))
        works = [workspace(self.model, most) for _ in range(self.threads)]
        tasks = []
        for part, forces in enumerate(self.part_forces):
            results = Results(self.energies, forces, self.part_virials[part], self.closest[part])
            blocks = np.ascontiguousarray(self._blocks[part :: len(self.part_forces)])
            tasks.append(Task(blocks, self.atoms, system, pairs, self.model, works[part % self.threads], results))
        tables = [table(task) for task in tasks]
        step = Step(
            kernel=self.kernel,
            threads=self.threads,
            tasks=np.array([one.ctypes.data for one in tables], np.int64),
            positions=self.positions,
            cells=self.cells,
            starts=self.starts,
            old=lists.fractional,
            old_cells=lists.cells,
            reach=np.array([self.model.ranges[2] + SKIN, SKIN]),
            numbers=lists.pairs.shifts,
            frames=lists.pairs.frames,
            shifts=lists.shifts,
            energies=self.energies,
            forces=self.forces,
            virials=self.virials,
            part_forces=self.part_forces,
            part_virials=self.part_virials,
            closest=self.closest,
            crowded=self.crowded,
        )
        own = table(step)
        self._alive = (own, tables, tasks, step)
        self.address = own.ctypes.data

    def _check(self) -> None:
        wrong = ~np.isfinite(self.positions).all(axis=-1)
        if wrong.any():
            atom = int(np.argmax(wrong))
            frame = int(self.frame[atom])
            where = self.positions[atom].tolist()
            raise ValueError(f"atom {atom - self.starts[frame]} of frame {frame} is at {where}; look at what moved it")
        volumes = np.abs(np.linalg.det(self.cells))
        flat = ~(volumes > 1e-3 * np.prod(np.linalg.norm(self.cells, axis=-1), axis=-1))
        if flat.any():
            raise ValueError(f"the cell of frame {int(np.argmax(flat))} is flat; give three vectors that span a volume")


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
