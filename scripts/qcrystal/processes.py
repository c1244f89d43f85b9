"""Processes: which GPU a job computes on, how it reacts to SIGTERM, and how it supervises its child processes.

GPUs. A job computes on a GPU that no other job of this machine holds, or on none. Profiles and schedulers decide how many jobs
want a GPU at a time. `choose` decides which device a job gets. Each device has a lock file in the machine's temporary folder.
The lock ends with the process that holds it.

SIGTERM. A cluster sends it at a time limit, or when it needs the node for another job. SLURM kills half a minute later
(KillWait). A job that can reach a checkpoint within `GRACE` goes on to it and stops there. Any other job ends at once. Both
continue from their last checkpoint when they are started again.

Children. `supervise` runs a program to its end. The program never outlives the job that started it.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import IO, Any, NamedTuple

from qcrystal import forks
from qcrystal.errors import QcrystalError

VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_DEVICE = "-1"
"""Value that hides all devices from CUDA."""
SHARED_MEMORY = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""TensorFlow and JAX take a device's whole memory by default, but MPI ranks and the tools of a training share it."""
PAUSE = 1.0
"""Seconds between two looks at devices that are all held."""
log = logging.getLogger(__name__)
_held: list[IO[str]] = []


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
    folders = (spec.submodule_search_locations or []) if spec else []
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
            file = _own_file(Path(tempfile.gettempdir()) / f"qcrystal-{os.getuid()}-{name.replace('/', '-')}.lock")
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


def _own_file(path: Path) -> IO[str]:
    """Open a lock file in a folder where everybody may write; `RuntimeError` for one that somebody else put there."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RuntimeError(
            f"{path}: this lock file is not yours ({error.strerror}); ask its owner to remove it"
        ) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_nlink > 1:
        os.close(descriptor)
        raise RuntimeError(f"{path}: this lock file is not yours; ask its owner to remove it")
    return os.fdopen(descriptor, "w")


GRACE = 20.0
"""Seconds after a request to end within which a checkpoint must be reached."""


class Request:
    """A request to end this process: whether it was made, and when."""

    def __init__(self) -> None:
        self._time: float | None = None

    def note(self, *_: object) -> None:
        """Handle the signal. The first one counts."""
        self._time = self._time or time.monotonic()

    @property
    def made(self) -> bool:
        """Whether the request was made."""
        return self._time is not None

    @property
    def overdue(self) -> bool:
        """Whether it was made more than `GRACE` ago."""
        return self._time is not None and time.monotonic() - self._time > GRACE


@contextmanager
def requests_noted() -> Iterator[Request]:
    """Only note SIGTERM. The body looks at the request and ends where that is cheap."""
    request = Request()
    with _handler(request.note):
        yield request


@contextmanager
def exit_on_request() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that the body can end its child processes before this process ends."""

    def leave(signum: int, frame: FrameType | None) -> None:
        signal.signal(signum, signal.SIG_IGN)  # a second one must not interrupt the way out
        raise SystemExit(128 + signum)

    with _handler(leave):
        yield


@contextmanager
def _handler(function: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Install a handler of SIGTERM for a while. Only the main thread can have one; in others nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, function)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


PR_SET_PDEATHSIG = 1
_PRCTL = (
    ctypes.CDLL(None).prctl if sys.platform == "linux" else None
)  # loaded here: after a fork it might wait for ever


def end_with_parent() -> None:
    """Let Linux send SIGTERM to this process when its parent ends, so that no orphan writes where a later job does."""
    if _PRCTL is not None:
        _PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


def alive(process: int) -> bool:
    """Whether a process runs. A zombie, whose parent has not collected it yet, does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


CPU_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that tell libraries of linear algebra how many threads to start; each is at least 1."""
WITHIN_OPERATIONS = ("DP_INTRA_OP_PARALLELISM_THREADS", "TF_NUM_INTRAOP_THREADS")
"""The same for one operation of TensorFlow; 0 lets it choose."""
BETWEEN_OPERATIONS = ("DP_INTER_OP_PARALLELISM_THREADS", "TF_NUM_INTEROP_THREADS")
"""How many operations TensorFlow computes at a time; 0 lets it choose."""
LATEST = 1000
"""Lines of a program's output among which the cause of its failure is looked for."""
LONGEST = 300
"""Characters of such a line that a message shows."""
CHATTER = "implib-gen"
"""Start of the lines in which DeePMD-kit's libraries complain about absent CUDA."""


class ProcessError(QcrystalError, RuntimeError):
    """A program that cannot be started; one line that names it."""


class Outcome(NamedTuple):
    """End of a program: its exit status, and what says why: the signal that ended it, or a line of its output."""

    status: int
    words: str


