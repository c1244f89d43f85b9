"""Finite size: harmonic free energy of the crystal on a dense mesh less that of the small cell's own phonons. meV, K, Å."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from phonopy import Phonopy
from phonopy.phonon.mesh import Mesh
from phonopy.structure.atoms import PhonopyAtoms
from phonopy.structure.cells import guess_primitive_matrix

from qcrystal.units import MEV, THZ
from qcrystal.variational.basis import Basis, harmonic_free_energy, thermal_energy
from qcrystal.variational.spec import NctSpec

REPEAT = 2
"""Multiples of the small cell along each vector in which force constants are found."""
SAME = 1e-4
"""Å; positions nearer than this are one."""
MESH = 24
"""Points of the mesh along each reciprocal vector of the primitive cell. It is even and has no point at Γ."""


def size_row(spec: NctSpec, basis: Basis, symbols: Sequence[str], potential: Calculator) -> dict[str, Any]:
    """A row of table ``nct_size``: what the small cell misses of the harmonic free energy, quantum and classical.

    The force constants come from the same displacement as those of the basis. Soft and imaginary phonons count as the basis
    counts them: |ω|, raised to the floor. The three translations that the small cell leaves out are part of the difference.
    """
    found, temperature, atoms = (
        dense_phonons(spec, basis, symbols, potential),
        thermal_energy(spec.temperature),
        len(symbols),
    )
    dense = np.maximum(np.abs(found), spec.frequency_floor * MEV)
    mesh = len(dense)  # primitive cells: one for each point
    cells = mesh * dense.shape[1] / 3  # atoms of the crystal that has these phonons
    quantum = (
        harmonic_free_energy(dense.ravel(), temperature) / cells
        - harmonic_free_energy(basis.energies, temperature) / atoms
    )
    classical = temperature * (
        np.log(dense / temperature).sum() / cells - np.log(basis.energies / temperature).sum() / atoms
    )
    return {
        "run": spec.run,
        "temperature_target": spec.temperature,
        "volume": abs(np.linalg.det(basis.cell)) / atoms,
        "atoms": atoms,
        "supercell": atoms * REPEAT**3,
        "imaginary": float((found < 0).mean()),
        "quantum": quantum / MEV,
        "classical": float(classical) / MEV,
    }


def dense_phonons(spec: NctSpec, basis: Basis, symbols: Sequence[str], potential: Calculator) -> np.ndarray:
    """ħω (points, modes) in eV at all points of a mesh of the primitive cell; imaginary ones negative."""
    crystal = PhonopyAtoms(symbols=list(symbols), cell=basis.cell, positions=basis.rest, masses=basis.masses)
    primitive = guess_primitive_matrix(crystal, symprec=SAME)
    model = Phonopy(crystal, supercell_matrix=REPEAT * np.eye(3, dtype=int), primitive_matrix=primitive, symprec=SAME)
    model.generate_displacements(distance=spec.displacement, is_plusminus=True)
    forces = []
    for cell in model.supercells_with_displacements or []:
        displaced = Atoms(cell.symbols, cell=cell.cell, scaled_positions=cell.scaled_positions, pbc=True)
        displaced.calc = potential
        forces.append(displaced.get_forces())
    model.forces = forces
    model.produce_force_constants()
    model.symmetrize_force_constants()
    model.run_mesh([MESH] * 3, is_gamma_center=False, is_mesh_symmetry=False)
    return np.asarray(cast(Mesh, model.mesh).frequencies) * THZ
