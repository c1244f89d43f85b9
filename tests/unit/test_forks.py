"""Programs that are forks of a process which has loaded their libraries."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from waiting import wait_for

from qcrystal import forks, processes
from qcrystal.provenance.code import SCRIPTS

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system cannot wait for processes by a file")

ONE_THREAD = {**os.environ, **processes.thread_environment(1)}  # as every job of one core
# Supervises a program, first as one that Python starts and then as a fork, in a process that has no threads.
BOTH = """
import json, logging, os, runpy, signal, sys, threading, time
from functools import partial
from pathlib import Path
import numpy
from qcrystal import forks
from qcrystal.processes import supervise

def program(*words):
    sys.argv = list(words)
    runpy.run_path(words[0], run_name="__main__")

def both(name, **arguments):
    command = [sys.executable, "-P", name, "a word"]
    for forked in (False, True):
        forks.libraries_loaded = forked
        assert forks.possible() == forked
        yield supervise(command, function=partial(program, *command[2:]), **arguments)
"""
SAYS = """
import atexit, json, logging, os, signal, sys, threading
said = dict(
    argv=sys.argv, folder=os.getcwd(), variables=dict(os.environ), name=__name__,
    term=str(signal.getsignal(signal.SIGTERM)), interrupt=str(signal.getsignal(signal.SIGINT)),
    leader=os.getpgid(0) == os.getpid() == os.getsid(0), threads=threading.active_count(), parent=os.getppid(),
    given=sys.stdin.read(), handlers=str(logging.root.handlers), level=logging.root.level,
)
print("out")
print("error", file=sys.stderr)
logging.info("not heard")
logging.warning("heard")
atexit.register(lambda: open("ended", "a").write("once "))
threading.Thread(target=lambda: open("thread", "a").write("once ")).start()
with open("said", "a") as file:
    file.write(json.dumps(said) + "\\n")
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script in a process of its own, whose working folder has ``program.py``; what it prints."""

    def start(text, program):
        (tmp_path / "program.py").write_text(textwrap.dedent(program))
        environment = {**ONE_THREAD, "PYTHONPATH": str(SCRIPTS)}
        command = [sys.executable, "-P", "-c", BOTH + textwrap.dedent(text)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_a_fork_has_the_surroundings_of_a_program(run, tmp_path):
    """Variables, folder, streams, signals, log and end are those of a program that Python starts."""
    (tmp_path / "within").mkdir()
    text = """
        import atexit
        logging.basicConfig(filename="log.of.the.parent", level=logging.INFO)
        signal.signal(signal.SIGTERM, lambda *_: None)
        atexit.register(lambda: open("within/ended", "a").write("the parent"))
        heard = []
        for outcome in both(
            str(Path("program.py").absolute()), directory=Path("within"), log=Path("log"), on_line=heard.append,
            environment={"PATH": os.environ["PATH"], "ONE": "1", "LC_CTYPE": "C.UTF-8"},
        ):
            assert outcome.status == 0, outcome
        print(json.dumps(heard))
        os._exit(0) if sys.stdout.flush() else None
    """
    assert json.loads(run(text, SAYS)) == ["out", "out"]
    assert (tmp_path / "log").read_text() == 2 * "error\nWARNING:root:heard\n"
    started, forked = map(json.loads, (tmp_path / "within" / "said").read_text().splitlines())
    assert forked == started
    assert (forked["leader"], forked["given"]) == (True, "")
    assert (tmp_path / "within" / "ended").read_text() == "once once the parent"
    assert (tmp_path / "within" / "thread").read_text() == "once once "


@pytest.mark.parametrize(
    "body",
    [
        "raise SystemExit",
        "raise SystemExit(3)",
        "raise SystemExit('no')",
        "1 / 0",
        "import os; os._exit(7)",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.kill(os.getpid(), 15)",
        "import os; os.abort()",
    ],
)
def test_it_ends_as_a_program_does(run, body):
    """Exit status, and the words that say why."""
    text = "print(json.dumps([list(outcome) for outcome in both('program.py', log=Path('log'))]))"
    started, forked = json.loads(run(text, body))
    assert forked == started


def test_output_is_heard_while_the_fork_runs(run):
    program = """
        import pathlib, time
        print("one", flush=True)
        while not pathlib.Path("seen").exists():
            time.sleep(0.01)
        pathlib.Path("seen").unlink()
        print("two")
    """
    text = """
        for outcome in both("program.py", on_line=lambda line: line == "one" and Path("seen").touch()):
            print(outcome.status)
    """
    assert run(text, program).split() == ["0", "0"]


def test_ticks_come_while_the_fork_runs(run):
    program = "import pathlib, time\nwhile not pathlib.Path('enough').exists(): time.sleep(0.01)"
    text = """
        ticks = []
        def tick():
            ticks.append(None)
            if len(ticks) % 3 == 0:
                Path("enough").touch()
        for outcome in both("program.py", log=Path("log"), on_tick=tick, interval=0.05):
            print(len(ticks))
            Path("enough").unlink()
    """
    first, second = map(int, run(text, program).split())
    assert first >= 3 and second - first >= 3


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -9)])
def test_it_ends_with_its_supervisor(tmp_path, signum, status):
    number = "open('number.new', 'w').write(str(os.getpid())); os.rename('number.new', 'number')"
    program = f"import os, time; {number}; time.sleep(60)"
    (tmp_path / "program.py").write_text(program)
    text = (
        BOTH
        + "forks.libraries_loaded = True\nsupervise(['false'], log=Path('log'), function=lambda: program('program.py'))"
    )
    environment = {**ONE_THREAD, "PYTHONPATH": str(SCRIPTS)}
    with subprocess.Popen([sys.executable, "-P", "-c", text], cwd=tmp_path, env=environment) as supervisor:
        wait_for((tmp_path / "number").is_file, seconds=60)
        supervisor.send_signal(signum)
    assert supervisor.returncode == status
    number = int((tmp_path / "number").read_text())
    wait_for(lambda: not processes.alive(number), seconds=30)


def test_a_process_with_threads_or_without_libraries_starts_programs(run):
    """A fork would lose the threads, and what they hold."""
    text = """
        assert not forks.possible()
        forks.libraries_loaded = True
        assert forks.possible()
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        assert not forks.possible()
        go.set()
        thread.join()
        until = time.monotonic() + 60
        while not forks.possible():
            assert time.monotonic() < until
    """
    run(text, "")
    assert not forks.libraries_loaded


RUNS = """
import sys
from pathlib import Path
import numpy, numba
from crystals import lah10
from specifications import specification
from qcrystal import forks
from qcrystal.dynamics import run as dispatch

