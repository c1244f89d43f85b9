"""The motion of atoms and cell: velocity Verlet at a fixed cell, or with a flexible cell at constant pressure.

LAMMPS moves the flexible cell by the equations of Martyna, Tobias and Klein [J. Chem. Phys. 101, 4177 (1994)]. The cell has a
Langevin thermostat of its own, at the temperature of the run. Without one, only the atoms bring the cell to equilibrium, which
takes many picoseconds: until then the volume fluctuates too little.

LAMMPS lets nothing act on the cell's velocity but the stress. So friction and noise are added to the virial that the barostat
sees, and not to the pressure that is reported. The noise of a step depends on the seed and the step alone, and LAMMPS keeps the
cell's velocity in its checkpoint. So a run continues to the last digit.

The thermostat is classical, in runs with a quantum bath too: the cell's inertia is not physical, and neither would be its
zero-point motion. What a quantum bath adds to the cell through the atoms' stress shows in ``cell_temperature``.
"""

from __future__ import annotations

import numpy as np
from ase import units

from qcrystal.dynamics.bath.noise import cell_noise
from qcrystal.dynamics.lammps.box import BAR
from qcrystal.dynamics.lammps.start import StartProperties
from qcrystal.dynamics.spec import RunSpec

BAROSTAT_TEMPERATURE = 300.0
"""LAMMPS's ptemp (K): with pdamp it sets the cell's inertia, and nothing else."""
CELL_TIME = 100.0
"""Time (fs) in which the thermostat takes the cell's velocity away, as in path integrals."""


class Barostat:
    """Constant pressure with a flexible cell whose oscillations last ``spec.barostat_time``.

    Parameters
    ----------
    spec : RunSpec
    start : StartProperties
        Volume and bulk modulus set the cell's inertia.
    atoms : int
        Number of atoms.

    Attributes
    ----------
    inertia : float
        Of each of the cell's six strain rates, eV ps².
    """

    def __init__(self, spec: RunSpec, start: StartProperties, atoms: int):
        if spec.pressure is None:
            raise ValueError(f"run {spec.run}: constant pressure needs a value for pressure")
        self.spec, self.pressure = spec, spec.pressure
        stiffness = 3.0 * start.volume * start.bulk_modulus * units.GPa
        frequency = 2.0 * np.pi / (spec.barostat_time * 1e-3)
        self.inertia = stiffness / frequency**2
        self._damping = float(np.sqrt(self.inertia / ((atoms + 1) * units.kB * BAROSTAT_TEMPERATURE)))
        self._kept = np.exp(-spec.timestep / CELL_TIME)
        self._whole = units.kB * spec.temperature * np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
        self._noise = np.sqrt((1.0 - self._kept**2) * units.kB * spec.temperature / self.inertia)

    @property
    def command(self) -> str:
        """LAMMPS's command for the motion."""
        pressure = self.pressure / BAR
        return (
            f"fix motion all nph tri {pressure!r} {pressure!r} {self._damping!r} ptemp {BAROSTAT_TEMPERATURE} pchain 0 "
            "drag 0 flip no fixedpoint 0 0 0"
        )

    def virial(self, step: int, rates: np.ndarray) -> np.ndarray:
        """Virial (6,), eV, that the cell's thermostat adds at a step.

        The kick of one step leaves a free cell of inertia W at kT:

            v -> c v + s ξ with c = exp(-Δt/τ) and s² = (1 - c²) kT/W

        The crystal's motion as a whole, which is at rest in LAMMPS, adds kT to each diagonal component.

        Parameters
        ----------
        rates : (6,) array
            The cell's strain rates v, 1/ps.
        """
        kick = (self._kept - 1.0) * rates + self._noise * cell_noise(self.spec.seed, step)
        return self.inertia * kick / (self.spec.timestep * 1e-3) + self._whole

    def temperature(self, rates: np.ndarray) -> float:
        """Temperature (K) of the cell's motion, of strain rates (6,), 1/ps, at a whole step.

        Half of a step's kick is still missing there: of a free cell at kT they have (1 + c)/2 of it (see `virial`).
        """
        return float(self.inertia * (rates**2).mean() / units.kB / (0.5 * (1.0 + self._kept)))
