"""The code behind a result: which files count, and a digest of what they do.

`code_digest` goes into every rule's ``params``, so that an edit reruns exactly the jobs whose code it changes. It follows the
imports of a rule's script, as Python does. So every module of this library that is imported counts, with the ``__init__.py`` of
the packages above it. Files that a module names and that lie beside it count too, such as templates. What counts of a
module is its syntax tree. Comments, formatting, docstrings, plain logging statements and imports for type checkers do
not count.

Some modules are no part of what makes a result (`UNCOUNTED`): they watch, choose a processor or word a message.
``docs/architecture.md`` says the same in words. A change that is declared to change no result counts as none
(`qcrystal.provenance.same_results`).

Reading all sources takes a sixth of a plan. So Snakemake keeps what it read, by the content of each source
(`keep`). It lies beside Python's own compiled files. Jobs go on from there (`recall`). An audit reads the sources themselves.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qcrystal.files import file_digest, write_whole
from qcrystal.provenance.same_results import declared

SCRIPTS = Path(__file__).resolve().parents[2]
LIBRARY = "qcrystal"
UNCOUNTED = (
    "provenance/",
    "commands/",
    "__main__.py",
    "processes.py",
    "forks.py",
    "errors.py",
    "io/schemas.py",
    "io/table_schemas/",
)
"""Parts of the library that no result depends on, relative to it: records, audits, tools, processes, messages, and schemas.
They can stop a job, but change nothing that it writes."""
FRAME = ("qcrystal/fields.py", "qcrystal/io/__init__.py", "qcrystal/io/yaml_files.py")
"""Files that the frame around every job needs to read `config/same_results.yaml`. Each job imports them. No result depends on
that."""
KEPT = Path(__file__).parent / "__pycache__" / "understood.json"
"""What was read of sources of the same contents before: as trusted as Python's own compiled files, which lie there too."""
LOGGERS = ("log", "logger", "logging")
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Parts of a syntax tree that are lists of statements, or of what holds such lists."""
TELLING = (ast.Import, ast.ImportFrom, ast.Constant)
"""Parts of a syntax tree that may name modules or files."""
LEVELS = ("debug", "info", "warning", "error", "exception")


class Understood(NamedTuple):
    """A source file, read: modules and files that it names, and a digest of what it does."""

    modules: tuple[str, ...]
    files: tuple[str, ...]
    digest: str


_KNOWN: dict[str, Understood] = {}


def recall() -> None:
    """Take over what `keep` has kept."""
    _KNOWN.update(_kept())


def keep() -> None:
    """Keep what was read of sources, for the next process. Where nothing can be written, nothing is kept."""
    before = _kept()
    if _KNOWN.keys() <= before.keys():
        return
    try:
        write_whole(KEPT, json.dumps({_reader(): before | _KNOWN}, sort_keys=True))
    except (OSError, ValueError):
        return


def _kept() -> dict[str, Understood]:
    """What the file of kept readings holds; nothing if it holds anything else."""
    try:
        document = json.loads(KEPT.read_text(encoding="utf-8"))
        return {key: Understood(tuple(m), tuple(f), digest) for key, (m, f, digest) in document[_reader()].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


@functools.cache
def _reader() -> str:
    """Digest of this module and of Python's version, which decide what is read of a source."""
    return hashlib.sha256(Path(__file__).read_bytes() + sys.version.encode()).hexdigest()


def counts(path: Path) -> bool:
    """Whether a file below ``scripts/`` is part of what makes a result."""
    name = path.relative_to(SCRIPTS).as_posix()
    return not name.startswith(tuple(f"{LIBRARY}/{part}" for part in UNCOUNTED))


def local_imports(path: Path) -> tuple[Path, ...]:
    """Files of this repository that a script's results depend on: itself, what it imports, what those import; sorted."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        if current.suffix == ".py":
            waiting.extend(named_files(current))
    return tuple(sorted(found))


@functools.cache
def named_files(path: Path) -> tuple[Path, ...]:
    """Files of this repository that a source itself imports, or names and that lie beside it, if they count."""
    understood = _understand(path)
    beside = [path.parent / name for name in understood.files]
    found = [file for name in dict.fromkeys(understood.modules) for file in _files_of_module(name)]
    return tuple(file for file in (*found, *(file for file in beside if file.is_file())) if counts(file))


def _understand(path: Path) -> Understood:
    package = ".".join(path.relative_to(SCRIPTS).parent.parts) if path.is_relative_to(SCRIPTS) else ""
    return _understood(path.read_text(encoding="utf-8"), package)


def _understood(text: str, package: str) -> Understood:
    """Modules, files and digest of a source of a package.

    Every rule asks for the same modules: without the cache they are parsed a thousand times before the first job.
    """
    key = hashlib.sha256(f"{package}\n{text}".encode()).hexdigest()
    if key not in _KNOWN:
        _KNOWN[key] = _read(text, package)
    return _KNOWN[key]


def _read(text: str, package: str) -> Understood:
    tree = ast.parse(text)
    tree.body = _without_words(tree.body)
    modules: list[str] = []
    files = set()
    dumped, telling = _dumped(tree)
    for node in telling:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            modules += [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"[\w-][\w.-]*\.[A-Za-z0-9]+", node.value) and not node.value.endswith(".py"):
                files.add(node.value)
            if re.fullmatch(LIBRARY + r"(\.\w+)+", node.value):
                modules.append(node.value)  # imported by name
    own = tuple(name for name in modules if name.split(".")[0] == LIBRARY)
    return Understood(own, tuple(sorted(files)), hashlib.sha256(dumped.encode()).hexdigest()[:16])


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Full name of the module of a ``from`` import."""
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *((node.module or "").split(".") if node.module else [])])


