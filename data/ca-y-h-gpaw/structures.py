"""Crystals of Ca-Y-H that recipes scale and displace, and from which `references.py` starts its relaxations.

    python data/ca-y-h-gpaw/structures.py        writes structures.extxyz beside itself

The cells are guesses of the right size, not published structures. Recipes give each the volumes at which it is labelled.
Lengths in Å. This file needs ASE alone, so that GPAW's interpreter can import it too.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write
from ase.spacegroup import crystal


def cell(symbols, positions, group, cellpar):
    """Primitive cell of a crystal."""
    return crystal(symbols, positions, spacegroup=group, cellpar=cellpar, primitive_cell=True)


def cubic(symbols, positions, group, a):
    """Primitive cell of a cubic one."""
    return cell(symbols, positions, group, [a] * 3 + [90] * 3)


def mh4(metal, a, c, primitive=True):
    """I4/mmm, as CaH4 and YH4."""
    sites = [(0, 0, 0), (0, 0.5, 0.25), (0, 0, 0.37)]
    return crystal([metal, "H", "H"], sites, spacegroup=139, cellpar=[a, a, c, 90, 90, 90], primitive_cell=primitive)


def mh9(metal, a, c):
    """P6_3/mmc, as YH9."""
    sites = [(2 / 3, 1 / 3, 0.25), (0.1565, 0.8435, 0.4404), (1 / 3, 2 / 3, 0.1499), (0, 0, 0.25)]
    return cell([metal, "H", "H", "H"], sites, 194, [a, a, c, 90, 90, 120])


def mh6(metal, a):
    """Im-3m, as CaH6 and YH6."""
    return cubic([metal, "H"], [(0, 0, 0), (0.25, 0.5, 0)], 229, a)


def tilted_molecules():
    """Four H2 of 0.74 Å near the sites of hcp, tilted as in Pca2_1, in an orthorhombic cell."""
    cellpar = np.array([2.80, 1.75, 2.80])
    centres = [(0, 0, 0), (0.5, 0.5, 0), (0, 1 / 3, 0.5), (0.5, 5 / 6, 0.5)]
    axes = [(0.7, 0.5, 0.5), (-0.7, 0.5, 0.5), (0.7, -0.5, 0.5), (-0.7, -0.5, 0.5)]
    positions = []
    for centre, axis in zip(centres, axes, strict=True):
        half = 0.37 * np.array(axis) / np.linalg.norm(axis)
        positions += [np.array(centre) + half / cellpar, np.array(centre) - half / cellpar]
    return Atoms("H8", cell=cellpar, scaled_positions=positions, pbc=True)


def ordered_mh4():
    """The conventional cell of CaH4 with yttrium in its middle."""
    atoms = Atoms(mh4("Ca", 2.75, 5.20, primitive=False))
    metals = [i for i, s in enumerate(atoms.get_chemical_symbols()) if s == "Ca"]
    atoms.symbols[metals[1]] = "Y"
    return atoms


HEXAGONAL = [(0, 0, 0), (1 / 3, 2 / 3, 0.5)]
STARTS = {
    "CaH6-Im-3m": lambda: mh6("Ca", 3.38),
    "YH6-Im-3m": lambda: mh6("Y", 3.50),
    "CaYH12-Pm-3m": lambda: cubic(["Ca", "Y", "H"], [(0, 0, 0), (0.5, 0.5, 0.5), (0.25, 0.5, 0)], 221, 3.44),
    "CaH4-I4mmm": lambda: mh4("Ca", 2.75, 5.20),
    "YH4-I4mmm": lambda: mh4("Y", 2.75, 5.20),
    "YH9-P63mmc": lambda: mh9("Y", 3.45, 5.20),
    "H2-Cmca": lambda: cell(["H"], [(0, 0.12, 0.08)], 64, [1.75, 3.05, 2.75, 90, 90, 90]),
    "H2-Pca21": tilted_molecules,
    "Ca-betatin": lambda: cell(["Ca"], [(0, 0, 0)], 141, [3.9, 3.9, 2.8, 90, 90, 90]),
    "Ca-Pnma": lambda: cell(["Ca"], [(0.35, 0.25, 0.43)], 62, [4.3, 3.3, 2.95, 90, 90, 90]),
    "Y-fcc": lambda: cubic(["Y"], [(0, 0, 0)], 225, 3.70),
    "Y-dhcp": lambda: cell(["Y", "Y"], [(0, 0, 0), (1 / 3, 2 / 3, 0.25)], 194, [2.62, 2.62, 8.5, 90, 90, 120]),
    "CaY-Pm-3m": lambda: cubic(["Ca", "Y"], [(0, 0, 0), (0.5, 0.5, 0.5)], 221, 2.72),
    "CaH2-P6mmm": lambda: cell(["Ca", "H"], HEXAGONAL, 191, [2.65, 2.65, 2.55, 90, 90, 120]),
    "YH2-P6mmm": lambda: cell(["Y", "H"], HEXAGONAL, 191, [2.65, 2.65, 2.65, 90, 90, 120]),
    "YH3-Fm-3m": lambda: cubic(["Y", "H", "H"], [(0, 0, 0), (0.25, 0.25, 0.25), (0.5, 0.5, 0.5)], 225, 4.15),
    "YH10-Fm-3m": lambda: cubic(
        ["Y", "H", "H"], [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)], 225, 4.62
    ),
    "CaYH8-P4mmm": ordered_mh4,
    "CaYH12-Fd-3m": lambda: cubic(["Ca", "Y", "H"], [(0, 0, 0), (0.5, 0.5, 0.5), (0.125, 0.0, 0.25)], 227, 6.88),
}


def main():
    frames = []
    for name, start in STARTS.items():
        atoms = start()
        frames.append(Atoms(atoms.symbols, cell=atoms.cell, positions=atoms.positions, pbc=True, info={"name": name}))
    write(Path(__file__).with_name("structures.extxyz"), frames, format="extxyz")


if __name__ == "__main__":
    main()
