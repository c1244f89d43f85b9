"""The convex hull of enthalpies at a pressure, and how sure an energy above it is. eV per atom.

Static enthalpies E + PV of one kind only enter a hull: a potential's and DFT's never meet in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition
from scipy.stats import norm

from qcrystal.errors import Problem, QcrystalError


class HullError(QcrystalError, ValueError):
    """Phases that make no hull; one line."""


class Phase(NamedTuple):
    """A crystal: its name, atoms of each element (of any cell), and enthalpy (eV/atom)."""

    name: str
    counts: Mapping[str, int]
    enthalpy: float


def diagram(phases: Sequence[Phase], elements: Iterable[str], where: str = "") -> PhaseDiagram:
    """The hull of phases, by pymatgen.

    Raises
    ------
    HullError
        An element has no phase of its own, or an enthalpy is no number. ``where`` names the phases' file.
    """
    _check(phases, elements, where)
    return PhaseDiagram([_entry(phase) for phase in phases])


def _check(phases: Sequence[Phase], elements: Iterable[str], where: str) -> None:
    for phase in phases:
        if not np.isfinite(phase.enthalpy):
            found = f"its enthalpy is {phase.enthalpy}, not a number"
            raise HullError(Problem(where, phase.name, found, "relax it again"))
    pure = {element for phase in phases if len(phase.counts) == 1 for element in phase.counts}
    for element in elements:
        if element not in pure:
            found = f"no reference for {element}: no phase of the pure element"
            raise HullError(Problem(where, "references", found, f"add a crystal of {element}"))


def _entry(phase: Phase) -> PDEntry:
    composition = Composition(dict(phase.counts))
    return PDEntry(composition, phase.enthalpy * composition.num_atoms, name=phase.name)


def above_hull(phases: Sequence[Phase], references: Sequence[Phase], elements: Iterable[str], where: str = "") -> list:
    """Energy above the hull (eV/atom, 0 on it) of every one of ``phases``, the hull being that of both lists."""
    known = diagram([*references, *phases], elements, where)
    return [max(0.0, float(known.get_e_above_hull(_entry(phase)) or 0.0)) for phase in phases]


def decomposition(phase: Phase, known: PhaseDiagram) -> dict[str, float]:
    """Decomposition of a phase: names of the phases on the hull, and the share of the atoms in each."""
    shares = known.get_decomposition(Composition(dict(phase.counts)))
    return {
        getattr(entry, "name", ""): float(share) for entry, share in sorted(shares.items(), key=lambda item: -item[1])
    }


def committee_above_hull(
    phases: Sequence[Phase],
    references: Sequence[Phase],
    members: ArrayLike,
    elements: Iterable[str],
) -> np.ndarray:
    """Energies above the hull by each member of a committee, each with a hull of its own.

    Parameters
    ----------
    members : (M, len(phases) + len(references)) array
        Enthalpies (eV/atom) by each member, those of ``phases`` first.

    Returns
    -------
    (M, len(phases)) array
        eV/atom. Their spread is the error that the committee sees: errors that the phases share cancel in it.
    """
    rows, count, elements = np.asarray(members, float), len(phases), list(elements)
    found = []
    for row in rows:
        moved = [phase._replace(enthalpy=value) for phase, value in zip([*phases, *references], row, strict=True)]
        found.append(above_hull(moved[:count], moved[count:], elements))
    return np.array(found)


def propagated(
    phases: Sequence[Phase],
    references: Sequence[Phase],
    error: float,
    elements: Iterable[str],
    draws: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Energies above the hull when every enthalpy has an independent normal error.

    Parameters
    ----------
    error
        Standard deviation, eV/atom: a potential's error on frames that it was not trained on.

    Returns
    -------
    (draws, len(phases)) array
        eV/atom.
    """
    rng = np.random.default_rng(seed)
    enthalpies = np.array([phase.enthalpy for phase in (*phases, *references)])
    noisy = enthalpies + rng.normal(scale=error, size=(draws, len(enthalpies)))
    return committee_above_hull(phases, references, noisy, elements)


def rejected_share(true: ArrayLike, error: float, threshold: float) -> np.ndarray:
    """Share of phases that a cut at ``threshold`` loses, if a phase's energy above the hull has a normal error.

    Parameters
    ----------
    true : array
        True energies above the hull. All three in one unit.
    """
    distance = np.asarray(true, float) - threshold
    return norm.cdf(distance / error) if error > 0 else (distance > 0).astype(float)
