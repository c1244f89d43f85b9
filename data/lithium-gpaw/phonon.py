"""Frozen T1 phonon at N of bcc lithium by smearing and k-points: what `phonon.csv` is made from.

    /usr/bin/python3 data/lithium-gpaw/phonon.py PAW data/lithium-gpaw/phonon.csv

Two atoms, (110) planes moved against each other along [1-10] by the amplitude u. The frequency is that of the force,
ω² = F / (M u). Lines that the table has are not computed again.
"""

import sys
import time
from pathlib import Path

import gpaw
import numpy as np
from ase import Atoms, units
from gpaw import GPAW, PW, Mixer
from growing_table import fill

VOLUME, MASS = 19.2, 6.941  # Å³/atom, u
HBAR = units._hbar / units._e * 1e15  # eV fs
METHFESSEL, FERMI = "methfessel-paxton", "fermi-dirac"
SETTINGS = [(METHFESSEL, 0.2, 40), (METHFESSEL, 0.3, 40), (METHFESSEL, 0.2, 60), (FERMI, 0.1, 60)]
AMPLITUDES = (0.03, 0.1, 0.3)  # Å
COLUMNS = (
    "smearing",
    "width_eV",
    "kpoint_length_A",
    "kpoints",
    "amplitude_A",
    "force_meV_per_A",
    "frequency_meV",
    "seconds",
)


def calculate(smearing, width, length, amplitude):
    """One frozen phonon."""
    a = np.cbrt(2 * VOLUME)
    cell = a / 2 * np.array([[1, -1, 1], [-1, 1, 1], [2, 2, 0]])
    direction = np.array([1, -1, 0]) / np.sqrt(2)
    positions = np.array([amplitude * direction, a / 2 * np.ones(3) - amplitude * direction])
    atoms = Atoms("Li2", cell=cell, positions=positions, pbc=True)
    grid = [max(1, int(np.ceil(length * np.linalg.norm(b)))) for b in np.linalg.inv(cell).T]
    started = time.process_time()
    atoms.calc = GPAW(
        mode=PW(600),
        xc="PBE",
        kpts={"size": grid, "gamma": True},
        occupations={"name": smearing, "width": width} | ({"order": 1} if smearing.startswith("methfessel") else {}),
        nbands=7,
        convergence={"energy": 5e-7, "forces": 2e-4, "bands": "occupied"},
        mixer=Mixer(0.25, 5, 50.0),
        txt=None,
    )
    force = float(atoms.get_forces()[0] @ direction)
    # eV/(u Å²) to 1/fs²: 1 u Å²/fs² is 103.64 eV
    squared = -force / amplitude / MASS / (units._amu * 1e10 / units._e)
    frequency = np.sign(squared) * HBAR * np.sqrt(abs(squared))
    values = (
        smearing,
        width,
        length,
        "x".join(map(str, grid)),
        amplitude,
        f"{1e3 * force:.3f}",
        f"{1e3 * frequency:.3f}",
    )
    return dict(zip(COLUMNS, (*values, round(time.process_time() - started, 1)), strict=True))


def main():
    gpaw.setup_paths.insert(0, str(Path(sys.argv[1]).resolve()))
    plan = [(*one, amplitude) for one in SETTINGS for amplitude in AMPLITUDES]
    fill(sys.argv[2], COLUMNS, ("smearing", "width_eV", "kpoint_length_A", "amplitude_A"), plan, calculate)


if __name__ == "__main__":
    main()
