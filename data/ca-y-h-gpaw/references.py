"""Relax the reference crystals of the Ca-Y-H hull at a pressure with GPAW, within their space groups.

    /usr/bin/python3 data/ca-y-h-gpaw/references.py WORK [name ...]

Each relaxed crystal is a JSON file in WORK; again after a kill, it goes on with the first that is missing. All together they
become `structures.extxyz` and `references.csv` beside this script. Settings are those of `recipes.yaml`; the starts are
guesses of the right size, so that a relaxation may have to be repeated where the steps ran out (column `converged`).
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
from ase.spacegroup import crystal
from gpaw import GPAW, PW, FermiDirac, Mixer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts" / "dft"))
from label import BANDS, kpoint_grid  # noqa: E402

PRESSURE = 200  # GPa
STEPS, FORCE = 25, 0.03  # eV/Å, also of the cell's degrees of freedom


def cubic(symbols, positions, group, a):
    """Primitive cell of a cubic crystal."""
    return crystal(symbols, positions, spacegroup=group, cellpar=[a] * 3 + [90] * 3, primitive_cell=True)


def cell(symbols, positions, group, cellpar):
    """Primitive cell of any other."""
    return crystal(symbols, positions, spacegroup=group, cellpar=cellpar, primitive_cell=True)


def mh4(metal, a, c):
    return cell([metal, "H", "H"], [(0, 0, 0), (0, 0.5, 0.25), (0, 0, 0.37)], 139, [a, a, c, 90, 90, 90])


def mh9(metal, a, c):
    sites = [(2 / 3, 1 / 3, 0.25), (0.1565, 0.8435, 0.4404), (1 / 3, 2 / 3, 0.1499), (0, 0, 0.25)]
    return cell([metal, "H", "H", "H"], sites, 194, [a, a, c, 90, 90, 120])


def mh6(metal, a):
    return cubic([metal, "H"], [(0, 0, 0), (0.25, 0.5, 0)], 229, a)


STARTS = {
    "CaH6-Im-3m": lambda: mh6("Ca", 3.38),
    "YH6-Im-3m": lambda: mh6("Y", 3.50),
    "CaYH12-Pm-3m": lambda: cubic(["Ca", "Y", "H"], [(0, 0, 0), (0.5, 0.5, 0.5), (0.25, 0.5, 0)], 221, 3.44),
    "CaH4-I4mmm": lambda: mh4("Ca", 2.75, 5.20),
    "YH4-I4mmm": lambda: mh4("Y", 2.75, 5.20),
    "YH9-P63mmc": lambda: mh9("Y", 3.45, 5.20),
    "H2-Cmca": lambda: cell(["H"], [(0, 0.12, 0.08)], 64, [1.75, 3.05, 2.75, 90, 90, 90]),
    "H2-Pca21": lambda: Atoms(
        "H8",
        cell=[2.80, 1.75, 2.80],
        scaled_positions=hexagonal_molecules(),
        pbc=True,
    ),
    "Ca-betatin": lambda: cell(["Ca"], [(0, 0, 0)], 141, [3.9, 3.9, 2.8, 90, 90, 90]),
    "Ca-Pnma": lambda: cell(["Ca"], [(0.35, 0.25, 0.43)], 62, [4.3, 3.3, 2.95, 90, 90, 90]),
    "Y-fcc": lambda: cubic(["Y"], [(0, 0, 0)], 225, 3.70),
    "Y-dhcp": lambda: cell(["Y", "Y"], [(0, 0, 0), (1 / 3, 2 / 3, 0.25)], 194, [2.62, 2.62, 8.5, 90, 90, 120]),
    "CaH2-P6mmm": lambda: cell(["Ca", "H"], [(0, 0, 0), (1 / 3, 2 / 3, 0.5)], 191, [2.65, 2.65, 2.55, 90, 90, 120]),
    "YH2-P6mmm": lambda: cell(["Y", "H"], [(0, 0, 0), (1 / 3, 2 / 3, 0.5)], 191, [2.65, 2.65, 2.65, 90, 90, 120]),
    "YH3-Fm-3m": lambda: cubic(["Y", "H", "H"], [(0, 0, 0), (0.25, 0.25, 0.25), (0.5, 0.5, 0.5)], 225, 4.15),
    "YH10-Fm-3m": lambda: cubic(
        ["Y", "H", "H"], [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)], 225, 4.62
    ),
    "CaYH8-P4mmm": lambda: tetragonal_order(mh4("Ca", 2.75, 5.20)),
    "CaYH12-Fd-3m": lambda: cubic(["Ca", "Y", "H"], [(0, 0, 0), (0.5, 0.5, 0.5), (0.125, 0.0, 0.25)], 227, 6.88),
}


def hexagonal_molecules():
    """Four H2 of 0.74 Å near the sites of hcp, tilted as in Pca2_1, in an orthorhombic cell."""
    cellpar = np.array([2.80, 1.75, 2.80])
    centres = [(0, 0, 0), (0.5, 0.5, 0), (0, 1 / 3, 0.5), (0.5, 5 / 6, 0.5)]
    axes = [(0.7, 0.5, 0.5), (-0.7, 0.5, 0.5), (0.7, -0.5, 0.5), (-0.7, -0.5, 0.5)]
    positions = []
    for centre, axis in zip(centres, axes, strict=True):
        half = 0.37 * np.array(axis) / np.linalg.norm(axis)
        positions += [np.array(centre) + half / cellpar, np.array(centre) - half / cellpar]
    return positions


def tetragonal_order(atoms):
    """The conventional cell of MH4 with yttrium in its middle."""
    a, c = 2.75, 5.20
    both = crystal(
        ["Ca", "H", "H"], [(0, 0, 0), (0, 0.5, 0.25), (0, 0, 0.37)], spacegroup=139, cellpar=[a, a, c, 90, 90, 90]
    )
    metals = [i for i, s in enumerate(both.get_chemical_symbols()) if s == "Ca"]
    both.symbols[metals[1]] = "Y"
    return Atoms(both)


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
    write(HERE / "structures.extxyz", frames, format="extxyz")


if __name__ == "__main__":
    main()
