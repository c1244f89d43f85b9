"""The start of a run: what is measured of its start structure, and the velocities that it starts with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from ase import units
from pydantic import BaseModel, ConfigDict

from qcrystal.dynamics.bath.spectra import effective_temperature
from qcrystal.dynamics.lammps.box import Box
from qcrystal.dynamics.lammps.probes import ForceConstants, bulk_modulus
from qcrystal.dynamics.spec import RunError, RunSpec, check_timestep
from qcrystal.dynamics.watch import HeatWatch
from qcrystal.units import AMU_A2_PS2, THZ

MARGIN = 1.2
"""Least cut-off of a bath, in units of the highest frequency."""


class StartProperties(BaseModel):
    """Properties of a start structure at rest.

    Frequencies are in THz. ``mean_frequency`` is the root mean square of each species, 0 if unstable. ``bulk_modulus`` and
    ``static_pressure`` are in GPa, the ``volume`` of the whole cell in Å³.
    """

    model_config = ConfigDict(frozen=True)

    max_frequency: float
    mean_frequency: dict[str, float]
    bulk_modulus: float
    static_pressure: float
    volume: float

    @classmethod
    def measure(cls, box: Box, rng: np.random.Generator) -> StartProperties:
        """Measure them.

        Raises
        ------
        RunError
            Atoms that have collapsed.
        """
        forces = box.forces()
        box.check_distances("in the start structure")
        pressure = box.pressure()
        constants = ForceConstants(box, forces)
        return cls(
            max_frequency=constants.max_frequency(rng),
            mean_frequency={s: constants.mean_frequency(k, rng) for k, s in enumerate(box.spec.species)},
            bulk_modulus=bulk_modulus(box, pressure),
            static_pressure=pressure,
            volume=float(np.linalg.det(box.cell())),
        )

    @classmethod
    def read(cls, path: Path) -> StartProperties:
        """Read them from a file that holds the result of `text`."""
        return cls.model_validate(json.loads(path.read_text()))

    def text(self) -> str:
        """Them as JSON, every digit kept."""
        return json.dumps(self.model_dump())

    @property
    def slowest(self) -> float:
        """Mean frequency (THz) of the slowest species that has one, else the highest frequency."""
        return min(filter(None, self.mean_frequency.values()), default=self.max_frequency)

    def check(self, spec: RunSpec) -> None:
        """Make sure that time step and bath suit the vibrations.

        Raises
        ------
        RunError
        """
        check_timestep(spec.timestep, self.max_frequency)
        least = MARGIN * self.max_frequency
        if spec.quantum and spec.bath.cutoff < least:
            raise RunError(
                f"bath cutoff {spec.bath.cutoff:g} THz is below the vibrations that it should drive "
                f"({self.max_frequency:.0f} THz); take {least:.0f} THz or more"
            )

    def temperatures(self, spec: RunSpec) -> dict[str, float]:
        """Temperature (K) of each species: the target, or that of quantum oscillators of its mean frequency."""
        return {s: effective_temperature(self.mean_frequency[s], spec.temperature, spec.quantum) for s in spec.species}

    def velocities(self, box: Box, rng: np.random.Generator) -> np.ndarray:
        """Maxwell velocities (N, 3), Å/ps, at the species' `temperatures`, centre of mass at rest."""
        temperatures = np.array(list(self.temperatures(box.spec).values()))
        deviation = np.sqrt(units.kB * temperatures[box.kinds] / (box.masses * AMU_A2_PS2))
        velocities = rng.normal(size=(len(box.masses), 3)) * deviation[:, None]
        return velocities - (box.masses[:, None] * velocities).sum(0) / box.masses.sum()

    def heat_watch(self, box: Box) -> HeatWatch:
        """A watch that knows how hot each species should be."""
        spec = box.spec
        # a species that rests on a saddle has no mean frequency: then the highest one bounds it
        bounded = {s: self.mean_frequency[s] or self.max_frequency for s in spec.species}
        expected = self.model_copy(update={"mean_frequency": bounded}).temperatures(spec)
        broadening = THZ * spec.bath.gamma / (2.0 * np.pi * units.kB) if spec.quantum else 0.0
        return HeatWatch({s: expected[s] for _, s in box.present()}, broadening)
