"""Relax the reference crystals of the Ca-Y-H hull at a pressure with GPAW, within their space groups.

    /usr/bin/python3 data/ca-y-h-gpaw/references.py WORK [name ...]

Each relaxed crystal is a JSON file in WORK; again after a kill, it goes on with the first that is missing. All together they
become `relaxed.extxyz` and `references.csv` beside this script. Settings are those of `recipes.yaml`. The starts, of
`structures.py`, are guesses of the right size, so that a relaxation may have to be repeated where the steps ran out (column
`converged`).
"""

import json
import sys
from pathlib import Path

import gpaw
import numpy as np
import yaml
from ase import Atoms, units
from ase.constraints import ExpCellFilter
from ase.io import write
from ase.optimize import BFGS
from gpaw import GPAW, PW, FermiDirac, Mixer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts" / "dft"))
from label import BANDS, kpoint_grid  # noqa: E402
from structures import STARTS  # noqa: E402

PRESSURE = 200  # GPa
STEPS, FORCE = 25, 0.03  # eV/Å, also of the cell's degrees of freedom


def relax(name, settings, work):
    """One crystal: relaxed positions, cell, enthalpy per atom (eV), pressure (GPa)."""
    atoms = Atoms(STARTS[name]())
    atoms.calc = GPAW(
        mode=PW(settings["cutoff"]),
        xc=settings["functional"],
        kpts={"size": kpoint_grid(atoms.cell.array, settings["kpoint_length"]), "gamma": True},
        occupations=FermiDirac(settings["width"]),
        convergence={"energy": settings["energy_convergence"], "forces": settings["force_convergence"]},
        nbands=BANDS,
        mixer=Mixer(0.25, 5, 50.0),
        txt=str(work / f"{name}.txt"),
    )
    optimizer = BFGS(
        ExpCellFilter(atoms, scalar_pressure=PRESSURE * units.GPa), maxstep=0.1, logfile=str(work / f"{name}.log")
    )
    converged = optimizer.run(fmax=FORCE, steps=STEPS)
    energy, volume = atoms.get_potential_energy(force_consistent=True), atoms.get_volume()
    return {
        "name": name,
        "symbols": atoms.get_chemical_symbols(),
        "cell": atoms.cell.array.tolist(),
        "positions": atoms.positions.tolist(),
        "energy": energy / len(atoms),
        "volume": volume / len(atoms),
        "enthalpy": (energy + PRESSURE * units.GPa * volume) / len(atoms),
        "pressure": float(-np.trace(atoms.get_stress(voigt=False)) / 3 / units.GPa),
        "converged": bool(converged),
        "steps": optimizer.nsteps,
        "gpaw": gpaw.__version__,
    }


def main():
    work = Path(sys.argv[1])
    work.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((HERE / "recipes.yaml").read_text())["dft"]
    for name in sys.argv[2:] or STARTS:
        path = work / f"{name}.json"
        if not path.exists():
            result = relax(name, settings, work)
            path.write_text(json.dumps(result))
            print(name, {k: result[k] for k in ("volume", "enthalpy", "pressure", "converged", "steps")}, flush=True)
    found = [json.loads((work / f"{name}.json").read_text()) for name in STARTS if (work / f"{name}.json").exists()]
    keys = ("name", "volume", "energy", "enthalpy", "pressure", "converged", "steps")
    lines = [",".join(keys)] + [
        ",".join(f"{r[k]:.6f}" if isinstance(r[k], float) else str(r[k]) for k in keys) for r in found
    ]
    (HERE / "references.csv").write_text("\n".join(lines) + "\n")
    frames = [
        Atoms(r["symbols"], cell=r["cell"], positions=r["positions"], pbc=True, info={"name": r["name"]}) for r in found
    ]
    write(HERE / "relaxed.extxyz", frames, format="extxyz")


if __name__ == "__main__":
    main()
