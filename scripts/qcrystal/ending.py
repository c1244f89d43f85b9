"""What a job does that is asked to end (SIGTERM), as a cluster does at a time limit or when it takes the node for another.

SLURM kills half a minute later (KillWait). What can reach a checkpoint within `GRACE` goes on to it and stops there, so that
nothing is lost; what cannot ends at once, and goes on from its last checkpoint when it is started again.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
