"""Properties of a crystal in LAMMPS that a few extra force evaluations tell: its frequencies and its bulk modulus."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qcrystal.dynamics.lammps.box import Box
from qcrystal.units import AMU_A2_PS2

AMPLITUDE = 0.01
"""Largest displacement (Å) of the finite differences."""
ITERATIONS = 16
"""Lanczos iterations for the highest frequency."""
STRAIN = 0.002
"""Relative compression of the cell's vectors for the bulk modulus."""
SOFTEST = 10.0
"""Least bulk modulus (GPa) that is reported: a crystal that seems softer is unstable, and its barostat needs some stiffness."""


def lanczos_maximum(
    multiply: Callable[[np.ndarray], np.ndarray], start: np.ndarray, iterations: int = ITERATIONS
) -> float:
    """Largest eigenvalue of a symmetric matrix known by its products, by Lanczos with full orthogonalisation.

    It ends early where the products lead nowhere new, as those of a zero matrix do at once.
    """
    basis, products = [start / np.linalg.norm(start)], []
    for _ in range(iterations):
        products.append(multiply(basis[-1]))
        rest = products[-1].copy()
        for vector in basis * 2:
            rest -= (vector @ rest) * vector
        length = np.linalg.norm(rest)
        if length <= 1e-12 * np.linalg.norm(products[-1]):
            break
        basis.append(rest / length)
    matrix = np.array(basis[: len(products)]) @ np.array(products).T
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[-1])


def frequency(eigenvalue: float) -> float:
    """Frequency (THz) of an eigenvalue of the dynamical matrix in eV/(Å² u); 0 if unstable."""
    return float(np.sqrt(max(eigenvalue, 0.0) / AMU_A2_PS2) / (2.0 * np.pi))


class ForceConstants:
    """The force-constant matrix of a crystal, known by its products with displacements.

    Parameters
    ----------
    box : Box
    forces : (N, 3) array
        eV/Å, at the present positions.
    """

    def __init__(self, box: Box, forces: np.ndarray):
        self.box, self.forces = box, forces

    def product(self, displacement: np.ndarray) -> np.ndarray:
        """Product (eV/Å) with a displacement (N, 3), Å, by a finite difference."""
        self.box.move(displacement)
        product = self.forces - self.box.forces()
        self.box.move(-displacement)
        return product

    def max_frequency(self, rng: np.random.Generator) -> float:
        """Highest frequency, THz."""
        root = np.sqrt(self.box.masses)[:, None]

        def multiply(vector: np.ndarray) -> np.ndarray:
            shift = vector.reshape(-1, 3) / root
            scale = AMPLITUDE / np.abs(shift).max()
            return (self.product(scale * shift) / scale / root).ravel()

        return frequency(lanczos_maximum(multiply, rng.normal(size=3 * len(root))))

    def mean_frequency(self, kind: int, rng: np.random.Generator) -> float:
        """Root-mean-square frequency (THz) of a species, from a random-sign estimate of its force constants' trace."""
        chosen = self.box.kinds == kind
        if not chosen.any():
            return 0.0
        signs = rng.choice([-1.0, 1.0], size=(len(chosen), 3)) * chosen[:, None]
        product = self.product(AMPLITUDE * signs) / AMPLITUDE
        constant = (signs * product).sum() / (3 * chosen.sum())
        return frequency(constant / self.box.spec.masses[self.box.spec.species[kind]])


def bulk_modulus(box: Box, pressure: float) -> float:
    """-V dP/dV (GPa) of a crystal at a pressure (GPa), with the atoms moving along with the cell."""
    box.scale_cell(1.0 - STRAIN)
    box.forces()
    compressed = box.pressure()
    box.scale_cell(1.0 / (1.0 - STRAIN))
    return max(float((compressed - pressure) / (3.0 * STRAIN)), SOFTEST)
