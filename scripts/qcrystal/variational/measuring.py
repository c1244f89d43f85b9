"""Measure trained states with fresh samples and frozen parameters: the summary, the samples' file, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.files import put_in_place
from qcrystal.variational.basis import Basis, thermal_energy
from qcrystal.variational.energies import Potential
from qcrystal.variational.estimates import Estimate
from qcrystal.variational.estimators import Samples, antithetic, draw, serve_as_controls
from qcrystal.variational.judges import Judge
from qcrystal.variational.observables import kinetic_by_species, observables
from qcrystal.variational.references import QUANTUM
from qcrystal.variational.refusals import refusals, refused_by, share_outside
from qcrystal.variational.rows import harmonic_row, level_row, without_refused
from qcrystal.variational.spec import Level, NctSpec
from qcrystal.variational.training import given_of, spec_state, trained_levels
from qcrystal.variational.wave_functions import Parameters

log = logging.getLogger(__name__)


def measure(
    spec: NctSpec,
    basis: Basis,
    symbols: Sequence[str],
    energy: float,
    potential: Potential,
    weights: dict[str, Parameters],
    references: pd.DataFrame | None = None,
    by: Judge | None = None,
) -> tuple[pd.DataFrame, Samples, dict[str, Any]]:
    """Summary of all levels, samples of the highest one, and the report. Rows that are refused have no values.

    All levels are measured with the same normal vectors, so their differences are known better than themselves.

    Parameters
    ----------
    energy
        Of the crystal at rest, eV.
    weights
        Parameters of each level.
    references
        Of `qcrystal.variational.references.reference_table`; they become rows of the summary, and a bound is held against them.
    by
        Path integrals at this state.
    """
    draws = antithetic(spec.samples, len(basis.energies), spec.seed + 1)
    if not serve_as_controls(draws):
        log.info(
            "%s: %d samples of %d phonons are too few for control variates, so that errors are larger; 16 per phonon are enough",
            *(spec.run, len(draws.normal), len(basis.energies)),
        )
    everywhere = list(refused_by(by)) if by else []
    exact = _exact(references)
    rows, samples = [{**harmonic_row(spec, basis, energy), "refused": "; ".join(everywhere)}], None
    for level in trained_levels(spec.level):
        state, given = spec_state(spec, basis, level), given_of(spec, basis)
        samples = draw(state, weights[level], given, basis, potential, draws, partial(_tell, spec.run, level))
        found = observables(samples, basis, thermal_energy(spec.temperature))
        row = level_row(spec, basis, symbols, energy, level, found, kinetic_by_species(samples, symbols))
        outside = share_outside(samples.positions, basis.rest, basis.cell, symbols)
        pairs = _kinetic_pairs(spec, row, exact, by, len(symbols)) if level == spec.level else []
        bound = Estimate(row["free_energy"], row["free_energy_error"])
        limit = Estimate(exact["free_energy"], exact["free_energy_error"]) if exact else None
        reasons = [*everywhere, *refusals(found.local_free_energy, draws, outside, bound, limit, pairs)]
        rows.append({**row, "refused": "; ".join(reasons)})
    assert samples is not None
    table = pd.DataFrame(rows)
    if references is not None:
        reasons = ["; ".join([*everywhere, one] if one else everywhere) for one in references["refused"].fillna("")]
        table = pd.concat([table, references.assign(refused=reasons)], ignore_index=True)
    refused = [f"{row['level']}: {row['refused']}" for row in table.to_dict("records") if row["refused"]]
    for reason in refused:
        log.warning("%s: refused: %s", spec.run, reason)
    return without_refused(table), samples, _report(spec, basis, refused, by, len(samples.coordinates))


def _report(spec: NctSpec, basis: Basis, refused: list[str], by: Judge | None, samples: int) -> dict[str, Any]:
    return {
        "run": spec.run,
        "level": spec.level,
        "refused": refused,
        "beside": _beside(by, len(basis.masses)),
        "imaginary_phonons": basis.imaginary,
        "phonons": len(basis.energies),
        "samples": samples,
    }


def _tell(run: str, level: Level, done: int) -> None:
    log.info("%s %s: %d samples measured", run, level, done)


def _exact(references: pd.DataFrame | None) -> dict[str, Any] | None:
    """The row of path integrals by thermodynamic integration, where it has a value."""
    if references is None:
        return None
    rows = references[references["level"] == QUANTUM].dropna(subset=["free_energy"])
    return None if rows.empty else {str(name): value for name, value in rows.iloc[0].items()}


def _kinetic_pairs(
    spec: NctSpec, row: dict[str, Any], exact: dict[str, Any] | None, by: Judge | None, atoms: int
) -> list[tuple[str, Estimate, Estimate]]:
    """Kinetic temperature of the lightest species, here and by path integrals of the same cell.

    A heavy species feels that the centre of mass is fixed here; its kinetic energy is nearly classical.
    """
    present = [species for species in spec.species if f"kinetic_temperature_{species}" in row]
    lightest = min(present, key=lambda species: spec.masses[species])
    names = [f"kinetic_temperature_{lightest}", f"kinetic_temperature_{lightest}_error"]
    there = [] if exact is None else [Estimate(*(exact[name] for name in names))]
    if by is not None and by.atoms == atoms:
        there.append(by.temperatures[lightest])
    return [(lightest, Estimate(*(row[name] for name in names)), one) for one in there]


def _beside(by: Judge | None, atoms: int) -> str:
    """Sentence that names the properties compared with path integrals, or says that none were."""
    if by is None:
        return "no dynamics of path integrals at this pressure and temperature"
    if by.atoms != atoms:
        return f"structure and exchange compared with path integrals of {by.atoms} atoms; kinetic energies not, as cells differ"
    return "structure, exchange and kinetic energies compared with path integrals of this cell"


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
