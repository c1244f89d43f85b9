"""Hydrogen in a hydride: distances between hydrogen atoms, and the cages that they make about metal atoms. Å."""

from __future__ import annotations

from collections import Counter

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from pymatgen.analysis.local_env import VoronoiNN
from pymatgen.io.ase import AseAtomsAdaptor

from qcrystal.crystal.formulas import HYDROGEN

SMALLEST_FACE = 0.01
"""Part of the largest face of a Voronoi cell below which a face counts as none: two atoms that touch at an edge."""


def nearest_hydrogens(atoms: Atoms, farthest: float = 4.0) -> np.ndarray:
    """Distance (Å) of every hydrogen atom to the nearest other one; infinite beyond ``farthest``. Shape (hydrogen atoms,)."""
    symbols = np.array(atoms.get_chemical_symbols())
    nearest = np.full(len(atoms), np.inf)
    i, distance = neighbor_list("id", atoms, {(HYDROGEN, HYDROGEN): farthest})
    np.minimum.at(nearest, i, distance)
    return nearest[symbols == HYDROGEN]


def lone_fraction(atoms: Atoms, distance: float) -> float:
    """Share of the hydrogen atoms that have no other one nearer than ``distance`` (Å); NaN without hydrogen."""
    nearest = nearest_hydrogens(atoms)
    return float(np.mean(nearest >= distance)) if len(nearest) else float("nan")


def cage_sizes(atoms: Atoms) -> dict[str, list[int]]:
    """Hydrogen atoms of the cage about every atom of the other elements, by element.

    A hydrogen atom belongs to the cage if its Voronoi cell shares a face with that of the atom within. CaH6 has H24, LaH10
    has H32.
    """
    structure = AseAtomsAdaptor.get_structure(atoms)
    finder = VoronoiNN(tol=0, compute_adj_neighbors=False)
    sizes: dict[str, list[int]] = {}
    for number, symbol in enumerate(atoms.get_chemical_symbols()):
        if symbol == HYDROGEN:
            continue
        faces = list(finder.get_voronoi_polyhedra(structure, number).values())
        largest = max(face["solid_angle"] for face in faces)
        members = [face for face in faces if face["solid_angle"] >= SMALLEST_FACE * largest]
        size = sum(face["site"].specie.symbol == HYDROGEN for face in members)
        sizes.setdefault(symbol, []).append(size)
    return sizes


def cage_text(atoms: Atoms) -> str:
    """Cages as text: ``Ca: H24; Y: H24, H28``."""
    parts = []
    for element, sizes in cage_sizes(atoms).items():
        parts.append(f"{element}: " + ", ".join(f"H{size}" for size in sorted(Counter(sizes))))
    return "; ".join(parts)
