"""Paths and fixtures that every test may use."""

import atexit
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def root() -> Path:
    """Top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def released_model() -> Path:
    """Frozen file of the released potential (QCRYSTAL_TEST_MODEL names another)."""
    return Path(os.environ.get("QCRYSTAL_TEST_MODEL", ROOT / "models" / "lah10-accurate" / "model.pb"))


def pytest_unconfigure(config):
    """Nothing follows pytest's summary: a library of DeePMD-kit complains about absent CUDA when it is unloaded."""
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))