forks.libraries_loaded = sys.argv[1] == "fork"
values = dict(method=sys.argv[2], steps=12, sample_every=2, checkpoint_every=6)
values |= dict(beads=2, timestep=0.25) if sys.argv[2] == "pimd" else dict(timestep=0.5)
forked = []
start = forks.Fork
forks.Fork = lambda *arguments: forked.append(True) or start(*arguments)
dispatch.run(specification(**values), lah10(5.1), Path(sys.argv[3]), Path("run"))
assert bool(forked) == forks.libraries_loaded
"""


@pytest.mark.engine
@pytest.mark.parametrize("method", ["qtb", "pimd"])
def test_runs_are_the_same_either_way(tmp_path, released_model, method):
    """LAMMPS and i-PI, in a fork and started by Python: the same bytes."""
    found = []
    for manner in ("start", "fork"):
        folder = tmp_path / manner
        folder.mkdir()
        environment = {**ONE_THREAD, "PYTHONPATH": os.pathsep.join([str(SCRIPTS), *filter(None, sys.path)])}
        command = [sys.executable, "-P", "-c", RUNS, manner, method, str(released_model)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append([(folder / "run" / name).read_bytes() for name in ("trajectory.h5", "thermo.csv", "report.json")])
    assert found[0] == found[1]
