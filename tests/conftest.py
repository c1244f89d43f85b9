"""Paths and fixtures that every test may use."""

import atexit
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
FOLDERS = ("Snakefile", "rules", "scripts", "config", "profiles", "envs", "data", "models", "manuscript")


class Workspace:
    """A copy of the repository in which the workflow can run without touching the real results."""

    SMOKE = ("--config", "scale=smoke", "start=labels")

    def __init__(self, root: Path, folder: Path):
        self.folder = folder
        for name in FOLDERS:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / name)

    def snakemake(self, *arguments, timeout=1800, **environment):
        """Run Snakemake; returns the finished process with its output as text."""
        binaries = Path(sys.executable).parent
        path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [binaries / "snakemake", "--cores", "2", *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "PATH": path, **environment},
        )

    def planned(self, *arguments) -> dict[str, int]:
        """Rules that a dry run would start, with their counts."""
        process = self.snakemake(*arguments, "-n")
        assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
        if "Nothing to be done" in process.stdout + process.stderr:
            return {}
        block = process.stdout.split("Job stats:")[1].split("total")[0].splitlines()[3:]
        return {line.split()[0]: int(line.split()[1]) for line in block if line.strip()}


@pytest.fixture(scope="session")
def root() -> Path:
    """Top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def released_model() -> Path:
    """Frozen file of the released potential (QCRYSTAL_TEST_MODEL names another)."""
    return Path(os.environ.get("QCRYSTAL_TEST_MODEL", ROOT / "models" / "lah10-accurate" / "model.pb"))


@pytest.fixture
def workspace(root, tmp_path):
    """A fresh copy for one test."""
    return Workspace(root, tmp_path)


@pytest.fixture(scope="module")
def shared_workspace(root, tmp_path_factory):
    """A copy that the tests of one module share."""
    return Workspace(root, tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def finished(root, tmp_path_factory):
    """A copy after one complete run at scale smoke from the shipped labels; tests leave it as they found it."""
    workspace = Workspace(root, tmp_path_factory.mktemp("workspace"))
    process = workspace.snakemake(*Workspace.SMOKE)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    return workspace


def pytest_unconfigure(config):
    """Nothing follows pytest's summary: a library of DeePMD-kit complains about absent CUDA when it is unloaded."""
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