def supervise(
    command: Sequence[str | Path],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    on_tick: Callable[[], None] | None = None,
    interval: float = 0.5,
    function: Callable[[], int | None] | None = None,
) -> Outcome:
    """Run a program to its end. It ends with this process, and with an exception in this call.

    The program is the leader of a process group of its own. SIGTERM to this process, or an exception, sends SIGTERM to that
    group. What still runs a little longer than `GRACE` later is killed. Long because its parameters are described here.

    Parameters
    ----------
    command
        Program and arguments.
    directory
        Working folder of the program; None: that of this process.
    environment
        All its variables; None: those of this process.
    log
        File to which its output is appended. With ``on_line`` only its standard error goes there.
    on_line
        Called with each line of its output (without a log also of its standard error), even while it is being ended.
    on_tick
        Called every ``interval`` s while it runs. It needs a log, and cannot be combined with ``on_line``.
    function
        The same program as a function. A fork of this process calls it where that is `qcrystal.forks.possible`.

    Raises
    ------
    ProcessError
        The program cannot be started.
    SystemExit
        SIGTERM was received, and the program has been ended.
    """
    if on_tick and (on_line or log is None):
        raise ValueError("on_tick needs a log, and cannot be combined with on_line")
    start = log.stat().st_size if log and log.is_file() else 0
    lines: deque[str] = deque(maxlen=LATEST)

    def hear(stream: IO[str] | None) -> None:
        for line in stream or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip())

    with exit_on_request():
        piped = on_line is not None or log is None
        child = _start(command, directory, environment, log, piped, function if forks.possible() else None)
        try:
            hear(child.stdout)
            while on_tick and not _ended(child, interval):
                on_tick()
            status = child.wait()
        finally:
            if child.poll() is None:
                _end(child)
            hear(child.stdout)  # what it said while it ended
    said = error_line([*lines, *_written_since(start, log)])
    return Outcome(status, ended_by(-status) if status < 0 else said)


def ended_by(number: int) -> str:
    """Sentence on the signal that ended a program. The program's last words before it are not the cause."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number == signal.SIGKILL:
        return f"it was killed from outside ({name}), as happens where memory runs out; start again to go on"
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        return f"it was asked to end from outside ({name}); start again to go on"
    return f"it crashed ({name}); the log has what it said before"


def _written_since(start: int, log: Path | None) -> deque[str]:
    """The latest lines of a log (None: of nothing) from a place (bytes) in it on."""
    if log is None:
        return deque()
    with log.open(errors="replace") as text:
        text.seek(start)
        return deque(text, maxlen=LATEST)


def _start(
    command: Sequence[str | Path],
    directory: Path | None,
    environment: Mapping[str, str] | None,
    log: Path | None,
    piped: bool,
    function: Callable[[], int | None] | None,
) -> subprocess.Popen[str] | forks.Fork:
    """Start a program, or a fork that calls a function, as the leader of a process group that ends with this process."""
    parent = os.getpid()

    def prepare() -> None:
        end_with_parent()
        if os.getppid() != parent:  # it ended before it could be watched
            os._exit(1)

    output = log.open("a") if log else None
    try:
        if function:
            return forks.Fork(function, prepare, directory, environment, output.fileno() if output else None, piped)
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else output,
            stderr=output or subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            preexec_fn=prepare,
        )
    except OSError as error:
        raise ProcessError(f"{command[0]}: cannot be started ({error.strerror})") from error
    finally:
        if output:
            output.close()


def _ended(child: subprocess.Popen[str] | forks.Fork, seconds: float) -> bool:
    """Whether a program ends within some seconds."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(child: subprocess.Popen[str] | forks.Fork) -> None:
    """End a program and its process group: by SIGTERM, then, a little after `GRACE`, by SIGKILL."""
    os.killpg(child.pid, signal.SIGTERM)
    if not _ended(child, GRACE + 2.0):
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def error_line(lines: Iterable[str]) -> str:
    """The last line of a program's output that names an error or an exit; without one, the last line that says anything."""
    said = [line.strip() for line in lines if line.strip() and not line.startswith(CHATTER)]
    errors = [line for line in said if re.match(r"[\w.]*(Error|Exception|Exit)\b", line)]
    return (errors or said or ["it said nothing"])[-1][:LONGEST]


def thread_environment(threads: int) -> dict[str, str]:
    """Variables that give a child process so many CPU threads, whichever library starts them, and silence TensorFlow."""
    within = dict.fromkeys([*CPU_THREADS, *WITHIN_OPERATIONS], str(threads))
    return within | dict.fromkeys(BETWEEN_OPERATIONS, "1") | {"TF_CPP_MIN_LOG_LEVEL": "3"}
