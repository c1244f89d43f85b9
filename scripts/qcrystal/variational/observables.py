"""Observables of a variational state: free energy, its parts, kinetic energies per species, stress, pressure.

Energies in the potential's unit, per cell. Every average is over samples of frozen parameters and has an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qcrystal.variational.basis import Basis
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.estimators import Samples, estimate


class Observables(NamedTuple):
    """Expectation values per cell.

    ``free_energy`` = ``potential`` + ``kinetic`` - T S, relative to the crystal at rest. ``entropy`` S/k has no error.
    ``pressure`` and ``stress`` (d, d) are in energy per volume. ``local_free_energy`` (n,) is that of each sample.
    """

    free_energy: Estimate
    potential: Estimate
    kinetic: Estimate
    entropy: float
    pressure: Estimate
    stress: dict[tuple[int, int], Estimate]
    local_free_energy: np.ndarray


def observables(samples: Samples, basis: Basis, temperature: float) -> Observables:
    """Averages over samples; ``temperature`` is kT.

    The pressure is P = (2 <K> + <tr W>)/(d Ω), where K is the energy of the basis's own vibrations. So P = -dF/dΩ holds exactly.
    The stress has <p_a p_b>/m in place of 2K/d.
    """
    dimensions, volume = basis.rest.shape[1], abs(np.linalg.det(basis.cell))
    kinetic = 0.5 * np.einsum("niaa->n", samples.momenta)
    local = samples.energies.energies + kinetic - temperature * samples.entropy
    flux = samples.momenta.sum(axis=1) + samples.energies.virials
    pairs = [(a, b) for a in range(dimensions) for b in range(a, dimensions)]
    return Observables(
        estimate(local, samples.draws),
        estimate(samples.energies.energies, samples.draws),
        estimate(kinetic, samples.draws),
        samples.entropy,
        estimate(np.einsum("naa->n", flux) / (dimensions * volume), samples.draws),
        {(a, b): estimate(0.5 * (flux[:, a, b] + flux[:, b, a]) / volume, samples.draws) for a, b in pairs},
        local,
    )


def kinetic_by_species(samples: Samples, symbols: Sequence[str]) -> dict[str, Estimate]:
    """Kinetic energy of all atoms of each species, Σ_i <p_i²>/2m_i; they add up to the kinetic energy of the vibrations."""
    result = {}
    for species in dict.fromkeys(symbols):
        chosen = samples.momenta[:, np.array(symbols) == species]
        result[species] = estimate(0.5 * np.einsum("niaa->n", chosen), samples.draws)
    return result
