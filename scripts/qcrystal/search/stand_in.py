"""A Lennard-Jones mixture that stands in for a potential: the workflow runs with it in seconds, and its numbers mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list
from ase.stress import full_3x3_to_voigt_6_stress

REACH = 2.0
"""Cutoff over the pair's distance of lowest energy."""


class LennardJonesMixture(Calculator):
    """A Lennard-Jones energy with a distance d (Å) and a depth ε (eV) for each pair of elements.

    It is Σ ε [(d/r)¹² − 2 (d/r)⁶] over pairs nearer than `REACH` d, shifted to 0 there.

    Parameters
    ----------
    pairs
        ``{"Ca-H": (2.1, 0.3)}``, every pair of elements once.
    scale
        Factor of all distances: another one makes another potential, as DFT is another than a model of it.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 as ASE declares it

    def __init__(self, pairs: Mapping[str, tuple[float, float]], scale: float = 1.0):
        super().__init__()
        self.pairs = {
            tuple(sorted(pair.split("-"))): (scale * float(distance), float(depth))
            for pair, (distance, depth) in pairs.items()
        }

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Energy, forces and stress, as ASE asks for them."""
        super().calculate(atoms, properties, system_changes)
        symbols = np.array(atoms.get_chemical_symbols())
        cutoffs = {pair: REACH * distance for pair, (distance, _) in self.pairs.items()}
        i, j, distance, vectors = neighbor_list("ijdD", atoms, cutoffs)
        known = [self.pairs[tuple(sorted(pair))] for pair in zip(symbols[i], symbols[j], strict=True)]
        lengths, depths = np.array(known).reshape(-1, 2).T
        six = (lengths / distance) ** 6
        edge = REACH**-6
        energies = 0.5 * depths * (six**2 - 2 * six - (edge**2 - 2 * edge))
        along = (12 * depths * (six**2 - six) / distance**2)[:, None] * vectors  # force on j from i
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, -along)
        stress = -0.5 * np.einsum("pi,pj->ij", vectors, along) / atoms.get_volume()
        self.results = {
            "energy": float(energies.sum()),
            "free_energy": float(energies.sum()),
            "forces": forces,
            "stress": full_3x3_to_voigt_6_stress(stress),
        }
