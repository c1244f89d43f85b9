"""Limits of the method, and how the samples show that they are crossed. Each check gives the reason in one line, or nothing.

The state is centred on fixed sites: it fails where atoms exchange, and silently so. These checks make it loud.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qcrystal.variational.estimates import Estimate
from qcrystal.variational.estimators import Draws, estimate
from qcrystal.variational.judges import Judge

MOST_OUTSIDE = 0.01
"""Share of samples with an atom nearer to another site of its species than to its own."""
FAR, MOST_FAR = 8.0, 1e-3
"""Standard deviations beyond which a local free energy is far off, and the share of samples that may be."""
SLOWEST = 2.0
"""How much larger than σ/√n an error may be when the samples are four times as many."""
KINETIC = 0.02
"""Relative deviation of a kinetic energy from path integrals."""
SURE = 2.0
"""Standard errors that are allowed besides."""
BELOW = 3.0
"""Standard errors by which F may lie below the exact value."""
CAGED = 0.8
"""Share of the mean squared displacement that is left when exchanged atoms are renamed, below which atoms do exchange."""


def share_outside(positions: np.ndarray, rest: np.ndarray, cell: np.ndarray, symbols: Sequence[str]) -> float:
    """Share of samples (n, N, 3) in which an atom is nearer to another site of its species (N, 3) than to its own."""
    species, inverse = np.array(symbols), np.linalg.inv(cell)
    outside = np.zeros(len(positions), bool)
    for site in range(len(rest)):
        same = np.flatnonzero(species == species[site])
        own = np.linalg.norm(positions[:, site] - rest[site], axis=-1)
        across = (positions[:, None, site] - rest[same]) @ inverse
        near = np.linalg.norm((across - np.round(across)) @ cell, axis=-1)
        outside |= near.min(axis=1) < own - 1e-9
    return float(outside.mean())


def refusals(
    local: np.ndarray,
    draws: Draws,
    outside: float,
    free_energy: Estimate,
    exact: Estimate | None = None,
    kinetic: Sequence[tuple[str, Estimate, Estimate]] = (),
) -> Iterator[str]:
    """Reasons against the use of a result.

    Parameters
    ----------
    local
        Local free energies (n,).
    outside
        Of `share_outside`.
    exact
        F of path integrals for the same cell and potential, in the unit of ``free_energy``.
    kinetic
        Species, its kinetic temperature here and by path integrals.
    """  # fmt: skip
    yield from outside_reason(outside)
    deviations = np.abs(local - np.median(local)) / max(local.std(), 1e-300)
    if (deviations > FAR).mean() > MOST_FAR:
        yield f"{100 * (deviations > FAR).mean():.2f} % of the local free energies lie beyond {FAR:g} standard deviations"
    names = np.unique(draws.blocks)
    if len(names) >= 32 and local.std() > 1e-9 * max(1.0, abs(local.mean())):
        chosen = np.isin(draws.blocks, names[: len(names) // 4])
        quarter = estimate(local[chosen], Draws(draws.normal[chosen], draws.blocks[chosen])).error
        whole = estimate(local, draws).error
        if whole > SLOWEST * 0.5 * quarter:
            yield f"four times the samples leave {whole / quarter:.2f} of the error, not a half: its variance is not finite"
    if exact is not None and free_energy.value < exact.value - BELOW * np.hypot(free_energy.error, exact.error):
        yield f"F is {free_energy.value:.6g}, below the exact {exact.value:.6g}: there is a mistake"
    for species, here, there in kinetic:
        if abs(here.value - there.value) > KINETIC * there.value + SURE * np.hypot(here.error, there.error):
            yield (
                f"the kinetic temperature of {species} is {here.value:.4g} K, by path integrals {there.value:.4g} K: more than "
                f"{100 * KINETIC:g} % apart"
            )


def outside_reason(outside: float) -> Iterator[str]:
    """Reason against a result with a share ``outside`` of `share_outside`, if it is too large."""
    if outside > MOST_OUTSIDE:
        yield f"{100 * outside:.1f} % of the samples have an atom nearer to another site than to its own"


def refused_by(judge: Judge) -> Iterator[str]:
    """Reasons against every state about fixed sites, from findings of path integrals."""
    if judge.reordered_share is not None and judge.reordered_share < CAGED:
        yield (
            f"atoms exchange in path integrals: reordering leaves {100 * judge.reordered_share:.0f} % of the mean squared "
            "displacement"
        )
    if judge.distorted:
        yield f"path integrals have another structure: {judge.distorted}"
