"""The engine that a run specification's method names."""

from __future__ import annotations

from pathlib import Path

from ase import Atoms

from qcrystal.dynamics.spec import PATH_INTEGRAL_METHODS, RunSpec


def run(
    spec: RunSpec,
    structure: Atoms,
    model: Path,
    directory: Path,
    max_frequency: float | None = None,
    cores: int = 1,
    trained: tuple[float, float] | None = None,
) -> None:
    """Carry out one run with the engine that its method names: LAMMPS, or i-PI for path integrals.

    Leaves ``trajectory.h5``, ``thermo.csv`` and ``report.json`` in ``directory``; continues from the checkpoint that it
    finds there.

    Parameters
    ----------
    max_frequency
        Stiffest phonon in THz. A path integral whose time step is too long for it is refused. The report says what its
        beads leave out. LAMMPS finds the stiffest phonon itself.
    cores
        Threads of the native engine; with DeePMD-kit, MPI ranks of LAMMPS, and one for a path integral.
    trained
        Lowest and highest pressure (GPa) of the potential's labels; a run that leaves them stops.

    Raises
    ------
    RunError
        With one line; what there is of the run is kept.
    """
    if spec.method in PATH_INTEGRAL_METHODS:
        from qcrystal.dynamics.ipi import launcher as ipi

        ipi.run(
            spec, structure, Path(model), Path(directory), max_frequency=max_frequency, trained=trained, cores=cores
        )
    else:
        from qcrystal.dynamics.lammps import launcher as lammps

        lammps.run(spec, structure, Path(model), Path(directory), cores, trained)
