"""Measure what the engines and the workflow cost beside the bare codes, as ratios."""

from __future__ import annotations

import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import numpy as np
import pandas as pd
import typer
import yaml
from ase import units

from qcrystal.commands import _bench_baths as bench_baths
from qcrystal.commands import _bench_engines as bench_engines
from qcrystal.commands import _bench_jobs as bench_jobs
from qcrystal.commands._options import application, console
from qcrystal.commands.bench_potential import (
    MASSES,
    TEMPERATURE,
    TIMESTEP,
    bare_lammps,
    lanthanum_decahydride,
    machine,
    published_architecture,
)
from qcrystal.config.layers import put_over
from qcrystal.dynamics.ipi import launcher as ipi
from qcrystal.dynamics.ipi.input import simulation_input, standard_orientation, start_file
from qcrystal.dynamics.lammps import launcher as lammps
from qcrystal.dynamics.spec import RunSpec
from qcrystal.files import write_whole
from qcrystal.potential.engines import Engine, open_potential

app = application()
ROOT = Path(__file__).resolve().parents[3]
REPEAT = (2, 2, 2)  # of the cubic cell of 44 atoms
BEADS = 16
SHORT = 200
"""Steps of the short run of `baths`; with 1000 more the difference is a whole segment of the bath."""
JOB = 500
"""Steps of a whole job of `jobs`."""
MODEL = ROOT / "models" / "lah10-accurate" / "model.pb"
SWEEP = {"pressures": [150, 200], "temperatures": [100, 140, 180, 220, 260, 300]}


def specification(method: str, steps: int, **changes) -> RunSpec:
    values = {
        "run": f"bench-{method}",
        "system": "lah10",
        "method": method,
        "ensemble": "nvt",
        "repeat": REPEAT,
        "species": tuple(MASSES),
        "masses": MASSES,
        "temperature": TEMPERATURE,
        "pressure": None,
        "timestep": 0.25 if method == "pimd" else 0.5,
        "steps": steps,
        "sample_every": 20,
        "checkpoint_every": steps,
        "seed": 5,
    }
    return RunSpec(**(values | changes))


def worker(what: str, **job) -> float | None:
    """Processor time (s) of a bare code in this process: ``dynamics`` or ``batch``; None of a ``client`` of a socket.

    Of ``engines``, ``alone`` and ``peers`` it is text: a measurement as JSON.
    """
    bare: dict[str, Callable[..., Any]] = {
        "engines": bench_engines.measure,
        "dynamics": bare_dynamics,
        "batch": bare_batch,
        "client": bare_client,
        "alone": bench_baths.alone,
        "peers": bench_jobs.peers,
    }
    return bare[what](**job)


def bare_dynamics(model: str, repeat: list[int], ensemble: str, steps: int, engine: Engine) -> float:
    """Dynamics by LAMMPS that prints and dumps every 20 steps, start-up left out; ``npt`` is at 150 GPa."""
    bar = 150.0 * units.GPa / units.bar
    motion = {"nvt": "nve", "npt": f"nph tri {bar} {bar} 0.2"}[ensemble]
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            f"fix motion all {motion}",
            f"fix bath all langevin {TEMPERATURE} {TEMPERATURE} 0.1 7",
            "thermo 20",
            f"dump frames all custom 20 {folder}/dump id xu yu zu",
            "run 0 post no",
        ]
        simulation = bare_lammps(Path(model), lanthanum_decahydride(repeat), commands, engine)
        started = time.process_time()
        simulation.command(f"run {steps}")
        return time.process_time() - started


def bare_batch(model: str, repeat: list[int], rounds: int, engine: Engine) -> float:
    """One evaluation of `BEADS` displaced frames in a batch, start-up left out."""
    atoms = lanthanum_decahydride(repeat)
    positions = atoms.positions + np.random.default_rng(4).normal(0, 0.1, (BEADS, len(atoms), 3))
    types = [list(MASSES).index(symbol) for symbol in atoms.get_chemical_symbols()]
    frames = positions, np.tile(atoms.cell.array, (BEADS, 1, 1)), types
    potential = open_potential(Path(model), engine)
    potential.evaluate(*frames)
    times = []
    for _ in range(rounds):
        started = time.process_time()
        potential.evaluate(*frames)
        times.append(time.process_time() - started)
    return min(times)


def bare_client(model: str, repeat: list[int], address: str, engine: Engine) -> None:
    """LAMMPS that evaluates what i-PI sends to a socket, until i-PI ends."""
    commands = [f"fix socket all ipi {address} 31415 unix", "run 100000000"]
    bare_lammps(Path(model), lanthanum_decahydride(repeat), commands, engine)


