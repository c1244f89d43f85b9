"""Jobs that are forks of a process which has loaded the libraries."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from qcrystal.provenance import preloaded
from qcrystal.provenance.forked import Jobs

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system cannot wait for processes by a file")

SAYS = """
    import json, os, signal, sys, threading
    import snakemake.logging  # as in what Snakemake writes before each script
    said = dict(
        name=__name__, file=__file__, main=sys.modules["__main__"].__file__, argv=sys.argv, folder=os.getcwd(),
        variables=dict(os.environ), flags=list(sys.flags), path=sys.path, process=os.getpid(),
        term=str(signal.getsignal(signal.SIGTERM)), interrupt=str(signal.getsignal(signal.SIGINT)),
        threads=threading.active_count(), open=len(os.listdir("/proc/self/fd")),
    )
    open("said.json", "w").write(json.dumps(said))
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Jobs that run in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    found = Jobs()
    yield found
    found.close()


def script(text: str, name: str = "job.py") -> str:
    Path(name).write_text(textwrap.dedent(text))
    return str(Path(name).absolute())


def test_a_job_is_like_one_that_python_starts(jobs, monkeypatch):
    """Variables, folder, name, signals and open files are those that ``python script`` has (Snakemake sets the threads)."""
    monkeypatch.setenv("OF_THE_USER", "a=b\nc")
    job = script(SAYS)
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    threads |= {name: "1" for name in ("GOTO_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")}
    subprocess.run([sys.executable, job], check=True, env=os.environ | threads)
    expected = json.loads(Path("said.json").read_text())
    assert jobs.run(job, None) == 0
    found = json.loads(Path("said.json").read_text())
    assert found.pop("process") != expected.pop("process")
    assert found == expected


def test_variables_that_change_between_jobs_reach_them(jobs, monkeypatch, tmp_path):
    job = script(SAYS)
    monkeypatch.setenv("GOES", "1")
    assert jobs.run(job, None) == 0
    monkeypatch.delenv("GOES")
    monkeypatch.setenv("COMES", "2")
    assert jobs.run(job, str(tmp_path)) == 0
    found = json.loads(Path("said.json").read_text())["variables"]
    assert "GOES" not in found and found["COMES"] == "2"
    assert found["TMPDIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("import os; os._exit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 128 + 9),
        ("import os; os.kill(os.getpid(), 15)", 128 + 15),
        ("import os; os.abort()", 128 + 6),
    ],
)
def test_the_status_is_that_of_a_shell(jobs, body, status):
    """Compared with what bash returns for the same script."""
    job = script(body)
    assert jobs.run(job, None) == status
    assert subprocess.run(["bash", "-c", f"{sys.executable} {job}; exit $?"], capture_output=True).returncode == status


def test_what_a_job_leaves_to_its_end_is_done(jobs):
    """Python waits for threads, calls what is registered, and writes what open files hold: none of it is lost here."""
    text = """
        import atexit, concurrent.futures, pathlib, threading, time
        def late(name):
            time.sleep(0.3)
            pathlib.Path(name).write_text("whole")
        threading.Thread(target=late, args=["thread"]).start()
        concurrent.futures.ThreadPoolExecutor(1).submit(late, "pool")
        atexit.register(late, "registered")
        held = open("held", "w")
        held.write("whole")
    """
    assert jobs.run(script(text), None) == 0
    assert {name: Path(name).read_text() for name in ("thread", "pool", "registered", "held")} == dict.fromkeys(
        ("thread", "pool", "registered", "held"), "whole"
    )


