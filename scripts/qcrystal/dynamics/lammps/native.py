"""Forces of the native evaluator for LAMMPS, through ``fix external``.

LAMMPS knows nothing of the potential: a compiled callback writes the evaluator's forces, energy and virial. Python is called when
new neighbour lists are due only. LAMMPS has no pair style then, and no neighbour lists, whose bins would break in a cell that
shrinks a lot. One process does all atoms, with one or several threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import carray, types

from qcrystal.potential.native import arrays
from qcrystal.potential.native.arrays import Double, Doubles, Doubles3, Short, Whole
from qcrystal.potential.native.compiling import c_function, call, reader, stamp, table
from qcrystal.potential.native.evaluator import Evaluator

FIX = "native"
CALLBACK = types.void(
    types.int64,
    types.int64,
    types.int32,
    types.CPointer(types.int32),
    types.CPointer(types.CPointer(types.double)),
    types.CPointer(types.CPointer(types.double)),
)
"""Address of a table, step, atoms, identifiers, positions, forces."""


class Link(NamedTuple):
    """Addresses and arrays that connect LAMMPS with an `qcrystal.potential.native.evaluation.Evaluation`.

    ``lammps`` to ``renew`` are addresses: of LAMMPS, its functions, the fix's name, and the functions that evaluate and renew
    the lists. ``step`` (1,) is the address of the evaluation's table. ``box`` (9,) receives LAMMPS's corners and tilts.
    """

    lammps: int
    extract_box: int
    set_energy: int
    set_virial: int
    name: int
    advance: int
    renew: int
    step: Whole
    box: Double
    periodic: Short
    positions: Doubles
    cells: Doubles3
    energies: Double
    forces: Doubles
    virials: Doubles3
    virial: Double
    crowded: Whole
    most_crowded: Whole


link_at = reader(Link)


@cache
def callback() -> Any:
    """Callback of LAMMPS in every step, as a C function."""
    digest = stamp(arrays)

    def apply(address, step, count, tags, x, f):  # type: ignore[no-untyped-def]  # compiled
        link = link_at(address)
        place, force = carray(x[0], (count, 3)), carray(f[0], (count, 3))
        for k in range(count):
            for axis in range(3):
                link.positions[tags[k] - 1, axis] = place[k, axis]
        box = link.box
        call(
            link.extract_box,
            (link.lammps, box[0:3], box[3:6], box[6:7], box[7:8], box[8:9], link.periodic[0:3], link.periodic[3:4]),
        )
        cell = link.cells[0]
        for axis in range(3):
            cell[axis, axis] = box[3 + axis] - box[axis]
        cell[1, 0], cell[2, 1], cell[2, 0] = box[6], box[7], box[8]
        force[:] = 0.0 * len(digest)  # a variable of the function belongs to numba's key
        served = link.step[0] != 0 and call(link.advance, (link.step[0],)) != 0
        if not served and call(link.renew, (link.step[0],)) == 0:
            return
        energy = 0.0
        for k in range(count):
            energy += link.energies[k]
            for axis in range(3):
                force[k, axis] = link.forces[tags[k] - 1, axis]
        virial, total = link.virial, link.virials[0]  # in LAMMPS's order
        virial[0], virial[1], virial[2] = total[0, 0], total[1, 1], total[2, 2]
        virial[3], virial[4], virial[5] = total[0, 1], total[0, 2], total[1, 2]
        call(link.set_energy, (link.lammps, link.name, energy))
        call(link.set_virial, (link.lammps, link.name, virial))
        link.most_crowded[0] = max(link.most_crowded[0], link.crowded.sum())

    return c_function(CALLBACK, apply)


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

    Raises
    ------
    RuntimeError
        If LAMMPS was compiled for identifiers of 64 bits.
    """

    def __init__(self, engine: Any, evaluator: Evaluator, types: Any, fail: Callable[[Exception], None]):
        if (engine.extract_setting("tagint"), engine.extract_setting("bigint")) != (4, 8):
            raise RuntimeError("this LAMMPS has identifiers of 64 bits; set engine: deepmd, or install its usual build")
        kinds = np.asarray(types, np.int64)
        self.evaluation = evaluator.evaluation(np.array([0, len(kinds)]), kinds)
        self.fail = fail
        engine.commands_list([f"fix {FIX} all external pf/callback 1 1", f"fix_modify {FIX} energy yes virial yes"])
        self._renew = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(self._renew_lists)
        self._name = ctypes.create_string_buffer(FIX.encode())
        now = self.evaluation

        def address(function: Any) -> int:
            return int(ctypes.cast(function, ctypes.c_void_p).value or 0)

        self._link = Link(
            lammps=address(engine.lmp),
            extract_box=address(engine.lib.lammps_extract_box),
            set_energy=address(engine.lib.lammps_fix_external_set_energy_global),
            set_virial=address(engine.lib.lammps_fix_external_set_virial_global),
            name=address(self._name),
            advance=now.advance.address,
            renew=address(self._renew),
            step=np.zeros(1, np.int64),
            box=np.zeros(9),
            periodic=np.zeros(4, np.int32),
            positions=now.positions,
            cells=now.cells,
            energies=now.energies,
            forces=now.forces,
            virials=now.virials,
            virial=np.zeros(6),
            crowded=now.crowded,
            most_crowded=np.zeros(1, np.int64),
        )
        self._table = table(self._link)
        set_callback = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(("lammps_set_fix_external_callback", engine.lib))
        set_callback(engine.lmp, self._link.name, callback().address, self._table.ctypes.data)
        engine.callback[FIX] = {"function": self, "caller": None}  # lives as long as LAMMPS, as callbacks in Python do

    @property
    def nearest(self) -> float:
        """Smallest distance (Å) of two atoms when the forces were computed last."""
        return self.evaluation.nearest

    @property
    def crowded(self) -> int:
        """Most atoms so far that had more neighbours at a time than the descriptor was made for."""
        return int(self._link.most_crowded[0])

    def _renew_lists(self, _: int) -> int:
        """New lists, and the evaluation; 0 if it failed."""
        try:
            self.evaluation.renew()
            self._link.step[0] = self.evaluation.address
            return int(self.evaluation.advance.ctypes(self.evaluation.address))
        except Exception as error:
            self.fail(error)
            return 0
