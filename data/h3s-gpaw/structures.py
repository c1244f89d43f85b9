"""Rhombohedral R3m cells of H3S: each hydrogen leaves the middle of its S-H-S bond by `shift` (Å) towards one sulfur.

    python data/h3s-gpaw/structures.py        writes structures.extxyz beside itself

Primitive cells of 4 atoms at a = 3 Å (the recipes scale them); `angle` is the pseudo-cubic cell's. Along each bond, S at 0 and
a, hydrogen at a/2 - shift: every sulfur has three near and three far hydrogens, as in the classical low-pressure phase.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

A = 3.0


def r3m(shift, angle):
    """One cell; the lattice is body-centred, then opened along [111] at constant volume."""
    cosine = np.cos(np.radians(angle))
    values, vectors = np.linalg.eigh(np.full((3, 3), cosine) + np.eye(3) * (1 - cosine))
    deformation = (vectors * np.sqrt(values)) @ vectors.T
    deformation /= np.cbrt(np.linalg.det(deformation))
    cell = A / 2 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])
    positions = [[0, 0, 0], *((A / 2 - shift) * np.eye(3))]
    atoms = Atoms("SH3", cell=cell, positions=positions, pbc=True)
    atoms.set_cell(cell @ deformation, scale_atoms=True)
    atoms.info["name"] = f"R3m-{shift:g}-{angle:g}"
    return atoms


shapes = [(0.05, 90.0), (0.10, 90.2), (0.15, 90.4), (0.20, 90.6), (0.30, 90.6)]
write(Path(__file__).with_name("structures.extxyz"), [r3m(*shape) for shape in shapes], format="extxyz")
