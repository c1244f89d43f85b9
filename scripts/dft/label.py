"""Label frames with GPAW: energy, forces and stress by plane-wave DFT.

This file is a program of its own, and longer than a rule's script, because it runs under the interpreter that carries GPAW.
On Debian that is the system's python3, not the workflow's environment. It knows numpy, ASE and GPAW, but not the library
``qcrystal``. `lattice.py` beside it shares its calculator and its way to write.

Each finished frame is kept in a JSON file of its own beside the output. A killed job continues with the first frame that is
missing. A frame with other settings, another GPAW or another identity is labelled again. The identity is any text that changes
with the code and the PAW sets.

    /usr/bin/python3 scripts/dft/label.py --frames frames.extxyz --setups DIR --settings settings.json --identity TEXT \\
        --output labels.json
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from ase.io import read

BANDS = "190%"  # of the occupied ones: 20 for 11 atoms of LaH10


def kpoint_grid(cell, length):
    """Smallest Γ-centred grid whose spacing along each reciprocal vector b_i is at most 2π/length (length in Å)."""
    reciprocal = np.linalg.inv(cell).T
    return [max(1, int(np.ceil(length * np.linalg.norm(b)))) for b in reciprocal]


def occupations(settings):
    """Fermi-Dirac, or the ``smearing`` that the settings name; Methfessel-Paxton is of first order.

    With Fermi-Dirac the free energy lies below the ground state's by a term in the square of the width. That is 8 meV/atom at
    0.1 eV in lithium, and not the same in each phase. With Methfessel-Paxton the term goes with the fourth power.
    """
    smearing = {"name": settings.get("smearing", "fermi-dirac"), "width": settings["width"]}
    return smearing | ({"order": 1} if smearing["name"] == "methfessel-paxton" else {})


def gpaw_calculator(atoms, settings, log, forces=1.0, **others):
    """GPAW as the settings say; forces are converged to ``forces`` times the settings' bound.

    Many empty bands and an eager mixer halve the iterations (26 to 12 on 11 atoms). The forces stay within 0.3 meV/Å, which a
    looser bound on density or eigenstates would not give.
    """
    from gpaw import GPAW, PW, Mixer

    return GPAW(
        mode=PW(settings["cutoff"]),
        xc=settings["functional"],
        kpts={"size": kpoint_grid(atoms.cell.array, settings["kpoint_length"]), "gamma": True},
        occupations=occupations(settings),
        convergence={"energy": settings["energy_convergence"], "forces": settings["force_convergence"] * forces},
        nbands=BANDS,
        mixer=Mixer(0.25, 5, 50.0),
        txt=log,
        **others,
    )


def label(atoms, settings, log):
    """Free energy (eV), forces (eV/Å) and virial = -volume × stress (eV) of one frame.

    The label is the electronic free energy, because forces and stress are its derivatives. The energy extrapolated to zero
    width is kept beside it.
    """
    symmetry = {"point_group": settings.get("symmetry", False)}
    calculator = gpaw_calculator(atoms, settings, log, symmetry=symmetry, maxiter=200)
    atoms.calc = calculator
    started, processor = time.time(), time.process_time()
    result = {
        "energy": float(atoms.get_potential_energy(force_consistent=True)),
        "energy_zero_width": float(atoms.get_potential_energy()),
        "forces": atoms.get_forces().tolist(),
        "virial": (-atoms.get_volume() * atoms.get_stress(voigt=False)).tolist(),
        "cell": atoms.cell.array.tolist(),
        "positions": atoms.positions.tolist(),
        "symbols": atoms.get_chemical_symbols(),
        "origin": atoms.info["origin"],
        "kpoints": kpoint_grid(atoms.cell.array, settings["kpoint_length"]),
        "scf_iterations": int(calculator.get_number_of_iterations()),
        "seconds": round(time.time() - started, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
    }
    return result


def is_label_of(kept, atoms, settings, key):
    """Whether a kept label is the one of this frame, by these settings and under this key."""
    return (
        kept.get("key") == key
        and kept["settings"] == settings
        and kept["symbols"] == atoms.get_chemical_symbols()
        and np.allclose(kept["positions"], atoms.positions, rtol=0, atol=1e-6)
        and np.allclose(kept["cell"], atoms.cell.array, rtol=0, atol=1e-6)
    )


def write_whole(path, text):
    """Write beside, then rename, so that no reader ever sees half a file (as `qcrystal.files.write_whole`)."""
    temporary = Path(f"{path}.partial")
    with open(temporary, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("frames", "setups", "settings", "identity", "output"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()

    settings = json.loads(Path(arguments.settings).read_text())
    import gpaw
    from gpaw.mpi import world

    gpaw.setup_paths.insert(0, os.path.abspath(arguments.setups))
    key = f"{arguments.identity} gpaw {gpaw.__version__}"
    # a batch may be empty: more batches than frames, or nothing that was worth a label
    frames = read(arguments.frames, ":") if os.path.getsize(arguments.frames) else []
    output = Path(arguments.output)
    kept = output.with_suffix(".frames")
    kept.mkdir(parents=True, exist_ok=True)
    labels, started = [], time.time()
    for number, atoms in enumerate(frames):
        part = kept / f"{number:04d}.json"
        if part.exists():
            result = json.loads(part.read_text())
            if is_label_of(result, atoms, settings, key):
                labels.append(result)
                continue
        try:
            result = label(atoms, settings, str(part.with_suffix(".txt"))) | {"settings": settings, "key": key}
        except gpaw.KohnShamConvergenceError:
            # An explored frame may be odd, and the loop goes on without it; every other frame is needed.
            if " part=" not in atoms.info["origin"]:
                raise
            print(f"frame {number + 1}/{len(frames)}: left out, not converged: {atoms.info['origin']}", flush=True)
            continue
        labels.append(result)
        if world.rank == 0:
            write_whole(part, json.dumps(result))
            rate = (time.time() - started) / max(1, number + 1)
            print(
                f"frame {number + 1}/{len(frames)}: {len(atoms)} atoms, k-points {result['kpoints']}, "
                f"{result['scf_iterations']} SCF steps, {result['seconds']} s, "
                f"about {rate * (len(frames) - number - 1) / 60:.0f} min left",
                flush=True,
            )
    if world.rank == 0:
        document = {"software": {"gpaw": gpaw.__version__}, "settings": settings, "frames": labels}
        write_whole(output, json.dumps(document))


if __name__ == "__main__":
    sys.exit(main())
