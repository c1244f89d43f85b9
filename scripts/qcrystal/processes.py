"""Processes: the GPU that a job computes on, requests to end (SIGTERM), and children that end with their parent.

A job computes on a GPU that no other job of this machine holds, or on none.

How many jobs want a GPU at a time is for profiles and schedulers to say. Which of several devices a job then gets is settled
when its script starts: each device has a lock file in the machine's own temporary folder, and a lock ends with the process
that holds it, however that ends.

A cluster sends SIGTERM at a time limit, or when it takes the node for another job. SLURM kills half a minute later (KillWait).
A job that can reach a checkpoint within `GRACE` goes on to it and stops there, so that nothing is lost. Any other job ends at
once, and continues from its last checkpoint when it is started again.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_DEVICE = "-1"
"""What hides all devices from CUDA."""
SHARED_MEMORY = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""TensorFlow and JAX take a device's whole memory by default, but MPI ranks and the tools of a training share it."""
PAUSE = 1.0
"""Seconds between two looks at devices that are all held."""
log = logging.getLogger(__name__)
_held = []


def choose(wanted: int) -> None:
    """Let CUDA see ``wanted`` GPUs that no other job holds, in this process and those it starts, and no others.

    Waits while all are held. Where there is none, one line in the log says so, and the job computes on the CPU.

    Raises
    ------
    RuntimeError
        If the machine has GPUs, but fewer than wanted.
    """
    os.environ[VISIBLE] = ",".join(_claim(wanted)) if wanted else NO_DEVICE


def tensorflow_package() -> str:
    """Name of the package that this environment has TensorFlow from: without CUDA ``tensorflow-cpu``."""
    try:
        version("tensorflow-cpu")
    except PackageNotFoundError:
        return "tensorflow"
    return "tensorflow-cpu"


def cuda_libraries() -> list[Path]:
    """Folders of CUDA's libraries where they are Python packages; none in an environment without CUDA."""
    spec = importlib.util.find_spec("nvidia")
    folders = spec.submodule_search_locations if spec else []
    return sorted(path for folder in folders for path in Path(folder).glob("*/lib"))


def _claim(wanted: int) -> list[str]:
    names = _granted()
    if not names:
        log.info("no GPU here (none is named by nvidia-smi and %s): computing on the CPU", VISIBLE)
        return [NO_DEVICE]
    if tensorflow_package() == "tensorflow-cpu":
        log.info("the environment knows no CUDA (make figures DEVICE=cuda builds one that does): computing on the CPU")
        return [NO_DEVICE]
    if len(names) < wanted:
        raise RuntimeError(f"{wanted} GPUs are asked for, but there are {len(names)} here ({', '.join(names)})")
    os.environ.update(SHARED_MEMORY)
    if len(names) > wanted or VISIBLE not in os.environ:  # otherwise a scheduler has given exactly these to this job
        names = _lock(names, wanted)
    log.info("GPU %s", ", ".join(names))
    return names


def _granted() -> list[str]:
    """Names by which CUDA knows the GPUs of this machine that this process may use."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=uuid", "--format=csv,noheader"]
    found = [line for line in subprocess.run(command, capture_output=True, text=True).stdout.split() if "GPU-" in line]
    if not found or VISIBLE not in os.environ:
        return found
    return [name for name in os.environ[VISIBLE].replace(" ", "").split(",") if name not in ("", NO_DEVICE)]


def _lock(names: list[str], wanted: int) -> list[str]:
    """Hold ``wanted`` of the named devices until this process ends; all at once, so that no two jobs wait for each other."""
    waiting = False
    while True:
        files = {}
        for name in names:
            file = open(Path(tempfile.gettempdir()) / f"qcrystal-{os.getuid()}-{name}.lock", "w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            files[name] = file
            if len(files) == wanted:
                _held.extend(files.values())
                return list(files)
        for file in files.values():
            file.close()
        if not waiting:
            log.info("waiting for a GPU: other jobs hold those of %s", ", ".join(names))
        waiting = True
        time.sleep(PAUSE)


GRACE = 20.0
"""Seconds after a request to end within which a checkpoint must be reached."""


class Request:
    """Whether this process was asked to end, and when."""

    def __init__(self):
        self._time: float | None = None

    def note(self, *_) -> None:
        """Handler of the signal: the first one counts."""
        self._time = self._time or time.monotonic()

    @property
    def made(self) -> bool:
        """Whether the request was made."""
        return self._time is not None

    @property
    def overdue(self) -> bool:
        """Whether it was made more than `GRACE` ago."""
        return self.made and time.monotonic() - self._time > GRACE


@contextmanager
def requests_noted() -> Iterator[Request]:
    """Let SIGTERM be noted and nothing else; the body looks at the request and ends where that is cheap."""
    request = Request()
    with _handler(request.note):
        yield request


@contextmanager
def exit_on_request() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that child processes are ended too and no orphan writes where a restart does."""

    def leave(signum, frame):
        signal.signal(signum, signal.SIG_IGN)  # a second one must not cut the way out short
        raise SystemExit(128 + signum)

    with _handler(leave):
        yield


@contextmanager
def _handler(function):
    """A handler of SIGTERM for a while; only the main thread may have one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, function)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with_parent() -> None:
    """Ask Linux to end this process with the one that started it, so that no orphan writes where a later job does."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
