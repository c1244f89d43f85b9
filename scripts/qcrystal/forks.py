"""A Python program as a fork of this process, where this process has loaded the libraries that it needs.

A worker of a run is a process of its own, and loads libraries for two seconds. A job that was forked from
`qcrystal.provenance.preloaded` has most of them already. A fork of it starts in hundredths of a second.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

libraries_loaded = False
"""Whether `qcrystal.provenance.preloaded` has loaded libraries in this process, or in the one that it was forked from."""


def possible() -> bool:
    """Whether programs may be forks of this process: it has loaded libraries, and it has no threads, which a fork would lose."""
    return libraries_loaded and len(os.listdir("/proc/self/task")) == 1


class Fork:
    """A fork that carries out a function as a program: leader of a process group, with variables and streams of its own.

    It has what `subprocess.Popen` has for `qcrystal.processes.supervise`.

    Parameters
    ----------
    function
        The program. What it returns is the exit status, as for `sys.exit`.
    prepare
        Called first.
    directory
        Working folder; None: that of this process.
    environment
        All its variables; None: those of this process.
    output
        Descriptor of a file for its standard error, without ``piped`` also for its output; None: the error goes with the output.
    piped
        Whether ``stdout`` of this object gives what it writes.
    """

    def __init__(
        self,
        function: Callable[[], int | None],
        prepare: Callable[[], None],
        directory: Path | None,
        environment: Mapping[str, str] | None,
        output: int | None,
        piped: bool,
    ):
        self.stdout: IO[str] | None = None
        self.returncode: int | None = None
        reading, writing = os.pipe() if piped else (None, output)
        error = writing if output is None else output

        def program() -> None:
            os.setsid()
            prepare()
            _become_a_program(writing, error, directory, environment)
            try:
                sys.exit(function())
            finally:
                atexit._run_exitfuncs()  # of the program alone

        self._process = multiprocessing.get_context("fork").Process(target=program)
        try:
            self._process.start()
        except BaseException:
            if reading is not None:
                os.close(reading)
            raise
        finally:
            if piped and writing is not None:
                os.close(writing)
        if reading is not None:
            self.stdout = open(reading, encoding="utf-8", errors="replace")
        self.pid = self._process.pid or 0
        self._ending = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """Exit status, as that of `subprocess.Popen`; None while it runs."""
        self.returncode = self._process.exitcode
        return self.returncode

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._ending)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; its exit status.

        Raises
        ------
        subprocess.TimeoutExpired
            It still runs after ``timeout`` s.
        """
        select.select([self._ending], [], [], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired("a fork", timeout or 0.0)
        return status


def _become_a_program(
    output: int | None, error: int | None, directory: Path | None, environment: Mapping[str, str] | None
) -> None:
    """Leave behind what a program that Python starts does not have from the process that starts it."""
    atexit._clear()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    logging.raiseExceptions = True
    for number, given in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, error)):
        if given is not None:
            os.dup2(given, number)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    if directory is not None:
        os.chdir(directory)
