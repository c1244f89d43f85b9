"""The prototype distorted along its imaginary modes and to given space groups, relaxed.

Distortions along imaginary modes find what the known crystal turns into. Å, eV, GPa, THz.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase import Atoms
from ase.build import make_supercell

from qcrystal.crystal.distortions import (
    Distorted,
    Mode,
    along_mode,
    doubled_cell,
    imaginary_modes,
    towards_groups,
)
from qcrystal.crystal.symmetry import half_wavevectors
from qcrystal.search.candidates import Candidate
from qcrystal.search.settle import Fates, SearchTask, count_table, settle
from qcrystal.statics.phonons import PhononSettings, lattice_dynamics
from qcrystal.statics.relax import Relaxed
from qcrystal.units import IMAGINARY

log = logging.getLogger(__name__)

# Å, largest displacement of a distorted start: about a hydrogen's zero-point excursion.
DISTORTION = 0.15
MODE_COLUMNS = ["pressure", "q", "arms", "degeneracy", "frequency", "lowest", "spacegroup"]


@dataclass(frozen=True)
class Distortions:
    """Distortions that a search tries.

    Attributes
    ----------
    groups : sequence of str
        International symbols of the space groups that are looked for on purpose, such as R-3m, C2, P-1.
    each : int
        Starts per group and cell.
    primitive_cells : int
        1: only distortions that are the same in every primitive cell; 2: those that differ between two as well.
    masses : dict
        u, per element.
    """

    groups: Sequence[str]
    each: int
    primitive_cells: int
    masses: dict[str, float]


def distorted_candidates(
    task: SearchTask, distortions: Distortions
) -> tuple[list[Candidate], pd.DataFrame, pd.DataFrame]:
    """Follow the imaginary modes of the prototype, and distort it to given space groups, at every pressure of the task.

    Modes are those at Γ and at the points half-way to a reciprocal lattice vector. Each is followed into each of its isotropy
    subgroups. Then the crystal is displaced at random within subgroups of the given groups, in all cells where such modes fit.
    Every start is relaxed first within its space group and then freely (`settle`).

    Returns
    -------
    candidates, counts
        As from `random_candidates`; origins are modes and subgroups.
    modes : pandas.DataFrame
        pressure, q (reciprocal coordinates), arms, degeneracy, frequency (THz, negative: imaginary), lowest and spacegroup.
        ``lowest`` is the energy (eV/atom) of the crystal that the mode leads to, relative to the prototype; ``spacegroup`` is
        that crystal's. ``lowest`` is NaN if the mode was not followed.
    """
    found: list[Candidate] = []
    tables: list[pd.DataFrame] = []
    modes: list[dict] = []
    exact = task.effort._replace(fmax=0.1 * task.effort.fmax)  # forces at rest are taken for those of a displacement
    for pressure, known in task.known_crystals(exact).items():
        rng = np.random.default_rng([task.seed, round(1000 * pressure)])
        model = lattice_dynamics(task.potential, known.atoms, PhononSettings((2, 2, 2), distortions.masses))
        fates: Fates = Counter()
        for cell, imaginary in imaginary_modes(model, known.atoms, IMAGINARY):
            fits = len(cell) <= distortions.primitive_cells * len(known.atoms)
            for mode in imaginary:
                starts = along_mode(cell, mode, DISTORTION, rng) if fits else []
                results, here = _settle_all(task, starts, known, rng, f"mode {_shown(mode)}")
                found, fates = found + results, fates + here
                modes.append(_mode_row(mode, results, known))
        tables.append(count_table("modes", fates))
        fates = Counter()
        for cell in _cells(known.atoms, distortions.primitive_cells):
            towards = towards_groups(cell, distortions.groups, distortions.each, DISTORTION, rng)
            results, here = _settle_all(task, towards, known, rng, "subgroup")
            found, fates = found + results, fates + here
        tables.append(count_table("subgroups", fates))
    return found, pd.concat(tables, ignore_index=True), pd.DataFrame(modes, columns=MODE_COLUMNS)


def _shown(mode: Mode) -> str:
    """A mode's wave vector as text."""
    return " ".join(f"{abs(x):g}" for x in mode.wavevector)


def _mode_row(mode: Mode, results: list[Candidate], known: Relaxed) -> dict:
    """A row of the table of modes; ``results`` are the crystals that the mode leads to."""
    lowest = min((c.relaxed for c in results), key=lambda r: r.enthalpy, default=None)
    return {
        "pressure": known.pressure,
        "q": _shown(mode),
        "arms": mode.arms,
        "degeneracy": mode.displacements.shape[1],
        "frequency": mode.frequency,
        "lowest": np.nan if lowest is None else lowest.enthalpy - known.enthalpy,
        "spacegroup": "" if lowest is None else lowest.spacegroup,
    }


def _cells(atoms: Atoms, primitive_cells: int) -> Iterable[Atoms]:
    """The smallest cells of a crystal that hold waves half-way to a reciprocal lattice vector, up to a size."""
    for wavevector in half_wavevectors(atoms):
        cell = make_supercell(atoms, doubled_cell(wavevector), order="cell-major")
        if len(cell) <= primitive_cells * len(atoms):
            yield cell


def _settle_all(
    task: SearchTask, starts: Iterable[Distorted], known: Relaxed, rng: np.random.Generator, what: str
) -> tuple[list[Candidate], Fates]:
    """`settle` for distorted starts."""
    found: list[Candidate] = []
    fates: Fates = Counter()
    for start in starts:
        results, fate = settle(task, start.atoms, known, rng)
        found += [Candidate(result, f"{what} to {start.spacegroup}") for result in results]
        fates[known.pressure, fate] += 1
        outcome = ", ".join(f"{r.spacegroup} {1e3 * (r.enthalpy - known.enthalpy):+.1f} meV/atom" for r in results)
        log.info("%g GPa, %s to %s: %s %s", known.pressure, what, start.spacegroup, fate, outcome)
    return found, fates
