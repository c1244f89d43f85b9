"""The fcc cells that recipes displace: what `structures.extxyz` is made from.

    PYTHONPATH=scripts python data/lithium-gpaw/structures.py

The primitive cell, and two by two by one cubic cells of 16 atoms, at 19.2 Å³/atom.
"""

from pathlib import Path

import numpy as np
from ase.build import bulk

from qcrystal.io.structures import write_structures

VOLUME = 19.2
"""Å³/atom; recipes scale it."""


def main():
    lattice_constant = float(np.cbrt(4 * VOLUME))
    cells = {
        "fcc-1": bulk("Li", "fcc", a=lattice_constant),
        "fcc-16": bulk("Li", "fcc", a=lattice_constant, cubic=True).repeat((2, 2, 1)),
    }
    for name, atoms in cells.items():
        atoms.info["name"] = name
    write_structures(list(cells.values()), Path(__file__).with_name("structures.extxyz"))


if __name__ == "__main__":
    main()
