"""The results of a path-integral run: from i-PI's files and atomic units to the files and units of this project."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from ase import units

from qcrystal.dynamics.ipi.atomic_units import GIGAPASCAL, KELVIN
from qcrystal.dynamics.ipi.job import TRAJECTORIES, Job
from qcrystal.dynamics.spec import RunSpec
from qcrystal.dynamics.trajectory import TrajectoryWriter
from qcrystal.files import put_in_place, write_whole
from qcrystal.units import THZ, oscillator_energy

COLUMNS = (
    "step time potential_energy kinetic_energy temperature pressure volume pxx pyy pzz pyz pxz pxy "
    "cxx cxy cxz cyx cyy cyz czx czy czz"
).split()


def thermodynamics(job: Job) -> pd.DataFrame:
    """i-PI's properties in our units and columns, with two ring-polymer temperatures (K) behind them."""
    raw = np.loadtxt(job.folder / "run.thermo", ndmin=2)
    if not np.isfinite(raw).all():
        raise job.error(f"the thermodynamics hold values that are not numbers from step {_first_bad(raw)} on")
    present = [s for s in job.spec.species if s in job.species]
    step, potential, kinetic = raw[:, 0], raw[:, 1] * units.Hartree, raw[:, 2] * units.Hartree
    by_species = raw[:, 3 : 3 + len(present)] * units.Hartree
    rest = raw[:, 3 + len(present) :]
    pressure = rest[:, :7] / GIGAPASCAL
    xx, yy, zz, xy, xz, yz = rest[:, 8:14].T * units.Bohr
    none = np.zeros_like(xx)
    table = dict(
        zip(
            COLUMNS,
            [
                step.astype(int),
                step * job.spec.timestep * 1e-3,
                potential,
                kinetic,
                2.0 * kinetic / (3.0 * len(job.species) * units.kB),
                pressure[:, 0],
                rest[:, 7] * units.Bohr**3,
                *pressure[:, [1, 2, 3, 6, 5, 4]].T,
                *(xx, none, none, xy, yy, none, xz, yz, zz),
            ],
            strict=True,
        )
    )
    for column, symbol in enumerate(present):
        table[f"kinetic_{symbol}"] = by_species[:, column] / job.species.count(symbol)
    frame = pd.DataFrame(table)
    frame.attrs["ring_polymer"], frame.attrs["centroid"] = rest[:, 14:16].T / KELVIN
    return frame


def _first_bad(raw: np.ndarray) -> int:
    return int(raw[np.flatnonzero(~np.isfinite(raw).all(1))[0], 0])


def _write_trajectory(job: Job, path: Path) -> None:
    centroids, beads = (job.frames(name) for name in TRAJECTORIES)
    masses = [job.spec.masses[s] for s in job.species]
    path.unlink(missing_ok=True)
    with TrajectoryWriter(path, job.spec, job.species, masses, beads=1) as trajectory:
        for index, (frame, bead) in enumerate(zip(centroids, beads, strict=True)):
            step = index * job.spec.sample_every
            positions, cell = frame["positions"] * units.Bohr, frame["cell"].T * units.Bohr
            trajectory.append(
                step, step * job.spec.timestep * 1e-3, positions, cell, bead["positions"][None] * units.Bohr
            )


def report(job: Job, thermo: pd.DataFrame) -> dict[str, object]:
    """Conditions of the run, and the mean temperatures (K) of the ring polymer and its centroid over the second half."""
    spec, second_half = job.spec, slice(len(thermo) // 2, None)
    return {
        "run": spec.run,
        "method": spec.method,
        "ensemble": spec.ensemble,
        "versions": {"i-PI": version("ipi"), "deepmd-kit": version("deepmd-kit"), "numba": version("numba")},
        "engine": spec.engine,
        "atoms": len(job.species),
        "beads": spec.beads,
        "steps": spec.steps,
        "temperature_ring_polymer": float(thermo.attrs["ring_polymer"][second_half].mean()),
        "temperature_centroid": float(thermo.attrs["centroid"][second_half].mean()),
    }


def timing(spec: RunSpec, first_step: int, wall_time: float, rate: float | None) -> dict[str, float | None]:
    """Wall time (s) since the run was started or last continued, and the speed without the start of i-PI."""
    return {
        "continued_from_step": first_step,
        "wall_time": wall_time,
        "steps_per_second": rate,
        "seconds_per_bead_step": None if rate is None else 1.0 / (rate * spec.beads),
    }


def bead_convergence(spec: RunSpec, max_frequency: float | None) -> dict[str, float]:
    """P/βħω and the relative error of the harmonic energy at the stiffest phonon (THz), if that is known."""
    if max_frequency is None:
        return {}
    ratio = THZ * max_frequency / (units.kB * spec.temperature)
    exact = oscillator_energy(max_frequency, spec.temperature)
    error = float(oscillator_energy(max_frequency, spec.temperature, spec.beads) / exact - 1.0)
    return {"max_frequency": max_frequency, "beads_over_beta_hbar_omega": spec.beads / ratio, "harmonic_error": error}


def write_results(job: Job, thermo: pd.DataFrame, report: dict[str, object], timing: dict[str, float | None]) -> None:
    """Write trajectory, thermodynamics, what the run took, and last the report, which says that all are there."""
    trajectory = job.directory / "trajectory.h5.partial"
    _write_trajectory(job, trajectory)
    put_in_place(trajectory, job.directory / "trajectory.h5")
    write_whole(job.directory / "thermo.csv", thermo.to_csv(index=False, float_format="%.12g"))
    write_whole(job.directory / "timing.json", json.dumps(timing, indent=2) + "\n")
    write_whole(job.directory / "report.json", json.dumps(report, indent=2) + "\n")
