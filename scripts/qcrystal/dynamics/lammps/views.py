"""LAMMPS's arrays of atoms as arrays of numpy, in a microsecond: they are looked at in every step."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np


class AtomViews:
    """Per-atom vectors of a LAMMPS instance (x, v, f): this rank's atoms, in the order of its list, not copied."""

    def __init__(self, engine: Any):
        self._engine = engine
        extract = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
        self._extract = extract(("lammps_extract_atom", engine.lib))
        self._views: dict[str, tuple[np.ndarray, tuple[int, int]]] = {}

    def __call__(self, name: str) -> np.ndarray:
        """The array (n, 3) of a name."""
        rows, count = self._extract(self._engine.lmp, name.encode()), self._engine.extract_global("nlocal")
        first = int(ctypes.c_void_p.from_address(rows).value or 0)
        view, known = self._views.get(name, (None, None))
        if view is None or known != (first, count):  # LAMMPS has moved its array
            view = np.ctypeslib.as_array(ctypes.cast(first, ctypes.POINTER(ctypes.c_double)), (count, 3))
            self._views[name] = view, (first, count)
        return view