def _worker_command(what: str, **job) -> list[str]:
    return [sys.executable, "-m", "qcrystal", "bench", "--worker", json.dumps({"what": what, **job})]


def _bare(what: str, **job) -> float:
    """Measurements of `worker`, made in a process of its own."""
    return float(_said(what, **job))


def _said(what: str, **job) -> str:
    done = subprocess.run(_worker_command(what, **job), capture_output=True, text=True, env=lammps.worker_environment())
    lines = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    if not lines:
        raise RuntimeError(f"a bare run failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return lines[-1].removeprefix("result ")


def engines(model: Path, rounds: int, steps: int, folder: Path) -> dict:
    """A step of both released potentials with both engines, and of the published architecture, side by side."""
    models = [str(model), *(str(path) for path in (ROOT / "models").glob("lah10-*/model.pb") if path != model)]
    published = str(published_architecture(folder))
    table = json.loads(_said("engines", published=published, models=models, rounds=rounds, steps=steps))
    ratios = {
        f"{row['model']} {row['engine']}, {row['atoms']} atoms"
        + (f", {row['beads']} beads" if row["beads"] > 1 else ""): (row["times_published"])
        for row in table
    }
    return {"table": table, "ratios": ratios}


def baths(model: Path, rounds: int, steps: int, folder: Path, engine: Engine) -> dict:
    """Processor time of a step (ms) of each method and of LAMMPS without us, by turns, and of each bath alone.

    A step is the difference of a short run and of one that is longer by ``steps``. So start-up, the first noise and the report
    are left out, which both have. With a segment of steps each quantum bath makes noise once and ends a segment once.
    """
    atoms = lanthanum_decahydride(REPEAT)
    lengths = (SHORT, SHORT + steps)
    spent = {name: dict.fromkeys(lengths, np.inf) for name in ("bare", "classical", "qtb", "adqtb")}
    for number, length in itertools.product(range(rounds), lengths):
        bare = _bare("dynamics", model=str(model), repeat=REPEAT, ensemble="nvt", steps=length, engine=engine)
        spent["bare"][length] = min(spent["bare"][length], bare)
        for method in ("classical", "qtb", "adqtb"):
            place = folder / f"{method}-{number}-{length}"
            lammps.run(specification(method, length, engine=engine), atoms, model, place)
            timing = json.loads((place / "timing.json").read_text())
            spent[method][length] = min(spent[method][length], timing["processor_time"])
    best = {name: 1e3 * (both[lengths[1]] - both[SHORT]) / steps for name, both in spent.items()}
    alone = json.loads(_said("alone", repeat=REPEAT, rounds=rounds))
    return {
        "atoms": len(atoms),
        "ms_per_step": best,
        "ms_of_bath_alone": alone,
        "ratios": {
            "qtb over classical": best["qtb"] / best["classical"],
            "adaptive qtb over classical": best["adqtb"] / best["classical"],
            "classical over bare LAMMPS": best["classical"] / best["bare"],
        },
    }


def jobs(model: Path, rounds: int, folder: Path) -> dict:
    """Processor time (s) of a whole job of the quantum bath, start-up and report included, with both engines, by turns."""
    atoms = lanthanum_decahydride(REPEAT)
    spent = dict.fromkeys(get_args(Engine), np.inf)
    for number, engine in itertools.product(range(rounds), spent):
        spec = specification("qtb", JOB, engine=engine)
        spent[engine] = min(spent[engine], _timed(lammps.run, spec, atoms, model, folder / f"{engine}-{number}"))
    return {
        "atoms": len(atoms),
        "steps": JOB,
        "seconds": spent,
        "ratios": {"whole job with DeePMD-kit over the native engine": spent["deepmd"] / spent["native"]},
    }


def peers(model: Path, rounds: int) -> dict:
    """Processor time (µs) of an atom-step of SNAP in LAMMPS, and of the native engine, by turns."""
    found = json.loads(_said("peers", model=str(model), repeat=REPEAT, rounds=rounds, steps=3))
    return {"us_per_atom_step": found, "ratios": {"SNAP (56 terms) over native": found["snap"] / found["native"]}}


def _children_time() -> float:
    """Processor time (s) of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _timed(work, *arguments) -> float:
    before = _children_time()
    work(*arguments)
    return _children_time() - before


def paths(model: Path, rounds: int, folder: Path, engine: Engine, short: int = 40, long: int = 80) -> dict:
    """Processor time (ms) of a bead-step: our engine, i-PI with a LAMMPS client on a socket, the bare batched evaluation.

    The ``short`` run is left out of the ``long`` one: all beads start at one place, and their neighbours change while they part.
    """
    atoms = lanthanum_decahydride(REPEAT)
    spec = {n: specification("pimd", n, beads=BEADS, sample_every=n, engine=engine) for n in (short, long)}
    engines = {"ours": ipi.run, "sockets": _socket_run}
    bare, spent = np.inf, {name: dict.fromkeys(spec, np.inf) for name in engines}
    for number in range(rounds):
        bare = min(bare, _bare("batch", model=str(model), repeat=REPEAT, rounds=3, engine=engine))
        for (name, work), n in itertools.product(engines.items(), spec):
            now = _timed(work, spec[n], atoms, model, folder / f"{name}-{number}-{n}")
            spent[name][n] = min(spent[name][n], now)
    steps = {name: (both[long] - both[short]) / (long - short) for name, both in spent.items()}
    best = {name: 1e3 * seconds / BEADS for name, seconds in {"bare": bare, **steps}.items()}
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
    text = simulation_input(spec, symbols, False)
    before, _, rest = text.partition("  <ffdirect")
    _, _, after = rest.partition("</ffdirect>\n")
    address = f"bench{os.getpid()}-{folder.name}"
    socket = f"  <ffsocket name='potential' mode='unix'> <address> {address} </address> <latency> 1e-4 </latency> </ffsocket>\n"
    (folder / "input.xml").write_text(before + socket + after)
    cell, positions = standard_orientation(atoms)
    (folder / "start.xyz").write_text(start_file(symbols, cell, positions))
    with open(folder / "log", "w") as log:
        streams: dict[str, Any] = {"cwd": folder, "env": lammps.worker_environment(), "stdout": log, "stderr": log}
        server = subprocess.Popen([sys.executable, str(Path(sys.executable).with_name("i-pi")), "input.xml"], **streams)
        while not Path(f"/tmp/ipi_{address}").exists() and server.poll() is None:
            time.sleep(0.1)
        command = _worker_command("client", model=str(model), repeat=REPEAT, address=address, engine=spec.engine)
        client = subprocess.Popen(command, **streams)
        try:
            client.wait()  # i-PI ends its client; a client that fails leaves i-PI waiting
            failure = "" if server.wait(20) == 0 else "i-PI said nothing"
        except subprocess.TimeoutExpired:
            failure = "no client"
        finally:
            for process in (client, server):
                process.kill()
                process.wait()
    if failure:
        raise RuntimeError(f"i-PI with sockets failed: {((folder / 'log').read_text().splitlines() or [failure])[-1]}")


def _workspace(workspace: Path, length: float) -> Path:
    """A copy of the repository, with what is compiled, whose ``config/bench.yaml`` has the runs of `SWEEP` of ``length`` ps."""
    ignore = shutil.ignore_patterns("results", ".git", ".venv*", ".snakemake")
    shutil.copytree(ROOT, workspace, ignore=ignore)
    folders = ("config/scales", "config/crystals/lah10/scales")
    scale = put_over(*(yaml.safe_load((ROOT / folder / "smoke.yaml").read_text()) for folder in folders))
    scale["sweeps"]["classical_grid"] |= SWEEP
    for other in scale["sweeps"].values():  # sweeps that share a run give it one length
        other["length"] = length if other["method"] == "classical" else other["length"]
    scale["sampling"]["frame_interval"], scale["sampling"]["checkpoint_interval"] = 0.005, 0.5
    (workspace / "config" / "bench.yaml").write_text(yaml.safe_dump(scale))
    return workspace


def sweep(model: Path, length: float, folder: Path, engine: Engine) -> dict:
    """Time (s) of twelve runs of ``length`` ps through the workflow and as a queue of bare LAMMPS, two at a time.

    Wall time needs two free cores. Processor time counts what all processes take, and holds beside other work too.
    """
    workspace = _workspace(folder / "workspace", length)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"]
    command += ["--config", "scale=config/bench.yaml", "start=model", f"model={model.parent}", f"engine={engine}", "--"]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(workspace / "scripts"),  # the workflow refuses the library of another repository
    }

    def snakemake(*targets):
        done = subprocess.run([*command, *targets], cwd=workspace, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the workflow failed: {done.stderr.strip().splitlines()[-1]}")

    names = [
        f"classical-H-cubic-44-npt-{pressure:g}GPa-{temperature:g}K-r0"
        for pressure in SWEEP["pressures"]
        for temperature in SWEEP["temperatures"]
    ]
    snakemake(*(f"results/lah10/bench/statics/{name}.csv" for name in ("phonons", "harmonic_energy", "eos")))
    targets = [f"results/lah10/bench/dynamics/{name}/trajectory.h5" for name in names]
    started = time.monotonic()
    processor = {"workflow": _timed(snakemake, *targets)}
    ours = time.monotonic() - started

    def bare(_):
        _bare(
            "dynamics",
            model=str(model),
            repeat=(1, 1, 1),
            ensemble="npt",
            steps=round(length / TIMESTEP),
            engine=engine,
        )

    def all_bare():
        with ThreadPoolExecutor(2) as queue:
            list(queue.map(bare, names))

    started = time.monotonic()
    processor["queue"] = _timed(all_bare)
    by_hand = time.monotonic() - started
    return {
        "runs": len(names),
        "atoms": 44,
        "ps": length,
        "seconds": {"workflow": ours, "queue": by_hand},
        "processor_seconds": processor,
        "ratios": {
            "workflow over queue": ours / by_hand,
            "workflow over queue, processor time": processor["workflow"] / processor["queue"],
        },
    }


class Part(StrEnum):
    """Quantities that can be measured."""

    engines = "engines"
    baths = "baths"
    paths = "paths"
    jobs = "jobs"
    sweep = "sweep"


def _measured(work: dict[str, Callable[[Path], dict]]) -> dict:
    """What each function of a folder measures, by its name; ratios are printed at once."""
    document = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, measure in work.items():
            folder = Path(scratch) / name
            folder.mkdir()
            with console(stderr=True).status(f"measuring {name}"):
                document[name] = measure(folder)
            for what, ratio in document[name]["ratios"].items():
                print(f"{what}: {ratio:.3f}", flush=True)
    return document


def _checked(model: Path, engine: str) -> Engine:
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such potential; give the path of a frozen DeePMD-kit model")
    if engine not in get_args(Engine):
        raise typer.BadParameter(f"there is no engine {engine}; name native or deepmd", param_hint="--engine")
    return cast(Engine, engine)


@app.command()
def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure. All by default.")] = None,
    model: Annotated[Path, typer.Option(help="Frozen potential to run with.")] = MODEL,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured; the smallest time counts.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Steps by which runs of `baths` differ: a segment.")] = 1000,
    engine: Annotated[str, typer.Option(help="What evaluates the potential, here and in the bare codes.")] = "native",
    length: Annotated[float, typer.Option(min=0.001, help="Length of a run of `sweep`, in ps.")] = 3.0,
    output: Annotated[Path | None, typer.Option(help="Write the measurement to this JSON file.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the table of `engines` to this CSV file.")] = None,
    with_peers: Annotated[
        bool, typer.Option("--peers", help="Measure SNAP in LAMMPS beside the native engine.")
    ] = False,
    worker_job: Annotated[str, typer.Option("--worker", hidden=True)] = "",
) -> None:
    """Measure what engines and workflow cost beside the bare codes, as ratios side by side in one run (half an hour).

    **engines**: a step with both engines and all released potentials, over a step of the published architecture with
    DeePMD-kit. Cells have 44, 352 and 2816 atoms. An evaluation of 16 beads follows, and what the core's peak allows.

    **baths**: a step of the quantum baths over a classical one, and a classical one over bare LAMMPS (352 atoms, fixed cell).
    Each bath is measured alone, too.

    **paths**: a bead-step of path-integral dynamics (352 atoms, 16 beads), over the bare evaluation of all beads in one batch.
    It is also compared with i-PI and a LAMMPS client on a socket.

    **jobs**: a whole job of the quantum bath with DeePMD-kit over one with the native engine (352 atoms, start-up included).

    **sweep**: twelve runs through the workflow on two cores, over the same runs as a queue of bare LAMMPS inputs, start-up
    included. Wall time counts where both cores are free, processor time anywhere.

    Costs of steps are processor times, the smallest of the rounds, without start-up.

    Example: `python -m qcrystal bench baths paths --output bench.json`
    """
    if worker_job:
        print("result", worker(**json.loads(worker_job)))
        return
    chosen = _checked(model, engine)
    document: dict = {"model": model.parent.name, "engine": engine, "machine": machine()}
    measures = {
        Part.engines: lambda folder: engines(model.resolve(), rounds, 10, folder),
        Part.baths: lambda folder: baths(model.resolve(), rounds, steps, folder, chosen),
        Part.paths: lambda folder: paths(model.resolve(), rounds, folder, chosen),
        Part.jobs: lambda folder: jobs(model.resolve(), rounds, folder),
        Part.sweep: lambda folder: sweep(model.resolve(), length, folder, chosen),
    }
    work: dict[str, Callable[[Path], dict]] = {part.value: measures[part] for part in parts or list(Part)}
    if with_peers:
        work["peers"] = lambda _: peers(model.resolve(), rounds)
    document |= _measured(work)
    if "engines" in document and table:
        write_whole(table, pd.DataFrame(document["engines"]["table"]).to_csv(index=False))
    text = json.dumps(document, indent=1) + "\n"
    if output:
        write_whole(output, text)
    else:
        print(text)
