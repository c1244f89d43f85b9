"""Size of the errors of energies as a hull feels them: scatter of each crystal, offset of each chemical system. eV/atom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize


class Errors(NamedTuple):
    """Standard deviations, eV/atom.

    Attributes
    ----------
    source : str
        Whose errors these are.
    scatter : float
        Of each crystal on its own.
    offset : float
        Of all crystals of one chemical system together.
    crystals : int
        How many crystals they were measured on; 0: they are assumed.
    """

    source: str
    scatter: float
    offset: float
    crystals: int = 0

    @property
    def total(self) -> float:
        """Of one crystal, both parts together."""
        return float(np.hypot(self.scatter, self.offset))


def system_of(counts: Mapping[str, int]) -> str:
    """Chemical system of a crystal: ``Ca-H``."""
    return "-".join(sorted(counts))


def measured(differences: ArrayLike, counts: Sequence[Mapping[str, int]], source: str) -> Errors | None:
    """Errors from differences of enthalpies between two methods, by restricted maximum likelihood.

    The part of the differences that is linear in composition is no error of a hull, and is fitted away.
    [H. D. Patterson and R. Thompson, Biometrika 58, 545 (1971)]

    Parameters
    ----------
    differences : (n,)
        eV/atom.
    counts
        Atoms of each element of every crystal.

    Returns
    -------
    Errors or None
        None where there are fewer than three crystals more than elements: they tell nothing.
    """
    values = np.asarray(differences, float)
    elements = sorted({element for each in counts for element in each})
    if len(values) < len(elements) + 3:
        return None
    fixed = np.array([[each.get(element, 0) for element in elements] for each in counts], float)
    fixed /= fixed.sum(axis=1, keepdims=True)
    left, size, _ = np.linalg.svd(fixed)
    rank = int((size > 1e-9 * size[0]).sum())
    free = left[:, rank:]  # contrasts that composition does not reach
    seen = free.T @ values
    names = np.array([system_of(each) for each in counts])
    shared = free.T @ (names[:, None] == names).astype(float) @ free
    scale = float(np.mean(seen**2))
    if scale < 1e-18:
        return Errors(source, 0.0, 0.0, len(values))
    # in the eigenbasis of the shared part its likelihood is a sum
    strength, basis = np.linalg.eigh(shared)
    power = (basis.T @ seen) ** 2 / scale

    def minus_log(logarithms: np.ndarray) -> float:
        variance = np.exp(logarithms[0]) + np.exp(logarithms[1]) * np.maximum(strength, 0)
        return float(np.sum(np.log(variance) + power / variance))

    starts = ((0.0, -6.0), (-0.7, -0.7), (-6.0, 0.0))
    bounds = [(-25, 5), (-25, 5)]
    found = [minimize(minus_log, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    scatter, offset = np.exp(min(found, key=lambda one: one.fun).x)
    return Errors(source, float(np.sqrt(scatter * scale)), float(np.sqrt(offset * scale)), len(values))


def committee_errors(members: np.ndarray, counts: Sequence[Mapping[str, int]], source: str) -> Errors | None:
    """Errors of one member of a committee, if all members err independently; errors that they share are not seen.

    Parameters
    ----------
    members : (M, n) array
        Enthalpies by every member, eV/atom.
    """
    number = len(members)
    if number < 2:
        return None
    away = (members - members.mean(axis=0)) * np.sqrt(number / (number - 1))
    found = [one for one in (measured(row, counts, source) for row in away) if one is not None]
    if not found:
        return None
    scatter, offset = np.sqrt(np.mean([(one.scatter**2, one.offset**2) for one in found], axis=0))
    return Errors(source, float(scatter), float(offset), found[0].crystals)
