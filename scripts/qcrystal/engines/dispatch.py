"""The engine that a run specification's method names."""

from __future__ import annotations

from pathlib import Path

from ase import Atoms

from qcrystal.engines.spec import PATH_INTEGRAL_METHODS, RunSpec


def run(
    spec: RunSpec, structure: Atoms, model: Path, directory: Path, max_frequency: float | None = None, cores: int = 1
) -> None:
    """Carry out one run with the engine that its method names: LAMMPS, or i-PI for path integrals.

    Leaves ``trajectory.h5``, ``thermo.csv`` and ``report.json`` in ``directory``; continues from the checkpoint that it
    finds there. ``max_frequency`` (THz) lets the report of a path-integral run say what its beads leave out. ``cores``
    are MPI ranks of LAMMPS; a path integral uses one. Raises `qcrystal.engines.spec.RunError` with one line.
    """
    if spec.method in PATH_INTEGRAL_METHODS:
        from qcrystal.engines import ipi

        ipi.run(spec, structure, Path(model), Path(directory), max_frequency=max_frequency)
    else:
        from qcrystal.engines import lammps

        lammps.run(spec, structure, Path(model), Path(directory), cores)
