"""The process that jobs are forked from. It has loaded the libraries that most of them need.

It has compared these libraries with what their packages installed.

Snakemake's process starts it (`qcrystal.provenance.forked`) and asks it for jobs over a socket. A request names a rule's script
and the variables of its environment that differ, and brings a pipe for the answer. The answer is a line with the number of the
job's process, then a line with its exit status. The answer is `CHANGED` alone if a file of what is loaded is not as it was:
such a process starts no more jobs.

A job is a fork that runs the script as ``python`` does. Of this repository's code the frame around every job is loaded before,
and nothing else. A change of it counts like one of a library.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import inspect
import io
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from qcrystal import forks
from qcrystal.processes import end_with_parent
from qcrystal.provenance import code, elsewhere, environment
from qcrystal.provenance import job as job  # loaded for the jobs

LIBRARIES = (
    *("numpy", "pandas", "h5py", "yaml", "pydantic", "numba", "spglib", "uncertainties"),
    *(
        "scipy.fft",
        "scipy.interpolate",
        "scipy.linalg",
        "scipy.optimize",
        "scipy.signal",
        "scipy.sparse",
        "scipy.spatial",
        "scipy.special",
        "scipy.stats",
    ),
    *("ase.build", "ase.geometry", "ase.io", "ase.calculators.calculator"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("snakemake.logging", "snakemake.iocontainers", "snakemake.io"),
)
"""What most jobs load. None of these starts threads, which a fork would lose."""
CHANGED = "changed"
"""The answer of a process whose libraries were changed on the disk since it loaded them."""
LARGEST = 100_000
"""Bytes of a request, at most."""


def load(modules: tuple[str, ...]) -> None:
    """Load libraries and what a record says of them; those that are not installed are left to the jobs."""
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError, AttributeError):  # numba learns what it can compile: 0.7 s, else in each job
        target = importlib.import_module("numba.core.registry").cpu_target
        target.typing_context.refresh()
        target.target_context.refresh()
    # pydantic asks which file is of which module: 0.15 s, else in each job
    inspect.getmodule(compile("", "nowhere", "exec"))
    code.recall()
    environment.versions()
    environment.commit()
    elsewhere.keep_checks()


def state() -> dict[str, tuple[int, ...]]:
    """File -> identity, size and times of change (ns), for all that is loaded and all lists of installed packages."""
    folders = [Path(folder) for folder in elsewhere.installed_folders()]
    lists = [record for folder in folders for record in folder.glob("*.dist-info/RECORD")]
    return {str(path): _stat(str(path)) for path in (*elsewhere.loaded_files(), *folders, *lists)}


def _stat(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def serve(connection: socket.socket, before: dict[str, tuple[int, ...]] | None) -> str | None:
    """Fork jobs until the other side is closed.

    Parameters
    ----------
    before
        The `state` of what is loaded. None: it may have changed while it was loaded.

    Returns
    -------
    None in this process at the end; in each fork, the script to run.
    """
    running: dict[int, int] = {}
    server = os.getpid()
    with selectors.DefaultSelector() as waiting:
        waiting.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not connection:
                    _answer(running.pop(key.fd), os.waitstatus_to_exitcode(os.waitpid(key.data, 0)[1]))
                    waiting.unregister(key.fileobj)
                    os.close(key.fd)
                    continue
                request, pipes, _, _ = socket.recv_fds(connection, LARGEST, 1)
                if not request:
                    return None
                if before is None or any(_stat(path) != was for path, was in before.items()):
                    _answer(pipes[0], CHANGED)
                    continue
                process = os.fork()
                if process == 0:
                    for pipe in (*running, *running.values(), *pipes, connection.fileno()):
                        os.close(pipe)
                    return _prepare(json.loads(request), server)
                os.write(pipes[0], f"{process}\n".encode())
                ending = os.pidfd_open(process)
                running[ending] = pipes[0]
                waiting.register(ending, selectors.EVENT_READ, process)


def _answer(pipe: int, words: object) -> None:
    with contextlib.suppress(OSError):  # who asked may have ended
        os.write(pipe, f"{words}\n".encode())
    os.close(pipe)


def _prepare(request: dict, parent: int) -> str:
    """Become a process like the one that a shell would have started; the script to run."""
    end_with_parent()
    if os.getppid() != parent:  # it ended before it could be watched
        os._exit(1)
    for name, value in request["environment"].items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    os.chdir(request["folder"])
    tempfile.tempdir = None  # it is chosen anew
    return request["script"]


def main() -> None:
    """Serve the socket whose number is the first argument; the others are modules to load too."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    started = time.time_ns()
    load((*LIBRARIES, *sys.argv[2:]))
    before = state()
    settled = all(was and max(was[2:]) < started - 10**9 for was in before.values())  # clocks of disks lag a little
    gc.freeze()
    forks.libraries_loaded = True
    script = serve(socket.socket(fileno=int(sys.argv[1])), before if settled else None)
    if script is None:
        return
    for number, handler in handlers.items():
        signal.signal(number, handler)
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")
    _leave()


def _leave() -> None:
    """End a job that has succeeded, as Python does, but for taking apart what the libraries have built: 0.3 s of each job."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    left_open = [one for one in gc.get_objects() if issubclass(type(one), io.IOBase)]  # of this job: others are frozen
    for stream in (sys.stdout, sys.stderr, *left_open):
        with contextlib.suppress(ValueError):  # it is closed
            stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
