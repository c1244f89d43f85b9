"""Choice of a job's GPU, on machines whose nvidia-smi is a script, and supervision of its child processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from waiting import wait_for

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


# --- children --------------------------------------------------------------------------------------------------------

# A program with a child of its own; both write their numbers and then sleep. `stubborn` ignores SIGTERM.
FAMILY = """
import os, signal, subprocess, sys, time
if sys.argv[2:] == ["stubborn"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(sys.argv[1] + ".partial", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".partial", sys.argv[1])
time.sleep(60)
"""
SUPERVISOR = """
import sys
from pathlib import Path
from qcrystal.processes import supervise
supervise([sys.executable, "-c", sys.argv[1], sys.argv[2]], log=Path(sys.argv[2] + ".log"))
"""


def python(code, *arguments):
    return [sys.executable, "-c", code, *arguments]


def ends(process):
    """Whether a process ends within the time."""
    wait_for(lambda: not processes.alive(process), seconds=30)
    return True


@pytest.fixture
def supervised(tmp_path):
    """A process that supervises the family, and the numbers of the family's members."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    supervisor = subprocess.Popen(python(SUPERVISOR, FAMILY, str(tmp_path / "family")), env=environment)
    wait_for((tmp_path / "family").is_file, seconds=30)
    yield supervisor, [int(number) for number in (tmp_path / "family").read_text().split()]
    supervisor.kill()
    supervisor.wait()


def test_sigterm_ends_the_program_and_its_children(supervised):
    supervisor, family = supervised
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 128 + signal.SIGTERM
    assert all(ends(member) for member in family)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells children of their parent's end")
def test_a_program_ends_with_a_supervisor_that_is_killed(supervised):
    supervisor, family = supervised
    supervisor.kill()
    supervisor.wait()
    assert ends(family[0])


@pytest.mark.parametrize("manner", ["mild", "stubborn"])
def test_an_exception_ends_the_program_even_one_that_ignores_sigterm(tmp_path, monkeypatch, manner):
    monkeypatch.setattr(processes, "GRACE", -1.8)  # of GRACE + 2 s
    place = tmp_path / "family"

    def look():
        if place.is_file():
            raise ValueError("seen")

    with pytest.raises(ValueError, match="seen"):
        processes.supervise(python(FAMILY, str(place), manner), log=tmp_path / "log", on_tick=look, interval=0.02)
    assert all(ends(int(number)) for number in place.read_text().split())


def test_lines_are_heard_and_the_log_holds_the_rest(tmp_path):
    heard, log = [], tmp_path / "log"
    log.write_text("ValueError: of an earlier run\n")
    code = "import sys; sys.stdout.buffer.write(b'one\\ntwo\\xff\\n'); sys.stderr.write('three\\n'); sys.exit(3)"
    outcome = processes.supervise(python(code), log=log, on_line=heard.append)
    assert outcome.status == 3 and heard == ["one", "two\N{REPLACEMENT CHARACTER}"]
    assert outcome.words == "three"  # the earlier run's error is not this one's
    assert log.read_text() == "ValueError: of an earlier run\nthree\n"


def test_output_without_a_log_is_heard_whole(tmp_path):
    heard = []
    outcome = processes.supervise(python("import sys; sys.stderr.write('bad \\n')"), on_line=heard.append)
    assert (outcome.status, heard, outcome.words) == (0, ["bad"], "bad")


def test_a_program_that_has_ended_already_is_heard_to_its_end():
    """Case: SIGTERM reaches the supervisor and the program at once, and the program is faster."""
    heard = []

    def hear(line):
        heard.append(line)
        if line == "one":
            time.sleep(0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.supervise(python("print('one', flush=True); print('two')"), on_line=hear)
    assert heard == ["one", "two"]


def test_ticks_come_while_the_program_runs(tmp_path):
    ticks, code = [], "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.01)"

    def tick():
        ticks.append(None)
        if len(ticks) == 3:
            (tmp_path / "enough").touch()

    arguments = {"log": tmp_path / "log", "on_tick": tick, "interval": 0.05}
    assert processes.supervise(python(code, str(tmp_path / "enough")), **arguments).status == 0
    assert len(ticks) >= 3


def test_a_program_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(
        processes.ProcessError, match=r"no/such/program: cannot be started \(No such file or directory\)"
    ):
        processes.supervise(["no/such/program"], log=tmp_path / "log")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "it said nothing"),
        (["first", " last \n", "\n", "implib-gen: no libcuda\n"], "last"),
        (["Traceback", "ValueError: the cause", "later chatter"], "ValueError: the cause"),
        (["numpy.linalg.LinAlgError: singular", "SystemExit: 1"], "SystemExit: 1"),
        (["an Error in the middle", "x" * 400], "x" * 300),
    ],
)
def test_the_line_that_names_the_error(lines, words):
    assert processes.error_line(lines) == words


@pytest.mark.parametrize("threads", [1, 2])
def test_libraries_take_the_threads_that_they_are_given(threads):
    """NumPy's BLAS, asked in a child process."""
    pytest.importorskip("threadpoolctl")
    code = "import numpy, threadpoolctl; print({p['num_threads'] for p in threadpoolctl.threadpool_info()})"
    heard = []
    environment = {**os.environ, **processes.thread_environment(threads)}
    processes.supervise(python(code), environment=environment, on_line=heard.append)
    assert heard == [f"{{{min(threads, os.cpu_count())}}}"]
