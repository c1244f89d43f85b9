"""Classical and quantum-thermal-bath dynamics with LAMMPS and a deep potential.

LAMMPS needs library paths set before its process starts, so a run is a worker process (`worker`). This module starts
it, passes its progress on to `logging`, ends it when it is itself ended, and turns a failure into one line.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import logging
import os
import sys
from functools import partial
from pathlib import Path

from ase import Atoms

from qcrystal.dynamics.lammps import checkpoint, worker
from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.spec import RunError, RunSpec, check_start
from qcrystal.potential.engines import covered
from qcrystal.processes import ProcessError, cuda_libraries, supervise, thread_environment

log = logging.getLogger(__name__)


def run(
    spec: RunSpec,
    structure: Atoms,
    model: Path,
    directory: Path,
    cores: int = 1,
    trained: tuple[float, float] | None = None,
) -> None:
    """Carry out a classical, qtb or adqtb run.

    Leaves ``trajectory.h5``, ``thermo.csv`` and ``report.json`` in ``directory``. A run that was ended is continued from its
    last checkpoint there, if specification, structure and potential are still the same. With the native engine
    each of the ``cores`` has a thread, which changes no digit. With DeePMD-kit it has an MPI process, which changes the rounding
    of sums. ``trained`` are the pressures (GPa) of the potential's labels: a run that leaves them stops.

    Raises
    ------
    RunError
        With one line that names the cause; ``*.partial`` files keep what there is.
    """
    model, directory = Path(model), Path(directory)
    check_start(spec, structure, model)
    directory.mkdir(parents=True, exist_ok=True)
    job = {
        "spec": spec.model_dump(mode="json"),
        "model": str(model.resolve()),
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "symbols": structure.get_chemical_symbols(),
        "positions": structure.positions.tolist(),
        "cell": structure.cell.array.tolist(),
        "trained_pressures": trained,
        "engine": _engine(spec, model),
        "checkpoint_form": checkpoint.FORM,
    }
    files = Files(directory)
    files.prepare(job)
    files.link(model)
    problem = files.drop_damaged()
    if problem:
        log.warning("%s; the run starts again from its beginning", problem)
    _work(spec, directory, cores, job["engine"])


def _engine(spec: RunSpec, model: Path) -> str:
    """Engine that evaluates the potential."""
    return "native" if spec.engine == "native" and covered(model) else "deepmd"


def worker_environment(engine: str = "deepmd", threads: int = 1) -> dict[str, str]:
    """Environment of the worker: library paths of the Python wheels, LAMMPS's plug-in, threads, no chatter.

    The plug-in, which brings TensorFlow, is not there for the native engine, whose threads are the only ones.
    """
    tensorflow, deepmd = _package("tensorflow"), _package("deepmd")
    libraries = [
        Path(sys.prefix) / "lib",
        tensorflow,
        tensorflow / "python",
        deepmd / "lib",
        *cuda_libraries(),
    ]
    paths = [str(path) for path in libraries] + os.environ.get("LD_LIBRARY_PATH", "").split(":")
    own = [str(deepmd / "lib")] if engine == "deepmd" else []
    plugins = [*own, *os.environ.get("LAMMPS_PLUGIN_PATH", "").split(":")]
    scripts = str(Path(__file__).resolve().parents[3])
    return {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(path for path in paths if path),
        "LAMMPS_PLUGIN_PATH": ":".join(filter(None, plugins)),
        "PYTHONPATH": ":".join(filter(None, [scripts, os.environ.get("PYTHONPATH")])),
        **thread_environment(1),
        "NUMBA_NUM_THREADS": str(threads),
    }


def _package(name: str) -> Path:
    """Folder of an installed package, found without importing it."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise RunError(f"the environment lacks the package {name}; run: make environment")
    return Path(found.origin).parent


def _worker(*arguments: str) -> int:
    """The worker in a fork, whose library paths cannot be set any more: LAMMPS's one library of them is loaded by its path."""
    for path in (Path(sys.prefix) / "lib").glob("libmpi.so.*"):
        ctypes.CDLL(str(path))
    return worker.main(*arguments)


def _work(spec: RunSpec, directory: Path, cores: int, engine: str) -> None:
    """Run the worker to its end; its standard error goes to the log of LAMMPS."""
    files = Files(directory)
    ranks, threads = (1, cores) if engine == "native" else (cores, 1)
    command = [sys.executable, "-P", "-m", worker.__name__, str(files.job), str(os.getpid()), str(threads)]
    if ranks > 1:
        # By itself, the starter would ask a cluster's scheduler for the cores that this job holds, and wait for ever.
        starter = [str(Path(sys.executable).with_name("mpiexec")), "-launcher", "fork", "-n", str(ranks)]
        command = [*starter, *command]
    files.log.unlink(missing_ok=True)
    failures: list[str] = []

    def hear(line: str) -> None:
        kind, _, message = line.partition(": ")
        if kind == "progress":
            log.info("%s", message)
        elif kind == "note":
            log.warning("%s", message)
        elif kind == "failure":
            failures.append(message)

    try:
        outcome = supervise(
            command,
            environment=worker_environment(engine, threads),
            log=files.log,
            on_line=hear,
            function=partial(_worker, *command[4:]) if engine == "native" and threads == 1 else None,
        )
    except (SystemExit, KeyboardInterrupt):
        log.info("%s", failures[0] if failures else "ended before its end")
        raise
    except ProcessError as error:
        raise RunError(f"run {spec.run}: {error}") from error
    if failures or outcome.status:
        silent = f"LAMMPS ended with status {outcome.status}: {outcome.words} (see {files.log})"
        raise RunError(f"run {spec.run}: {failures[0] if failures else silent}")
    files.clear()
