"""Forces of frozen phonons and stresses of sheared lattices, which no training sees: what `checks.csv` is made from.

    /usr/bin/python3 data/lithium-gpaw/checks.py data/lithium-gpaw/checks.csv

It takes the labeller of the workflow, `scripts/dft/label.py`, by the settings of the labels and by denser ones. Lines that the
table has are not computed again.

Cells of two atoms: both move by the amplitude u against each other, along the wave's direction or across. The value is the force
on the first along its displacement (meV/Å). It is -M ω² u in the harmonic limit.
Cells of one atom: strain e. The value is σ_xx - σ_yy of a stretch, 2 (C11 - C12) e, or σ_xy of a shear, 2 C44 e (GPa).
"""

import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import bulk

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts" / "dft")]
from growing_table import fill, methfessel_paxton  # noqa: E402
from label import gpaw_calculator  # noqa: E402

VOLUME = 20.3  # Å³/atom, without pressure
AMPLITUDE, STRAIN = 0.1, 0.01  # Å
LABELS, DENSER = (24, 0.8), (40, 0.3)  # k-point length (Å), width (eV)
BANDS = 6  # in cells of one and two valence electrons
CELLS = {  # cell and second atom, in units of the cubic lattice constant
    "bcc H": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0.5, 0.5, 0.5]),
    "bcc N": ([[0.5, -0.5, 0.5], [-0.5, 0.5, 0.5], [1, 1, 0]], [0.5, 0.5, 0.5]),
    "fcc X": ([[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]], [0.5, 0, 0.5]),
}
PHONONS = {
    "bcc H": ("bcc H", [0, 0, 1]),
    "bcc N transverse 1": ("bcc N", [1, -1, 0]),
    "bcc N transverse 2": ("bcc N", [0, 0, 1]),
    "bcc N longitudinal": ("bcc N", [1, 1, 0]),
    "fcc X transverse": ("fcc X", [1, 1, 0]),
    "fcc X longitudinal": ("fcc X", [0, 0, 1]),
}
STRAINS = {"stretch": np.diag([STRAIN, -STRAIN, 0.0]), "shear": np.array([[0, STRAIN, 0], [STRAIN, 0, 0], [0, 0, 0]])}
COLUMNS = ("kpoint_length_A", "width_eV", "case", "value", "unit", "seconds")


def lattice_constant(phase):
    """Å, of the cubic cell."""
    return np.cbrt({"bcc": 2, "fcc": 4}[phase] * VOLUME)


def cases():
    """Yield name, crystal and, of frozen phonons, the direction of the first atom's displacement."""
    for name, (cell, direction) in PHONONS.items():
        vectors, second = (lattice_constant(name[:3]) * np.array(values) for values in CELLS[cell])
        direction = np.array(direction) / np.linalg.norm(direction)
        positions = [AMPLITUDE * direction, second - AMPLITUDE * direction]
        yield name, Atoms("Li2", cell=vectors, positions=positions, pbc=True), direction
    for phase in ("bcc", "fcc"):
        for name, strain in STRAINS.items():
            atoms = bulk("Li", phase, a=lattice_constant(phase))
            atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            yield f"{phase} {name}", atoms, None


def measured(atoms, name, direction):
    """Value and unit of a case; the crystal has a calculator."""
    if direction is not None:
        return 1e3 * float(atoms.get_forces()[0] @ direction), "meV/Å"
    stress = atoms.get_stress(voigt=False) / units.GPa
    return float(stress[0, 0] - stress[1, 1] if name.endswith("stretch") else stress[0, 1]), "GPa"


def calculate(length, width, name, atoms, direction):
    """One line of the table."""
    settings = methfessel_paxton(250, length, width)
    started = time.process_time()
    calculator = gpaw_calculator(atoms, settings, None, maxiter=200)
    calculator.set(nbands=BANDS)
    atoms.calc = calculator
    value, unit = measured(atoms, name, direction)
    values = (length, width, name, f"{value:.4f}", unit, round(time.process_time() - started, 1))
    return dict(zip(COLUMNS, values, strict=True))


def main():
    plan = [(*one, *case) for one in (LABELS, DENSER) for case in cases()]
    fill(sys.argv[1], COLUMNS, COLUMNS[:3], plan, calculate)


if __name__ == "__main__":
    main()
