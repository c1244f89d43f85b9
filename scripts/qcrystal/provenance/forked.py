"""Jobs of Snakemake that start in 0.1 s instead of 2: forks of a process that has loaded the libraries.

Snakemake starts Python anew for each script. `fork_jobs` lets it ask `qcrystal.provenance.preloaded` instead, where the job is
like any other: one core, this environment, this machine. What a job computes and records is the same either way. Jobs on a
cluster, in a container or in an environment of their own are started as before.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from snakemake.script import PythonScript

from qcrystal.processes import CPU_THREADS
from qcrystal.provenance.preloaded import CHANGED, LARGEST

SWITCH = "QCRYSTAL_PRELOAD"
"""This variable set to 0 lets every job start Python anew."""
TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
OTHER_THREADS = ("GOTO_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
"""With `CPU_THREADS`, what Snakemake sets for each job."""


class _Server(NamedTuple):
    process: subprocess.Popen
    connection: socket.socket
    environment: dict[str, str]


class Jobs:
    """The processes that fork jobs: one takes requests, and none before the first job. Former ones wait for their jobs' ends."""

    def __init__(self, modules: tuple[str, ...] = ()):
        self._modules = modules
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._started: list[_Server] = []  # a process whose connection is closed ends, and its jobs with it
        self._given_up = False

    def run(self, script: str, temporary: str | None, record: Any = None) -> int | None:
        """Run a script to its end.

        Parameters
        ----------
        script
            Path of the file that Snakemake has written.
        temporary
            Folder for temporary files; None: as in this process.
        record
            Snakemake's record of a benchmark, to be filled.

        Returns
        -------
        The exit status, as a shell gives it. None: it was not started.
        """
        if self._given_up:
            return None
        variables = dict(os.environ) | dict.fromkeys((*CPU_THREADS, *OTHER_THREADS), "1")
        if temporary:
            variables |= dict.fromkeys(TEMPORARY, temporary)
        for _ in range(2):
            with self._lock:
                answers = self._ask(script, variables)
                asked = self._server
            if answers is None:
                return None
            with answers:
                first = answers.readline().strip()
                if first.isdigit():
                    with _measured(int(first), record):
                        return _status(answers.readline().strip())
            if first != CHANGED:
                return None
            with self._lock:
                if self._server is asked:  # else another job has seen the change before
                    self._server = None
        self._given_up = True  # files that change all the time, or that are of the future
        return None

    def close(self) -> None:
        """End the processes that fork jobs."""
        with self._lock:
            started, self._started, self._server = self._started, [], None
        for server in started:
            server.connection.close()
            server.process.wait()

    def _ask(self, script: str, variables: dict[str, str]):
        """Send a request; a stream of answers, or None where there is nobody to ask."""
        try:
            server = self._server = self._server or self._start(variables)
            names = server.environment.keys() | variables.keys()
            changes = {n: variables.get(n) for n in names if variables.get(n) != server.environment.get(n)}
            request = json.dumps({"script": script, "folder": os.getcwd(), "environment": changes}).encode()
            if len(request) > LARGEST:
                return None
            reading, writing = os.pipe()
            try:
                socket.send_fds(server.connection, [request], [writing])
            except BaseException:
                os.close(reading)
                raise
            finally:
                os.close(writing)
            return os.fdopen(reading, encoding="utf-8")
        except OSError:
            self._server = None
            return None

    def _start(self, variables: dict[str, str]) -> _Server:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", "-m", "qcrystal.provenance.preloaded", str(theirs.fileno())]
            process = subprocess.Popen(
                [*command, *self._modules], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=variables
            )
        self._started.append(_Server(process, ours, variables))
        return self._started[-1]


@contextlib.contextmanager
def _measured(process: int, record: Any) -> Iterator[None]:
    """Fill Snakemake's record of a benchmark, if there is one, while a process runs."""
    if record is None:
        yield
        return
    from snakemake.benchmark import benchmarked

    with benchmarked(process, record):
        yield


def _status(answer: str) -> int:
    """Exit status as a shell gives it; of a job whose end nobody saw, that of a killed one."""
    try:
        status = int(answer)
    except ValueError:
        return 128 + 9
    return status if status >= 0 else 128 - status


def fork_jobs(modules: tuple[str, ...] = ()) -> None:
    """Let Snakemake's jobs be forks, where the system can; ``modules`` are loaded beside the usual ones."""
    if os.environ.get(SWITCH) == "0" or not hasattr(os, "pidfd_open"):
        return
    before, jobs = PythonScript.execute_script, Jobs(modules)
    atexit.register(jobs.close)

    def execute_script(self: Any, name: str, edit: bool = False) -> None:
        elsewhere = self.container_img or self.conda_env or self.env_modules or self.shadow_dir
        if elsewhere or str(self.threads) != "1" or self.resources.get("shell_exec"):
            return before(self, name, edit)
        status = jobs.run(name, self.resources.get("tmpdir"), self.bench_record)
        if status is None:
            return before(self, name, edit)
        if status:
            raise subprocess.CalledProcessError(status, f"{sys.executable} {name}")
        return None

    PythonScript.execute_script = execute_script
