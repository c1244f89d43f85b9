"""Forces of the native evaluator for LAMMPS, through ``fix external``.

LAMMPS knows nothing of the potential: its pair style has no forces, and a callback writes those of the evaluator, which keeps
neighbour lists of its own. One process does all atoms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qcrystal.potential.native.evaluator import Evaluator

FIX = "native"
NEAR = 1.0
"""Reach (Å) of the pair style without forces: LAMMPS looks that far for collapsed atoms."""


class NativeForces:
    """The potential of a LAMMPS instance.

    Parameters
    ----------
    engine
        `lammps.lammps` with atoms.
    evaluator
        The potential.
    types : (N,) array
        Species of the atoms, numbers of the potential's type map, in the order of LAMMPS's identifiers.
    fail
        Called with an exception: within a callback it cannot be raised.
    """

    def __init__(self, engine: Any, evaluator: Evaluator, types: Any, fail: Callable[[Exception], None]):
        self.engine, self.evaluator, self.types, self.fail = engine, evaluator, types, fail
        engine.commands_list(
            [
                f"pair_style zero {NEAR}",
                "pair_coeff * *",
                f"fix {FIX} all external pf/callback 1 1",
                f"fix_modify {FIX} energy yes virial yes",
            ]
        )
        engine.set_fix_external_callback(FIX, self._apply)

    def _apply(
        self, caller: Any, step: int, count: int, tags: np.ndarray, positions: np.ndarray, forces: np.ndarray
    ) -> None:
        try:
            ordered = np.empty((1, count, 3))
            ordered[0, tags - 1] = positions
            (energy,), (force,), (virial,) = self.evaluator.evaluate(ordered, self._cell(), self.types)
            forces[:] = force[tags - 1]
            xx, yy, zz, xy, xz, yz = virial[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
            self.engine.fix_external_set_energy_global(FIX, energy)
            self.engine.fix_external_set_virial_global(FIX, [xx, yy, zz, xy, xz, yz])
        except Exception as error:
            forces[:] = 0.0
            self.fail(error)

    def _cell(self) -> np.ndarray:
        low, high, xy, yz, xz, *_ = self.engine.extract_box()
        lx, ly, lz = np.subtract(high, low)
        return np.array([[[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]])
