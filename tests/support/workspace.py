"""A copy of the repository in which the workflow can run without touching the real results."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import planner

FOLDERS = ("Snakefile", "rules", "scripts", "config", "profiles", "envs", "data", "models", "manuscript")


class Workspace:
    """A copy of the repository in which the workflow can run without touching the real results."""

    SMOKE = ("--config", "scale=smoke", "start=labels")

    def __init__(self, root: Path, folder: Path):
        self.folder = folder
        self.started: list[subprocess.Popen] = []
        for name in FOLDERS:
            source = root / name
            if source.is_dir():
                # numba's compiled code comes along: making it anew takes a minute
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
            else:
                shutil.copy2(source, folder / name)

    def _call(self, arguments, environment):
        """Snakemake's command and where and how it is run."""
        binaries = Path(sys.executable).parent
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder / "scripts"), **environment}
        environment["PATH"] = f"{binaries}{os.pathsep}{environment['PATH']}"
        command = [binaries / "snakemake", "--cores", "2", *map(str, arguments)]
        return command, {"cwd": self.folder, "text": True, "env": {**os.environ, **environment}}

    def snakemake(self, *arguments, timeout=1800, **environment):
        """Run Snakemake; returns the finished process with its output as text."""
        command, options = self._call(arguments, environment)
        if "-n" in command:
            return planner.plan(command[1:], options["cwd"], options["env"])
        return subprocess.run(command, capture_output=True, timeout=timeout, check=False, **options)

    def start(self, *arguments, **environment):
        """Start Snakemake in a session of its own; returns the process. What it says is in the file `output`."""
        command, options = self._call(arguments, environment)
        with self.output.open("w") as output:
            options |= {"stdout": output, "stderr": subprocess.STDOUT, "start_new_session": True}
            self.started.append(subprocess.Popen(command, **options))
        return self.started[-1]

    def stop(self):
        """Kill each Snakemake that was started and still runs; its jobs end with it."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def output(self) -> Path:
        """File with what the Snakemake that was started last has said."""
        return self.folder / "snakemake.output"

    def planned(self, *arguments) -> dict[str, int]:
        """Rules that a dry run would start, with their counts."""
        process = self.snakemake(*arguments, "-n")
        assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
        if "Nothing to be done" in process.stdout + process.stderr:
            return {}
        block = process.stdout.split("Job stats:")[1].split("total")[0].splitlines()[3:]
        return {line.split()[0]: int(line.split()[1]) for line in block if line.strip()}
