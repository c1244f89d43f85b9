"""Which GPU a job gets, on machines whose nvidia-smi is a script."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qcrystal import processes

SCRIPTS = Path(processes.__file__).parents[1]
NAMES = ("GPU-aaaa", "GPU-bbbb")
# A job of the environment with CUDA: says which devices CUDA would see, and holds them until its input ends.
JOB = """
import logging, os, sys
from qcrystal import processes
processes.tensorflow_package = lambda: "tensorflow"
processes.PAUSE = 0.05
logging.basicConfig(level=logging.INFO, format="%(message)s")
processes.choose(int(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path):
    """Environment of a machine with two GPUs."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(NAMES) + "\n")
    program.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != processes.VISIBLE}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return {**environment, "PATH": path, "TMPDIR": str(tmp_path), "PYTHONPATH": str(SCRIPTS)}


@pytest.fixture
def start(machine):
    """Starts a job that wants GPUs; all are ended with the test."""
    started = []

    def job(wanted, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", JOB, str(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**machine, **environment},
        )
        started.append(process)
        return process

    yield job
    for process in started:
        process.kill()
        process.communicate()


def seen(process):
    return process.stdout.readline().strip()


def test_jobs_at_once_get_different_devices(start):
    assert {seen(start(1)), seen(start(1))} == set(NAMES)


def test_a_third_job_gets_the_device_of_one_that_was_killed(start):
    jobs = {seen(process): process for process in (start(1), start(1))}
    third = start(1)
    assert third.stderr.readline().startswith("waiting for a GPU: other jobs hold those of GPU-aaaa, GPU-bbbb")
    jobs["GPU-bbbb"].send_signal(signal.SIGKILL)
    assert seen(third) == "GPU-bbbb"


def test_one_job_gets_both_devices_when_it_asks_for_them(start):
    assert seen(start(2)) == ",".join(NAMES)


def test_a_job_that_asks_for_none_sees_none(start):
    assert seen(start(0)) == processes.NO_DEVICE


def test_what_a_scheduler_gave_is_taken_without_a_lock(start):
    """Within SLURM's control groups, the only device of each of two jobs has the same name, and is another."""
    assert [seen(start(1, CUDA_VISIBLE_DEVICES="0")) for _ in range(2)] == ["0", "0"]


def test_only_devices_that_the_user_left_visible_are_chosen_from(start):
    names = [seen(start(1, CUDA_VISIBLE_DEVICES="GPU-bbbb, GPU-cccc")) for _ in range(2)]
    assert names == ["GPU-bbbb", "GPU-cccc"]


def test_more_devices_than_there_are_is_an_error(machine, monkeypatch):
    monkeypatch.setenv("PATH", machine["PATH"])
    monkeypatch.delenv(processes.VISIBLE, raising=False)
    monkeypatch.setattr(processes, "tensorflow_package", lambda: "tensorflow")
    with pytest.raises(RuntimeError, match="3 GPUs are asked for, but there are 2 here"):
        processes.choose(3)


@pytest.mark.parametrize(("machine_has", "line"), [((), "no GPU here"), (NAMES, "the environment knows no CUDA")])
def test_without_a_gpu_or_without_cuda_one_line_says_so(monkeypatch, caplog, machine_has, line):
    monkeypatch.setenv(processes.VISIBLE, "0")
    monkeypatch.setattr(processes, "_granted", lambda: list(machine_has))
    caplog.set_level("INFO")
    processes.choose(1)
    assert os.environ[processes.VISIBLE] == processes.NO_DEVICE
    assert len(caplog.messages) == 1
    assert line in caplog.text and "computing on the CPU" in caplog.text