def _without_words(nodes: list) -> list:
    """Statements, and handlers and cases with theirs, without those that have no effect on a result.

    These are strings that stand alone, logging whose arguments call nothing, and what only a type checker reads.
    """
    kept = []
    for node in nodes:
        if isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _only_logs(node.value)):
            continue
        if isinstance(node, ast.If):
            name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
            if name == "TYPE_CHECKING":
                kept += _without_words(node.orelse)
                continue
        for field in BLOCKS:
            if isinstance(getattr(node, field, None), list):
                setattr(node, field, _without_words(getattr(node, field)))
        kept.append(node)
    return kept


def _dumped(tree: ast.AST) -> tuple[str, list[ast.AST]]:
    """What `ast.dump` writes, and the imports and constants of the tree on the way.

    Each job needs this of each of its modules, and going through a tree thrice takes thrice as long.
    """
    text: list[str] = []
    telling: list[ast.AST] = []

    def add(value: Any) -> None:
        if isinstance(value, list):
            separator = "["
            for part in value:
                text.append(separator)
                add(part)
                separator = ", "
            text.append("]" if value else "[]")
        elif isinstance(value, ast.AST):
            kind = type(value)
            if kind in TELLING:
                telling.append(value)
            text.append(kind.__name__)
            separator = "("
            for name in kind._fields:
                part = getattr(value, name, None)
                if part is None and getattr(kind, name, ...) is None:
                    continue  # an optional part that is not there
                text.append(f"{separator}{name}=")
                add(part)
                separator = ", "
            text.append(")" if separator == ", " else "()")
        else:
            text.append(repr(value))

    add(tree)
    return "".join(text), telling


def _only_logs(call: ast.expr) -> bool:
    function = call.func if isinstance(call, ast.Call) else None
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    if function.value.id not in LOGGERS or function.attr not in LEVELS:
        return False
    active = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
    return not any(isinstance(node, active) for node in ast.walk(call) if node is not call)


def _files_of_module(name: str) -> Iterator[Path]:
    base = str(SCRIPTS)
    for part in name.split("."):
        base = f"{base}/{part}"
        for candidate in (f"{base}.py", f"{base}/__init__.py"):
            if os.path.isfile(candidate):  # many are asked for: a Path of each takes three times as long
                yield Path(candidate)


def syntax_digest(path: Path) -> str:
    """Digest of what a file does: of a module without comments, formatting and docstrings, of any other file whole."""
    if path.suffix != ".py":
        return file_digest(path)[:16]
    return _understand(path).digest


def text_digest(content: bytes, name: str) -> str:
    """`syntax_digest` of a file's content, with its path relative to ``scripts/``, of whatever commit it is."""
    if not name.endswith(".py"):
        return hashlib.sha256(content).hexdigest()[:16]
    return _understood(content.decode(), ".".join(Path(name).parent.parts)).digest


def modules_named(path: Path, scripts: Path) -> tuple[str, ...]:
    """Modules of the library that a source below a folder ``scripts`` imports, by their full names."""
    return _understood(path.read_text(encoding="utf-8"), ".".join(path.relative_to(scripts).parent.parts)).modules


def code_digest(*files: str) -> str:
    """Digest of the named files (relative to ``scripts/``) and of every file of this repository that counts behind them.

    A file that declared changes have led to what it does now has its digest of before; one that they brought in is left out.
    """
    everything = sorted({module for file in files for module in local_imports(SCRIPTS / file)})
    names = [module.relative_to(SCRIPTS).as_posix() for module in everything]
    changes = declared(SCRIPTS.parent)
    found = {name: changes.first(name, syntax_digest(module)) for name, module in zip(names, everything, strict=True)}
    text = "\n".join(f"{name} {digest}" for name, digest in found.items() if digest is not None)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
