"""Frames that the stand-in labels, so that trainers have something to learn where no DFT labels are shipped. Å, eV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from qcrystal.dataset.labelled_frames import LabelledFrames

SCALES = (1.0, 0.98, 1.02)
"""Of the lattice vectors, in turn."""
DISPLACEMENT = 0.05
"""Å, standard deviation of each coordinate."""
MOST_ATOMS = 24
"""Cells are repeated up to so many atoms, so that displacements of small ones are not all alike."""


def labelled(crystals: Sequence[Atoms], potential: Calculator, frames: int, seed: int) -> list[LabelledFrames]:
    """Displaced and scaled frames of crystals, with energies, forces and virials by a potential.

    Parameters
    ----------
    crystals
        ``info`` of each has its ``name``; one system is made of each.
    """
    systems = []
    for number, crystal in enumerate(crystals):
        rng = np.random.default_rng([seed, number])
        repeats = 2 if 8 * len(crystal) <= MOST_ATOMS else 1
        moved = [_moved(crystal.repeat(repeats), SCALES[frame % len(SCALES)], rng) for frame in range(frames)]
        for atoms in moved:
            atoms.calc = potential
        systems.append(
            LabelledFrames(
                name=str(crystal.info["name"]),
                symbols=np.array(moved[0].get_chemical_symbols()),
                cells=np.array([atoms.cell.array for atoms in moved]),
                positions=np.array([atoms.positions for atoms in moved]),
                energies=np.array([atoms.get_potential_energy() for atoms in moved]),
                forces=np.array([atoms.get_forces() for atoms in moved]),
                virials=np.array([-atoms.get_volume() * atoms.get_stress(voigt=False) for atoms in moved]),
            )
        )
    return systems


def _moved(atoms: Atoms, scale: float, rng: np.random.Generator) -> Atoms:
    bare = Atoms(atoms.symbols, cell=scale * atoms.cell.array, scaled_positions=atoms.get_scaled_positions(), pbc=True)
    bare.positions += rng.normal(scale=DISPLACEMENT, size=bare.positions.shape)
    return bare
