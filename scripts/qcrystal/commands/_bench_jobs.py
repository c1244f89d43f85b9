"""Whole jobs of the quantum bath by each engine, start-up included, and the step of another kind of potential beside ours."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from qcrystal.commands.bench_potential import SETTINGS, bare_lammps, lanthanum_decahydride, with_atoms
from qcrystal.potential.native.evaluator import Evaluator

SNAP_DEGREE = 8
"""Twice the largest angular momentum of SNAP's bispectrum: 56 numbers for each atom, as most published potentials have."""


def snap_potential(folder: Path, species: list[str], cutoff: float) -> list[str]:
    """Commands of LAMMPS for a SNAP potential with random weights, which cost as much as fitted ones.

    [Thompson et al., J. Comput. Phys. 285, 316 (2015)]; all elements reach as far as ``cutoff`` (Å).
    """
    rng = np.random.default_rng(3)
    count = sum(
        1
        for one in range(SNAP_DEGREE + 1)
        for two in range(one + 1)
        for both in range(one - two, min(SNAP_DEGREE, one + two) + 1, 2)
        if both >= one
    )
    lines = [f"{len(species)} {count + 1}"]
    for symbol in species:
        lines += [f"{symbol} 0.5 1.0", *map(repr, (1e-6 * rng.normal(size=count + 1)).tolist())]
    (folder / "random.snapcoeff").write_text("\n".join(lines) + "\n")
    parameters = {
        "rcutfac": cutoff,
        "twojmax": SNAP_DEGREE,
        "rfac0": 0.99363,
        "rmin0": 0,
        "bzeroflag": 0,
        "quadraticflag": 0,
    }
    (folder / "random.snapparam").write_text("\n".join(f"{key} {value}" for key, value in parameters.items()) + "\n")
    files = f"{folder}/random.snapcoeff {folder}/random.snapparam"
    return ["pair_style snap", f"pair_coeff * * {files} {' '.join(species)}"]


def peers(model: str, repeat: list[int], rounds: int, steps: int) -> str:
    """Processor time (µs) of an atom-step of SNAP and of a potential with the native engine, by turns, as JSON."""
    atoms = lanthanum_decahydride(repeat)
    commands = ["fix motion all nve", "thermo 100000", "run 2 post no"]
    species = list(dict.fromkeys(atoms.get_chemical_symbols()))
    with tempfile.TemporaryDirectory() as folder:
        snap = with_atoms(atoms, {symbol: atomic_masses[atomic_numbers[symbol]] for symbol in species})
        potential = snap_potential(Path(folder), species, Evaluator(Path(model)).weights.cutoff)
        snap.commands_list([*potential, *SETTINGS, *commands])
        turns = {"snap": snap, "native": bare_lammps(Path(model), atoms, commands, "native")}
        best = dict.fromkeys(turns, np.inf)
        for _ in range(rounds):
            for name, simulation in turns.items():
                started = time.process_time()
                simulation.command(f"run {steps} pre no post no")
                best[name] = min(best[name], 1e6 * (time.process_time() - started) / steps / len(atoms))
    return json.dumps(best)
