"""Wait for what another process does."""

import subprocess
import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], process: subprocess.Popen | None = None, seconds: float = 240.0) -> None:
    """Return once the condition holds; fail when the time is over, or when the process ended before."""
    until = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, f"the process ended with status {process.poll()}"
        assert time.monotonic() < until, f"waited {seconds:g} s in vain"
        time.sleep(0.05)
