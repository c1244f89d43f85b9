"""Relax crystals at fixed volume with GPAW: energy, pressure and positions.

A program of its own because it runs under the interpreter that carries GPAW; see label.py.

    /usr/bin/python3 scripts/dft/lattice.py --frames cells.extxyz --setups DIR --settings settings.json --output out.json
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from ase import units
from ase.io import read
from ase.optimize import BFGS
from label import gpaw_calculator, write_whole

try:
    from ase.filters import FrechetCellFilter
except ImportError:  # ASE before 3.23, as Debian 12 has it
    from ase.constraints import ExpCellFilter as FrechetCellFilter


def relax(atoms, settings, log):
    """Positions, and shape if it is free, at which the forces are below 5 meV/Å; static pressure in GPa.

    GPAW gives forces and stress the crystal's symmetry, so the relaxation keeps it.
    """
    atoms.calc = gpaw_calculator(atoms, settings, log, forces=0.2)
    free = atoms
    if atoms.info.get("relax_shape"):  # as `qcrystal.dft.lattices.cells_to_relax` says
        free = FrechetCellFilter(atoms, constant_volume=True)
    converged = BFGS(free, logfile=None).run(fmax=0.005, steps=30)
    return {
        "positions": atoms.get_scaled_positions().tolist(),
        "symbols": atoms.get_chemical_symbols(),
        "cell": atoms.cell.array.tolist(),
        "energy": float(atoms.get_potential_energy(force_consistent=True)) / len(atoms),
        "pressure": float(-np.trace(atoms.get_stress(voigt=False)) / 3 / units.GPa),
        "converged": bool(converged),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("frames", "setups", "settings", "output"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()

    import gpaw

    gpaw.setup_paths.insert(0, os.path.abspath(arguments.setups))
    settings = json.loads(Path(arguments.settings).read_text())
    results = []
    frames = read(arguments.frames, ":")
    for number, atoms in enumerate(frames):
        results.append(relax(atoms, settings, f"{arguments.output}.{number}.txt"))
        print(f"cell {number + 1}/{len(frames)}: {results[-1]['pressure']:.1f} GPa", flush=True)
    write_whole(arguments.output, json.dumps({"gpaw": gpaw.__version__, "settings": settings, "cells": results}))


if __name__ == "__main__":
    main()
