"""Potentials that i-PI calls inside its own process, all beads in one batch.

i-PI loads this file by its path (``<pes>custom</pes>``). The settings are a JSON file in the working folder of the run.
It holds ``model`` (frozen potential), ``species`` (symbols, one per atom), ``engine`` (what evaluates it) and ``threads``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from ase import units
from ipi.pes.dummy import Dummy_driver

__DRIVER_NAME__ = "beads"
__DRIVER_CLASS__ = "DeepPotentialDriver"


class BeadPotential(Dummy_driver):
    """A potential for all beads at once, between i-PI's atomic units and eV, Å.

    Subclasses write `prepare` and `evaluate`.

    Parameters
    ----------
    settings
        JSON file whose dictionary is kept as ``self.settings``.
    """

    def __init__(self, settings: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.settings = json.loads(Path(settings).read_text())
        self._parent = os.getppid()
        self.prepare()

    def prepare(self) -> None:
        """Load what the evaluation needs."""

    def evaluate(self, positions: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Energies, forces and virials of P beads.

        Parameters
        ----------
        positions : (P, N, 3) array, Å
        cells : (P, 3, 3) array, Å, rows are vectors

        Returns
        -------
        energies : (P,) array, eV
        forces : (P, N, 3) array, eV/Å
        virials : (P, 3, 3) array, eV
            -dE/dε for a homogeneous strain ε, that is minus volume times stress: positive under compression.
        """
        raise NotImplementedError

    def compute(self, cell: list[np.ndarray] | np.ndarray, pos: list[np.ndarray] | np.ndarray) -> Any:
        """Entry point for i-PI: one bead, or lists of cells and positions, in Bohr, with cell vectors as columns.

        Returns
        -------
        tuple or list of tuples
            (energy, forces, virial, extras) in atomic units, per bead when lists came in.

        Raises
        ------
        SystemExit
            If the process that started i-PI is gone.
        """
        if os.getppid() != self._parent:
            raise SystemExit("the process that started i-PI is gone")
        batch = isinstance(pos, list)
        positions = np.array(pos if batch else [pos]) * units.Bohr
        cells = np.array(cell if batch else [cell]).transpose(0, 2, 1) * units.Bohr
        energies, forces, virials = self.evaluate(positions, cells)
        results = list(
            zip(
                energies / units.Hartree,
                forces * (units.Bohr / units.Hartree),
                virials / units.Hartree,
                [""] * len(energies),
                strict=True,
            )
        )
        return results if batch else results[0]


class DeepPotentialDriver(BeadPotential):
    """A frozen deep potential; the beads are the frames of one call of its evaluation."""

    def prepare(self) -> None:
        from qcrystal.potential.engines import open_potential

        self._potential = open_potential(
            self.settings["model"], self.settings["engine"], self.settings.get("threads", 1)
        )
        known = self._potential.species
        unknown = sorted(set(self.settings["species"]) - set(known))
        if unknown:
            raise ValueError(
                f"{self.settings['model']}: the potential knows {', '.join(known)}, not {', '.join(unknown)}"
            )
        self._types = [known.index(symbol) for symbol in self.settings["species"]]

    def evaluate(self, positions: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._potential.evaluate(positions, cells, self._types)
