"""The crystal at rest about which a state is expanded, and its phonon basis. Å, eV, u."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.constraints import FixSymmetry
from ase.optimize import BFGS

from qcrystal.crystal.cells import supercell, unit_cell
from qcrystal.crystal.prototype import Prototype
from qcrystal.crystal.symmetry import EXACT
from qcrystal.files import write_whole
from qcrystal.statics.equation_of_state import shape_at
from qcrystal.statics.quasiharmonic import start_lattice_constant
from qcrystal.units import MEV
from qcrystal.variational.basis import Basis, phonon_basis
from qcrystal.variational.energies import DeepEnergies, force_constants
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.spec import NctSpec

LARGEST_FORCE = 1e-3
"""eV/Å, on an atom at rest."""
MOST_IMAGINARY = 1 / 3
"""Share of imaginary phonons above which a crystal is not a quantum solid about these sites."""


def shaped_prototype(
    spec: NctSpec,
    prototype: Prototype,
    eos: pd.DataFrame | None,
    tables: tuple[pd.DataFrame | None, pd.DataFrame | None],
) -> Prototype:
    """The prototype with the size, and the shape, that a calculation has.

    Parameters
    ----------
    eos
        Equation of state of this prototype by this potential; None: there is none, and the shape is that of the configuration.
    tables
        Phonons and harmonic energies, from which the quasi-harmonic approximation has the volume of a pressure.

    Raises
    ------
    VariationalError
        If the volume is outside of the equation of state.
    """
    if spec.pressure is not None and eos is not None:
        phonons, energy = tables
        assert phonons is not None and energy is not None
        constant = start_lattice_constant(eos, phonons, energy, spec.pressure, spec.temperature, quantum=True)
        return shape_at(prototype, eos, constant)
    cell = unit_cell(prototype, "primitive", prototype.lattice_constant)
    assert spec.volume is not None
    constant = prototype.lattice_constant * (spec.volume * len(cell) / cell.get_volume()) ** (1 / 3)
    if eos is None:
        return prototype.with_cell(prototype.cell_parameters(constant))
    low, high = float(eos["lattice_constant"].min()), float(eos["lattice_constant"].max())
    if not low <= constant <= high:
        raise VariationalError(
            f"run {spec.run}: volume {spec.volume:g} Å³/atom is a lattice constant of {constant:.3f} Å, outside of the "
            f"{low:g} to {high:g} Å of the equation of state; take another volume, or widen statics.lattice_constants"
        )
    return shape_at(prototype, eos, constant)


def crystal_at_rest(potential: Calculator, prototype: Prototype, spec: NctSpec) -> Atoms:
    """Supercell of a prototype with its free coordinates relaxed, its symmetry and its cell kept.

    Raises
    ------
    VariationalError
        If forces are left; the crystal then is not at rest where a basis is made.
    """
    atoms = supercell(unit_cell(prototype, spec.basis, prototype.lattice_constant), spec.repeat, spec.species)
    atoms.set_masses([spec.masses[symbol] for symbol in atoms.get_chemical_symbols()])
    atoms.calc = potential
    if np.abs(atoms.get_forces()).max() > 0.1 * LARGEST_FORCE:
        atoms.set_constraint(FixSymmetry(atoms, symprec=EXACT))
        BFGS(atoms, logfile=None, maxstep=0.05).run(fmax=0.1 * LARGEST_FORCE, steps=200)
        atoms.set_constraint()
    check_rest(atoms.get_forces(), spec.run)
    return atoms


def check_rest(forces: np.ndarray, run: str) -> None:
    """Make sure that no atom at rest feels more than `LARGEST_FORCE`."""
    largest = np.linalg.norm(forces, axis=1)
    if largest.max() > LARGEST_FORCE:
        atom = int(np.argmax(largest))
        raise VariationalError(
            f"run {run}: atom {atom} at rest feels {1e3 * largest[atom]:.2g} meV/Å, more than {1e3 * LARGEST_FORCE:g}; "
            "the potential does not hold this crystal at this volume"
        )


def crystal_basis(atoms: Atoms, potential: DeepEnergies, spec: NctSpec) -> Basis:
    """Phonon basis of a crystal at rest.

    Raises
    ------
    VariationalError
        If translations cost energy, or too many phonons are imaginary.
    """
    cell, rest = atoms.cell.array, atoms.get_positions()
    constants = force_constants(potential, rest, cell, spec.displacement)
    basis = phonon_basis(rest, cell, atoms.get_masses(), constants, spec.frequency_floor * MEV)
    if basis.imaginary > MOST_IMAGINARY * len(basis.energies):
        raise VariationalError(
            f"run {spec.run}: {basis.imaginary} of {len(basis.energies)} phonons are imaginary at a displacement of "
            f"{spec.displacement:g} Å; raise nct.displacement, or take a volume at which the crystal is nearer to stability"
        )
    return basis


def write_basis(path: Path, basis: Basis, atoms: Atoms, energy: float) -> None:
    """Write a basis with the crystal's symbols and its energy at rest (eV)."""
    buffer = io.BytesIO()
    arrays = {key: getattr(basis, key) for key in ("rest", "cell", "masses", "vectors", "energies", "squares", "stars")}
    np.savez(buffer, symbols=np.array(atoms.get_chemical_symbols()), energy=energy, **arrays)
    write_whole(path, buffer.getvalue())


def read_basis(path: Path) -> tuple[Basis, list[str], float]:
    """Basis, chemical symbols and energy at rest (eV) of a file of `write_basis`.

    Raises
    ------
    VariationalError
        If the file is missing or damaged.
    """
    try:
        with np.load(path) as file:
            stars = tuple(int(star) for star in file["stars"])
            arrays = {key: file[key] for key in ("rest", "cell", "masses", "vectors", "energies", "squares")}
            return Basis(**arrays, stars=stars), [str(symbol) for symbol in file["symbols"]], float(file["energy"])
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise VariationalError(f"{path}: no basis ({' '.join(str(error).split())}); make it again") from error
