"""Cells of H3S that recipes displace.

    python data/h3s-gpaw/structures.py        writes three files beside itself

structures.extxyz: rhombohedral R3m cells. Each hydrogen leaves the middle of its S-H-S bond by `shift` (Å) towards one sulfur.
compressed.extxyz: Im-3m cells of two formula units, in which one sulfur has come nearer to another by up to 0.42 Å.
hydrogen_pairs.extxyz: the same cells, in which two hydrogens have come as near as 0.85 to 1.05 Å to each other.

Primitive cells of 4 atoms at a = 3 Å (the recipes scale them); `angle` is the pseudo-cubic cell's. Along each bond, S at 0 and
a, hydrogen at a/2 - shift: every sulfur has three near and three far hydrogens, as in the classical low-pressure phase.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import make_supercell
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


def compressed(cell, shift):
    """Two formula units of Im-3m; the second sulfur moves by `shift` (Å)."""
    primitive = r3m(0.0, 90.0)
    atoms = make_supercell(primitive, cell)
    second = np.flatnonzero(atoms.symbols == "S")[1]
    atoms.positions[second] += shift
    return atoms


def towards(cell, distance):
    """Shift (Å) of the second sulfur by `distance` towards its nearest image of the first."""
    atoms = compressed(cell, np.zeros(3))
    first, second = np.flatnonzero(atoms.symbols == "S")[:2]
    vector = atoms.get_distance(second, first, mic=True, vector=True)
    return distance * vector / np.linalg.norm(vector)


def hydrogen_pair(cell, distance):
    """Two formula units of Im-3m; two neighbouring hydrogens stand at `distance` (Å) about their middle."""
    atoms = compressed(cell, np.zeros(3))
    hydrogens = np.flatnonzero(atoms.symbols == "H")
    first = hydrogens[0]
    second = hydrogens[1:][np.argmin(atoms.get_distances(first, hydrogens[1:], mic=True))]
    vector = atoms.get_distance(first, second, mic=True, vector=True)
    step = (1 - distance / np.linalg.norm(vector)) / 2 * vector
    atoms.positions[first] += step
    atoms.positions[second] -= step
    return atoms


shapes = [(0.05, 90.0), (0.10, 90.2), (0.15, 90.4), (0.20, 90.6), (0.30, 90.6)]
write(Path(__file__).with_name("structures.extxyz"), [r3m(*shape) for shape in shapes], format="extxyz")

CUBE = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]  # of the primitive vectors: the cubic cell
DOUBLE = [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
pairs = {f"cube-towards-{distance:g}": (CUBE, towards(CUBE, distance)) for distance in (0.15, 0.30, 0.42)}
pairs |= {"cube-100": (CUBE, [0.35, 0, 0]), "cube-110": (CUBE, [0.25, 0.25, 0])}
pairs |= {f"double-towards-{distance:g}": (DOUBLE, towards(DOUBLE, distance)) for distance in (0.20, 0.35)}
pairs |= {"double-along": (DOUBLE, [0.2, -0.15, 0.1])}
cells = []
for name, pair in pairs.items():
    cells.append(compressed(*pair))
    cells[-1].info["name"] = name
write(Path(__file__).with_name("compressed.extxyz"), cells, format="extxyz")
cells = []
for shape, name, distance in (
    (CUBE, "cube", 0.95),
    (DOUBLE, "double", 0.90),
    (CUBE, "cube", 0.85),
    (DOUBLE, "double", 1.05),
):
    cells.append(hydrogen_pair(shape, distance))
    cells[-1].info["name"] = f"{name}-{distance:g}"
write(Path(__file__).with_name("hydrogen_pairs.extxyz"), cells, format="extxyz")
