"""Static energies of bcc and fcc lithium by plane-wave cutoff, k-points and smearing: what `static.csv` is made from.

    gpaw dataset Li -f PBE -e 3 -w                              in a folder PAW of its own
    /usr/bin/python3 data/lithium-gpaw/static.py PAW static.jsonl
    /usr/bin/python3 data/lithium-gpaw/static.py PAW static.jsonl --table data/lithium-gpaw/static.csv

Each calculation is a line of the file; started again after a kill, it goes on with the first that is missing. The crystals keep
all their symmetry here, and atoms are at rest. The improved tetrahedron method, which has no width, is what smearing is held
against.
"""

import csv
import json
import sys
import time
from pathlib import Path

import gpaw
import numpy as np
from ase import units
from ase.build import bulk
from gpaw import GPAW, PW, Mixer

VOLUME = 19.2  # Å³/atom
FERMI, METHFESSEL, COLD, TETRAHEDRON = (
    "fermi-dirac",
    "methfessel-paxton",
    "marzari-vanderbilt",
    "improved-tetrahedron-method",
)
COLUMNS = (
    "phase",
    "atoms",
    "volume_A3_per_atom",
    "cutoff_eV",
    "smearing",
    "width_eV",
    "kpoint_length_A",
    "kpoints",
    "free_energy_meV_per_atom",
    "energy_zero_width_meV_per_atom",
    "bcc_minus_fcc_free_energy_meV_per_atom",
    "pressure_GPa",
    "seconds",
)


def plan():
    """Smearing, width (eV), k-point length (Å), cutoff (eV), whether the stress is wanted, cubic cells repeated."""
    widths = ((TETRAHEDRON, 0), (FERMI, 0.1), (FERMI, 0.05), (METHFESSEL, 0.2), (METHFESSEL, 0.3), (METHFESSEL, 0.4))
    for length in (30, 40):
        for smearing, width in (*widths, (COLD, 0.2), (COLD, 0.3)):
            yield smearing, width, length, 600, False, 1
    for length in (50, 60):
        for smearing, width in widths:
            if smearing in (TETRAHEDRON, METHFESSEL) and (length, width) != (60, 0.4):
                yield smearing, width, length, 600, False, 1
    for cutoff in (400, 500, 600, 800, 1000):
        yield METHFESSEL, 0.3, 30, cutoff, True, 1
    for length in (33, 40):
        for smearing, width in ((METHFESSEL, 0.2), (METHFESSEL, 0.3)):
            yield smearing, width, length, 600, False, 2
    for smearing, width in ((TETRAHEDRON, 0), (METHFESSEL, 0.2), (FERMI, 0.1), (FERMI, 0.05)):
        yield smearing, width, 80, 600, False, 1


def crystal(phase, repeat):
    """Primitive cell, or the cubic one repeated along each axis."""
    atoms_per_cube = {"bcc": 2, "fcc": 4}[phase]
    lattice_constant = np.cbrt(atoms_per_cube * VOLUME)
    if repeat == 1:
        return bulk("Li", phase, a=lattice_constant)
    return bulk("Li", phase, a=lattice_constant, cubic=True).repeat(repeat)


def calculate(phase, smearing, width, length, cutoff, stress, repeat):
    """One calculation: energies per atom in eV, pressure in GPa."""
    atoms = crystal(phase, repeat)
    grid = [max(1, int(np.ceil(length * np.linalg.norm(b)))) for b in np.linalg.inv(atoms.cell.array).T]
    occupations = {"name": smearing} if smearing == TETRAHEDRON else {"name": smearing, "width": width}
    if smearing == METHFESSEL:
        occupations["order"] = 1
    started = time.process_time()
    atoms.calc = GPAW(
        mode=PW(cutoff),
        xc="PBE",
        kpts={"size": grid, "gamma": True},
        occupations=occupations,
        nbands=4 if len(atoms) == 1 else 3 * len(atoms),
        convergence={"energy": 5e-7, "bands": "occupied"},
        mixer=Mixer(0.25, 5, 50.0),
        txt=None,
    )
    energy, zero = (atoms.get_potential_energy(force_consistent=yes) / len(atoms) for yes in (True, False))
    result = {"atoms": len(atoms), "kpoints": grid, "energy": energy, "energy_zero_width": zero}
    if stress:
        result["pressure"] = float(-np.trace(atoms.get_stress(voigt=False)) / 3 / units.GPa)
    return result | {"seconds": round(time.process_time() - started, 1)}


def table(found, path):
    """Write the table; bcc - fcc stands in the lines of bcc."""
    rows = []
    for (phase, *key), one in found.items():
        smearing, width, length, cutoff, _, repeat = key
        other = found.get(("fcc", *key))
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "phase": phase,
                "atoms": one["atoms"],
                "volume_A3_per_atom": VOLUME,
                "cutoff_eV": cutoff,
                "smearing": smearing,
                "width_eV": width,
                "kpoint_length_A": length,
                "kpoints": "x".join(map(str, one["kpoints"])),
                "free_energy_meV_per_atom": f"{1e3 * one['energy']:.3f}",
                "energy_zero_width_meV_per_atom": f"{1e3 * one['energy_zero_width']:.3f}",
                "seconds": one["seconds"],
            }
        )
        if phase == "bcc" and other:
            rows[-1]["bcc_minus_fcc_free_energy_meV_per_atom"] = f"{1e3 * (one['energy'] - other['energy']):.3f}"
        if "pressure" in one:
            rows[-1]["pressure_GPa"] = f"{one['pressure']:.3f}"
    with Path(path).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            sorted(rows, key=lambda r: (r["atoms"], r["smearing"], r["width_eV"], r["kpoint_length_A"], r["phase"]))
        )


def main():
    paw, path = map(Path, sys.argv[1:3])
    gpaw.setup_paths.insert(0, str(paw.resolve()))
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        one = json.loads(line)
        found[tuple(one.pop("key"))] = one
    if "--table" in sys.argv:
        table(found, sys.argv[sys.argv.index("--table") + 1])
        return
    for key in plan():
        for phase in ("bcc", "fcc"):
            if (phase, *key) in found:
                continue
            one = calculate(phase, *key)
            found[(phase, *key)] = one
            with path.open("a") as stream:
                stream.write(json.dumps({"key": [phase, *key], **one}) + "\n")
            print(phase, *key, one, flush=True)


if __name__ == "__main__":
    main()
