"""Settling of a start, in every search: relax it, kick it off saddle points, relax it again, and judge where it ends.

Å, eV, GPa.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator

from qcrystal.crystal.cells import primitive_cell
from qcrystal.crystal.displace import random_strain
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import reduced_primitive_cell
from qcrystal.errors import QcrystalError
from qcrystal.search.same_crystal import same_crystal
from qcrystal.statics.relax import SMALLEST_VOLUME, Effort, Relaxed, relax

log = logging.getLogger(__name__)

# Å and relative: a kick that takes a relaxed crystal off a saddle point.
KICK, KICK_STRAIN = 0.03, 0.005
# A crystal this many windows above the known one is not kicked: no kick takes it so far down.
KICKED_WITHIN = 3.0

# Pressure (GPa) and fate of starts, and how often each occurred.
Fates = Counter[tuple[float, str]]


class SearchError(QcrystalError, ValueError):
    """A search that cannot be carried out; one line that says why and what to do."""


@dataclass(frozen=True)
class SearchTask:
    """Settings that all starts of a search share.

    Attributes
    ----------
    potential
        ASE calculator with energy, forces and stress.
    prototype
        The known crystal: the search looks for others of its composition, and enthalpies are relative to it.
    pressures : list of float
        GPa.
    effort
        Of each relaxation.
    window : float
        eV/atom above the prototype at the same pressure up to which a crystal is kept.
    seed : int
        Of all that is drawn.
    """

    potential: Calculator
    prototype: Prototype
    pressures: list[float]
    effort: Effort = Effort()
    window: float = np.inf
    seed: int = 0

    def known_crystal(
        self, pressure: float, effort: Effort | None = None, start: Atoms | None = None
    ) -> Relaxed | None:
        """The prototype relaxed within its symmetry at a pressure (GPa), from ``start`` if given; None if it collapses."""
        if start is None:
            start = primitive_cell(self.prototype, self.prototype.lattice_constant)
        return relax(self.potential, start, pressure, effort or self.effort, keep_symmetry=True)

    def known_crystals(self, effort: Effort | None = None) -> dict[float, Relaxed]:
        """`known_crystal` at each pressure; those where it collapses are left out with a warning.

        Raises
        ------
        SearchError
            If it collapses everywhere.
        """
        found: dict[float, Relaxed] = {}
        start = None
        for pressure in self.pressures:
            result = self.known_crystal(pressure, effort, start)
            if result is None:
                log.warning("%g GPa: the prototype collapses with this potential, left out", pressure)
                continue
            found[pressure], start = result, result.atoms
        if not found:
            raise SearchError(
                f"the prototype collapses at every pressure of {self.pressures} GPa; use another potential"
            )
        return found


def kicked(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """The crystal with random displacements (`KICK`) and strain (`KICK_STRAIN`), so that no symmetry holds it on a saddle."""
    moved = random_strain(atoms, KICK_STRAIN, rng)
    moved.positions += rng.normal(scale=KICK, size=moved.positions.shape)
    return moved


def settle(task: SearchTask, start: Atoms, known: Relaxed, rng: np.random.Generator) -> tuple[list[Relaxed], str]:
    """Relax a start within its symmetry, kick the result and relax freely.

    The first relaxation is short, as few coordinates are free. It may end on a saddle point; the kick takes it off.

    Parameters
    ----------
    known
        The prototype at the pressure of the relaxations. Crystals more than the task's window above it are let go.

    Returns
    -------
    crystals : list of Relaxed
        Those that differ, in their primitive cells; none unless the fate is "kept".
    fate : str
        kept, higher, collapsed, not converged.
    """
    potential, effort, symprec = task.potential, task.effort, task.effort.symprec
    smallest = SMALLEST_VOLUME * known.volume
    first = relax(potential, start, known.pressure, effort, keep_symmetry=True, smallest_volume=smallest)
    if first is None:
        return [], "collapsed"
    if first.enthalpy > known.enthalpy + KICKED_WITHIN * task.window:
        return [], "higher"
    second = relax(potential, kicked(reduced_primitive_cell(first.atoms, symprec), rng), known.pressure, effort)
    converged = [result for result in (first, second) if result is not None and result.converged]
    low = sorted((r for r in converged if r.enthalpy < known.enthalpy + task.window), key=lambda r: r.enthalpy)
    if not low:
        return [], "higher" if converged else "not converged"
    low = [result._replace(atoms=reduced_primitive_cell(result.atoms, symprec)) for result in low]
    return low[:1] if len(low) == 2 and same_crystal(*low) else low, "kept"


def count_table(origin: str, fates: Fates) -> pd.DataFrame:
    """Number of starts of an origin with each fate: origin, pressure (GPa), fate, number."""
    rows = [
        {"origin": origin, "pressure": pressure, "fate": fate, "number": number}
        for (pressure, fate), number in sorted(fates.items())
    ]
    return pd.DataFrame(rows, columns=["origin", "pressure", "fate", "number"])
