"""Paths and fixtures that every test may use."""

import atexit
import os
import tempfile
from pathlib import Path

import pytest
from workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# JAX compiles in less than half of the time, and what tests compute with it takes seconds.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_multi_thread_eigen=false")
# What is compiled once is not compiled again by the next test or job; each process of the tests has a folder of its own.
COMPILED = tempfile.TemporaryDirectory(prefix="compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED.name
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


# What runs longest comes first, as a process that is free takes the next module.
FIRST = ("workflow", "cluster", "acceptance", "unit")
# Modules that share the finished run.
OF_THE_FINISHED_RUN = ("tests/workflow/test_reruns_and_audit.py", "tests/workflow/test_smoke_scale.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Several processes: tests of one module stay together, those of the finished run too, and all that start a SLURM."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFixtures(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            module = nodeid.split("::")[0]
            if module in OF_THE_FINISHED_RUN:
                return "finished run"
            return "cluster" if module.startswith("tests/cluster/") else module

    return ByFixtures(config, log)


def pytest_collection_modifyitems(items):
    """Mark tests by what they need, so that `make check` can leave out what takes long."""
    folder = {item: item.path.relative_to(ROOT / "tests").parts[0] for item in items}
    module = {item: item.path.relative_to(ROOT).as_posix() for item in items}
    items.sort(
        key=lambda item: (
            module[item] not in OF_THE_FINISHED_RUN,
            FIRST.index(folder[item]) if folder[item] in FIRST else 0,
        )
    )
    for item in items:
        if folder[item] == "workflow":
            item.add_marker(pytest.mark.workflow)
        elif folder[item] == "cluster":
            item.add_marker(pytest.mark.slurm)
        elif not {"slow", "engine", "gpaw", "tex", "browser"} & {marker.name for marker in item.iter_markers()}:
            item.add_marker(pytest.mark.quick)


@pytest.fixture(scope="session")
def root() -> Path:
    """Top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def released_model() -> Path:
    """Frozen file of the released potential (QCRYSTAL_TEST_MODEL names another)."""
    return Path(os.environ.get("QCRYSTAL_TEST_MODEL", ROOT / "models" / "lah10-accurate" / "model.pb"))


@pytest.fixture(scope="session", params=["lah10-accurate", "lah10-fast"])
def each_released_model(request, released_model) -> Path:
    """Frozen file of each released potential, for what must hold for all of them."""
    if "QCRYSTAL_TEST_MODEL" not in os.environ:
        return ROOT / "models" / request.param / "model.pb"
    if request.param_index:
        pytest.skip("QCRYSTAL_TEST_MODEL names one potential")
    return released_model


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
    COMPILED.cleanup()
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