def test_jobs_run_at_the_same_time(jobs):
    """Each of two jobs waits until it sees the other."""
    text = """
        import pathlib, sys, time
        pathlib.Path(sys.argv[0] + ".here").touch()
        until = time.monotonic() + 60
        while len(list(pathlib.Path().glob("*.here"))) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
    """
    found = {}
    names = [script(text, "one.py"), script(text, "two.py")]
    threads = [threading.Thread(target=lambda n=n: found.update({n: jobs.run(n, None)})) for n in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [0, 0]


def settle(path: Path) -> None:
    """Wait until a file is older than the lag of a disk's clock."""
    while path.stat().st_ctime_ns > time.time_ns() - 2 * 10**9:
        time.sleep(0.1)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library that jobs import, and its folder as the working folder."""
    path = tmp_path / "lib" / "some_library.py"
    path.parent.mkdir()
    path.write_text("VALUE = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{path.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return path


def test_a_library_that_changes_is_loaded_anew(library):
    """A job sees the library as it is on the disk when the job starts, even if its size and time are made the same."""
    settle(library)
    job = script("import some_library; open('value', 'a').write(str(some_library.VALUE))")
    found = Jobs(("some_library",))
    try:
        assert found.run(job, None) == 0
        first = found._server
        assert found.run(job, None) == 0
        assert found._server is first
        times = (library.stat().st_atime_ns, library.stat().st_mtime_ns)
        library.write_text("VALUE = 2\n")
        os.utime(library, ns=times)
        settle(library)
        assert found.run(job, None) == 0
        assert found._server is not first
    finally:
        found.close()
    assert Path("value").read_text() == "112"


def test_jobs_under_way_outlive_a_change(library):
    """Two jobs see a change at the same time while a third one runs: all three end well, the former with what it has loaded."""
    settle(library)
    text = """
        import os, pathlib, time, some_library
        pathlib.Path("{name}.number").write_text(str(os.getpid()))
        until = time.monotonic() + 60
        while not pathlib.Path("go").exists() and time.monotonic() < until:
            time.sleep(0.02)
        pathlib.Path("{name}.value").write_text(str(some_library.VALUE))
    """
    found, names = Jobs(("some_library",)), ("first", "second", "third")
    status: dict[str, int | None] = {}
    jobs = {name: script(text.format(name=name), f"{name}.py") for name in names}
    threads = [threading.Thread(target=lambda n=n: status.update({n: found.run(jobs[n], None)})) for n in names]
    try:
        threads[0].start()
        wait_for_number(Path("first.number"))
        library.write_text("VALUE = 2\n")
        settle(library)
        for thread in threads[1:]:
            thread.start()
        for name in names[1:]:
            wait_for_number(Path(f"{name}.number"))
        Path("go").touch()
        for thread in threads:
            thread.join()
    finally:
        found.close()
    assert status == dict.fromkeys(names, 0)
    assert [Path(f"{name}.value").read_text() for name in names] == ["1", "2", "2"]


def test_files_of_the_future_leave_jobs_to_snakemake(library):
    """Where it cannot be told whether a library changed while it was loaded, nothing is forked, and nobody asks again."""
    os.utime(library, (time.time() + 1e6,) * 2)
    found = Jobs(("some_library",))
    assert found.run(script("open('ran', 'w')"), None) is None
    assert found._server is None
    assert found.run(script("open('ran', 'w')"), None) is None
    assert found._server is None
    assert not Path("ran").exists()


def test_where_the_process_was_killed_another_is_started(jobs):
    """A job that ran then counts as killed, and ends. The next one starts all the same."""
    job = script("import os, time; open('number', 'w').write(str(os.getpid())); time.sleep(100)")
    found = []
    thread = threading.Thread(target=lambda: found.append(jobs.run(job, None)))
    thread.start()
    number = wait_for_number(Path("number"))
    jobs._server.process.kill()
    thread.join(60)
    assert found == [128 + 9]
    ended(number)
    jobs.run(script("pass", "next.py"), None)
    assert jobs.run(script("open('ran', 'w')", "third.py"), None) == 0
    assert Path("ran").is_file()


def wait_for_number(path: Path) -> int:
    until = time.monotonic() + 60
    while not path.is_file() or not path.read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    return int(path.read_text())


def ended(process: int) -> None:
    """Wait until a process has ended."""
    until = time.monotonic() + 60
    while Path(f"/proc/{process}").exists() and Path(f"/proc/{process}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_jobs_end_with_snakemake(tmp_path, monkeypatch, signum):
    """However the process that asked for them ends."""
    monkeypatch.chdir(tmp_path)
    job = script("import os, time; open('number', 'w').write(str(os.getpid())); time.sleep(100)")
    asks = f"from qcrystal.provenance.forked import Jobs; Jobs().run({job!r}, None)"
    with subprocess.Popen([sys.executable, "-c", asks]) as asking:
        number = wait_for_number(Path("number"))
        server = int(Path(f"/proc/{number}/stat").read_text().split()[3])
        asking.send_signal(signum)
    ended(number)
    ended(server)


def test_requests_that_are_too_long_are_left_to_snakemake(jobs, monkeypatch):
    job = script("pass")
    assert jobs.run(job, None) == 0
    monkeypatch.setenv("LONG", "x" * preloaded.LARGEST)
    assert jobs.run(job, None) is None
