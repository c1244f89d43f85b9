"""The motion of atoms and cell: velocity Verlet at a fixed cell, or with a flexible cell at constant pressure."""

from __future__ import annotations

import numpy as np
from ase import units

from qcrystal.dynamics.lammps.box import BAR
from qcrystal.dynamics.lammps.start import StartProperties
from qcrystal.dynamics.spec import RunSpec

BAROSTAT_TEMPERATURE = 300.0
"""LAMMPS's ptemp (K): with pdamp it sets the cell's inertia and nothing else, as the cell has no thermostat of its own."""
DAMPED_PERIODS = 5
"""Periods of the cell's oscillation for which it is damped strongly, to settle from the start structure."""
SETTLING_DRAG = 0.3
"""That damping, in units of the oscillation's angular frequency."""
QUANTUM_DRAG = 0.03
"""The same for good with a quantum bath: an undamped cell would collect the zero-point energy that leaks from the atoms."""


def damped_steps(spec: RunSpec) -> int:
    """Steps at the run's beginning during which the cell is damped strongly: at most a fifth of the run."""
    if spec.ensemble == "nvt":
        return 0
    return min(round(DAMPED_PERIODS * spec.barostat_time / spec.timestep), spec.steps // 5)


def motion(spec: RunSpec, start: StartProperties, atoms: int, step: int) -> str:
    """LAMMPS's command for the motion from a step on; at constant pressure the cell oscillates with ``spec.barostat_time``.

    The cell has no thermostat of its own: a classical bath, through the atoms, brings it to the canonical ensemble.
    """
    if spec.pressure is None or spec.ensemble == "nvt":
        return "fix motion all nve"
    stiffness = 3.0 * start.volume * start.bulk_modulus * units.GPa
    frequency = 2.0 * np.pi / (spec.barostat_time * 1e-3)
    thermal = (atoms + 1) * units.kB * BAROSTAT_TEMPERATURE
    damping = float(np.sqrt(stiffness / thermal) / frequency)
    lasting = QUANTUM_DRAG if spec.quantum else 0.0
    drag = (SETTLING_DRAG if step < damped_steps(spec) else lasting) * frequency * damping
    pressure = spec.pressure / BAR
    return (
        f"fix motion all nph tri {pressure!r} {pressure!r} {damping!r} ptemp {BAROSTAT_TEMPERATURE} pchain 0 "
        f"drag {drag!r} flip no fixedpoint 0 0 0"
    )
