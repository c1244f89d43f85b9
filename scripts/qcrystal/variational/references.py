"""Thermodynamic integrations beside a variational free energy, in the same cell: with classical atoms and with path integrals."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from qcrystal.variational.basis import Basis, thermal_energy
from qcrystal.variational.energies import Potential
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.integration import Effort, Integrated, Oscillators, integrate, mean, points_of_a_path
from qcrystal.variational.observables import Observables
from qcrystal.variational.refusals import outside_reason, share_outside
from qcrystal.variational.rows import level_row, without_refused
from qcrystal.variational.spec import NctSpec
from qcrystal.variational.wave_functions import Parameters

log = logging.getLogger(__name__)
CLASSICAL, QUANTUM = "classical", "path_integrals"
METHODS = (CLASSICAL, QUANTUM)
"""Levels of such rows in the table of free energies."""


def oscillators(basis: Basis, weights: dict[str, Parameters]) -> Oscillators:
    """The oscillators from which is integrated: those of level ``scha`` where it was trained, or else the phonons."""
    if "scha" not in weights:
        return Oscillators(np.zeros(len(basis.energies)), basis.energies)
    parameters = weights["scha"]
    quanta = np.exp(np.asarray(parameters["occupations"]["log_quantum"]))[list(basis.stars)]
    return Oscillators(np.asarray(parameters["flow"]["first"]["shift"]), quanta)


def reference_table(
    spec: NctSpec,
    basis: Basis,
    symbols: Sequence[str],
    energy: float,
    potential: Potential,
    weights: dict[str, Parameters],
) -> pd.DataFrame:
    """A row of the summary for each of `METHODS`.

    Parameters
    ----------
    energy
        Of the crystal at rest, eV.
    """
    temperature, reference = thermal_energy(spec.temperature), oscillators(basis, weights)
    settings = spec.integration
    rows = []
    for number, method in enumerate(METHODS):
        beads = points_of_a_path(basis.energies, temperature, settings.bead_ratio) if method == QUANTUM else None
        effort = Effort(settings.points, settings.chains, settings.moves, spec.seed + 3 + number)
        tell = partial(_tell, spec.run, method, beads)
        found = integrate(basis, potential, reference, temperature, beads, effort, tell)
        kinetic = kinetic_of_chains(found, symbols)
        row = level_row(spec, basis, symbols, energy, method, averages(found, basis, temperature), kinetic)
        row["beads"] = beads or 1
        outside = share_outside(found.frames, basis.rest, basis.cell, symbols)
        rows.append({**row, "refused": "; ".join(outside_reason(outside))})
    return without_refused(pd.DataFrame(rows))


def _tell(run: str, method: str, beads: int | None, coupling: float) -> None:
    log.info("%s %s%s: λ = %.3f done", run, method, f" ({beads} beads)" if beads else "", coupling)


def averages(found: Integrated, basis: Basis, temperature: float) -> Observables:
    """Observables of chains of paths, the same as `qcrystal.variational.observables` has of samples; ``temperature`` is kT."""
    dimensions, volume = basis.rest.shape[1], abs(np.linalg.det(basis.cell))
    kinetic = 0.5 * np.einsum("biaa->b", found.momenta)
    flux = found.momenta.sum(axis=1) + found.virials
    pairs = [(a, b) for a in range(dimensions) for b in range(a, dimensions)]
    entropy = float(np.mean(found.potential + kinetic - found.free_energy)) / temperature
    return Observables(
        mean(found.free_energy),
        mean(found.potential),
        mean(kinetic),
        entropy,
        mean(np.einsum("baa->b", flux) / (dimensions * volume)),
        {(a, b): mean(0.5 * (flux[:, a, b] + flux[:, b, a]) / volume) for a, b in pairs},
        found.free_energy,
    )


def kinetic_of_chains(found: Integrated, symbols: Sequence[str]) -> dict[str, Estimate]:
    """Kinetic energy of all atoms of each species."""
    return {
        species: mean(0.5 * np.einsum("biaa->b", found.momenta[:, np.array(symbols) == species]))
        for species in dict.fromkeys(symbols)
    }
