"""Relax the internal coordinates of cubic cells with GPAW: energy, pressure and positions at fixed lattice constants.

Runs under the interpreter that carries GPAW; see label.py.

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
from label import BANDS, kpoint_grid, write_whole


def relax(atoms, settings, log):
    """Positions at which the forces, which keep the crystal's symmetry, are below 5 meV/Å; static pressure in GPa."""
    from gpaw import GPAW, PW, FermiDirac, Mixer

    atoms.calc = GPAW(
        mode=PW(settings["cutoff"]),
        xc=settings["functional"],
        kpts={"size": kpoint_grid(atoms.cell.array, settings["kpoint_length"]), "gamma": True},
        occupations=FermiDirac(settings["width"]),
        convergence={"energy": settings["energy_convergence"], "forces": settings["force_convergence"] / 5},
        nbands=BANDS,
        mixer=Mixer(0.25, 5, 50.0),
        txt=log,
    )
    optimizer = BFGS(atoms, logfile=None)
    converged = optimizer.run(fmax=0.005, steps=30)
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
