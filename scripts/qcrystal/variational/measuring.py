"""Measure trained states with fresh samples and frozen parameters: the summary, the samples' file, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import units

from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.files import put_in_place
from qcrystal.units import MEV
from qcrystal.variational.basis import Basis, harmonic_free_energy, thermal_energy
from qcrystal.variational.energies import Potential
from qcrystal.variational.estimators import Samples, antithetic, draw
from qcrystal.variational.observables import Observables, kinetic_by_species, observables
from qcrystal.variational.refusals import refusals, share_outside
from qcrystal.variational.spec import Level, NctSpec
from qcrystal.variational.states import Parameters
from qcrystal.variational.training import given_of, spec_state, trained_levels

log = logging.getLogger(__name__)


def measure(
    spec: NctSpec,
    basis: Basis,
    symbols: Sequence[str],
    energy: float,
    potential: Potential,
    weights: dict[str, Parameters],
) -> tuple[pd.DataFrame, Samples, dict[str, Any]]:
    """Summary of all levels, samples of the highest one, and the report.

    All levels are measured with the same normal vectors, so their differences are known better than themselves.

    Parameters
    ----------
    energy
        Of the crystal at rest, eV.
    weights
        Parameters of each level.
    """
    draws = antithetic(spec.samples, len(basis.energies), spec.seed + 1)
    rows, samples = [_harmonic_row(spec, basis, energy)], None
    reasons: list[str] = []
    for level in trained_levels(spec.level):
        state = spec_state(spec, basis, level)
        parameters = weights[level]
        given = given_of(spec, basis)
        samples = draw(state, parameters, given, basis, potential, draws, partial(_tell, spec.run, level))
        found = observables(samples, basis, thermal_energy(spec.temperature))
        rows.append(_row(spec, basis, symbols, energy, level, samples, found))
        outside = share_outside(samples.positions, basis.rest, basis.cell, symbols)
        refused = refusals(found.local_free_energy, draws, outside, found.free_energy)
        reasons += [f"{level}: {reason}" for reason in refused]
    assert samples is not None
    report = {
        "run": spec.run,
        "level": spec.level,
        "refused": reasons,
        "imaginary_phonons": basis.imaginary,
        "phonons": len(basis.energies),
        "samples": len(samples.coordinates),
    }
    for reason in reasons:
        log.warning("%s: refused: %s", spec.run, reason)
    return pd.DataFrame(rows), samples, report


def _tell(run: str, level: Level, done: int) -> None:
    log.info("%s %s: %d samples measured", run, level, done)


def _common(spec: NctSpec, basis: Basis, energy: float, level: Level) -> dict[str, Any]:
    atoms = len(basis.masses)
    return {
        "run": spec.run,
        "level": level,
        "atoms": atoms,
        "temperature_target": spec.temperature,
        "pressure_target": np.nan if spec.pressure is None else spec.pressure,
        "seed": spec.seed,
        "volume": abs(np.linalg.det(basis.cell)) / atoms,
        "static_energy": energy / atoms,
    }


def _harmonic_row(spec: NctSpec, basis: Basis, energy: float) -> dict[str, Any]:
    """F of the harmonic crystal: no bound, and nothing is averaged."""
    free = harmonic_free_energy(basis.energies, thermal_energy(spec.temperature))
    return {
        **_common(spec, basis, energy, "harmonic"),
        "free_energy": free / len(basis.masses) / MEV,
        "free_energy_error": 0.0,
    }


def _row(
    spec: NctSpec,
    basis: Basis,
    symbols: Sequence[str],
    energy: float,
    level: Level,
    samples: Samples,
    found: Observables,
) -> dict[str, Any]:
    atoms, row = len(basis.masses), _common(spec, basis, energy, level)
    for name, value in (
        ("free_energy", found.free_energy),
        ("potential_energy", found.potential),
        ("kinetic_energy", found.kinetic),
    ):
        row[name], row[f"{name}_error"] = value.value / atoms / MEV, value.error / atoms / MEV
    row["entropy"] = found.entropy / atoms
    row["pressure"], row["pressure_error"] = found.pressure.value / units.GPa, found.pressure.error / units.GPa
    diagonal = [found.stress[axis, axis].value / units.GPa for axis in range(3)]
    row["stress_anisotropy"] = max(diagonal) - min(diagonal)
    row["stress_anisotropy_error"] = max(found.stress[axis, axis].error for axis in range(3)) / units.GPa * np.sqrt(2)
    for species, kinetic in kinetic_by_species(samples, symbols).items():
        per_atom = 1.5 * units.kB * list(symbols).count(species)
        row[f"kinetic_temperature_{species}"] = kinetic.value / per_atom
        row[f"kinetic_temperature_{species}_error"] = kinetic.error / per_atom
    return row


def write_samples(path: Path, spec: NctSpec, basis: Basis, symbols: Sequence[str], samples: Samples) -> None:
    """Write samples as a trajectory (H5MD), one frame each, so that every analysis of trajectories reads them.

    A frame's number stands in place of the time, of which independent samples have none.
    """
    count = len(samples.positions)
    run = RunSpec(
        run=spec.run, system=spec.system, method="nct", ensemble="nvt", isotope=spec.species[-1], basis=spec.basis,
        repeat=spec.repeat, atoms=len(symbols), species=spec.species, masses=spec.masses, temperature=spec.temperature,
        pressure=spec.pressure, timestep=1.0, steps=count, sample_every=1, checkpoint_every=count, seed=spec.seed,
        engine=spec.engine,
    )  # fmt: skip
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with TrajectoryWriter(partial, run, list(symbols), basis.masses) as writer:
        writer.extend([(n + 1, 1e-3 * (n + 1), frame, basis.cell) for n, frame in enumerate(samples.positions)])
    put_in_place(partial, path)
