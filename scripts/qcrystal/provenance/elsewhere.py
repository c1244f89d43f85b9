"""Code that is from elsewhere: loaded by a job, and neither of this repository, nor Python's own, nor of an installed package."""

from __future__ import annotations

import base64
import csv
import importlib.util
import itertools
import marshal
import os
import re
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from qcrystal.files import file_digest
from qcrystal.provenance import code

LARGEST = 64_000_000
"""Bytes up to which a compiled library is compared with its package's list; Python sources are always compared."""

WITH_PYTHON = ("pip", "setuptools", "wheel", "qcrystal")
"""Packages of an environment that no lock file names: those that make it, and this one."""


_CHECKED: set[str] = set()
_FAULTS: list[str] = []
"""Files that this process, or the one that it was forked from, has compared once they were loaded; what was found then."""


class _Lists(NamedTuple):
    """What the packages of a folder list."""

    rows: dict[str, list[tuple[str, str]]]
    """Path in the folder -> SHA-256 (URL-safe base 64, maybe empty) and package, for each package that lists it."""
    packages: list[str]
    """Names of the ``*.dist-info`` folders, sorted."""


_KEPT: dict[str, _Lists] = {}
"""Folder -> lists that `keep_checks` has read."""


def loaded_files() -> set[str]:
    """Files of the modules that this process has loaded."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {os.path.abspath(file) for file in files if isinstance(file, str) and _is_there(file)}


def _is_there(file: str) -> bool:
    """Whether a module's file is on the disk, or in an archive that is."""
    return os.path.isfile(file) or any(map(os.path.isfile, map(str, Path(file).parents)))


def from_elsewhere(files: Iterable[str]) -> list[str]:
    """Loaded files that are neither of this repository, nor Python's own, nor what an installed package lists.

    A package lists its files with their SHA-256 in its ``RECORD``. An edited file, one that was added to the environment, and
    a module of any other folder are each named with what is wrong. So are files that let Python run code at its start
    (``*.pth``). Compiled files of this repository are named if they do not do what their source says.
    A package that the lock file does not name is named once.
    """
    folders = installed_folders()
    installed = tuple(_with_links(folders))
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    library = [sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")]
    python = tuple({folder + os.sep for folder in (*map(os.path.abspath, library), *map(os.path.realpath, library))})
    started = os.path.abspath(getattr(sys.modules.get("__main__"), "__file__", None) or os.curdir)
    found = list(_FAULTS)
    everything = {*files, *(str(path) for folder in folders for path in Path(folder).glob("*.pth"))} - _CHECKED
    listed, packages = _listed(installed, everything)
    for file in sorted(everything):
        if file.startswith(str(code.SCRIPTS) + os.sep):
            found += [f"{path}: does not do what its source says" for path in _foreign_bytecode(Path(file))]
            continue
        if file == started and _is_rule_script(file):
            continue
        if file.startswith(installed):
            if file not in listed:
                found.append(f"{file}: listed by no installed package")
            elif _differs(file, listed[file]):
                found.append(f"{file}: not the file that its package installed")
        elif not any(_is_pythons_own(path, python) for path in (os.path.abspath(file), os.path.realpath(file))):
            found.append(f"{file}: code from outside of the environment")
    return list(dict.fromkeys(found + packages))


def keep_checks() -> None:
    """Compare all that is loaded now. `from_elsewhere` compares it no more, here and in forks, and repeats what was found.

    Lists of installed packages are read once too: forks look later files up in them. Who forks must see whether a list changes.
    """
    _KEPT.update((folder, _read_lists(folder)) for folder in _with_links(installed_folders()))
    files = loaded_files()
    _FAULTS[:] = from_elsewhere(files)
    _CHECKED.update(files, (str(path) for folder in installed_folders() for path in Path(folder).glob("*.pth")))


def installed_folders() -> set[str]:
    """Folders in which Python looks for installed packages, as they are spelt."""
    paths = sysconfig.get_paths()
    return {os.path.abspath(paths[name]) for name in ("purelib", "platlib")}


def _is_pythons_own(file: str, folders: tuple[str, ...]) -> bool:
    """Whether a file is of Python's library; packages of another environment may stand in a folder of it.

    Debian's library has a link to ``/etc``, so callers try a path as it is spelt too.
    """
    return any(
        file.startswith(folder)
        and not {"site-packages", "dist-packages"} & set(file.removeprefix(folder).split(os.sep))
        for folder in folders
    )


def _is_rule_script(file: str) -> bool:
    """Whether a file is where Snakemake puts the copy of a rule's script that it runs."""
    return Path(file).parent == Path.cwd() / ".snakemake" / "scripts"


def _with_links(folders: Iterable[str]) -> list[str]:
    """Folders as they are spelt and where links lead, as .venv may be one; each ends with a separator."""
    return sorted({folder + os.sep for name in folders for folder in (name, os.path.realpath(name))})


def _read_lists(folder: str) -> _Lists:
    """Read what the packages of a folder list. Packages list some hundred times as many files as a job loads."""
    records = sorted(Path(folder).glob("*.dist-info/RECORD"))
    rows: dict[str, list[tuple[str, str]]] = {}
    for record in records:
        with open(record, encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines):
                if len(row) < 2 or not row[0]:
                    continue
                path = row[0]
                if path[0] == "/" or "./" in path:
                    path = os.path.normpath(os.path.join(folder, path)).removeprefix(folder)
                rows.setdefault(path, []).append((row[1].removeprefix("sha256="), record.parent.name))
    return _Lists(rows, [record.parent.name for record in records])


def _listed(folders: Iterable[str], files: set[str]) -> tuple[dict[str, str], list[str]]:
    """What installed packages say of files, and what is wrong with the packages themselves.

    Returns
    -------
    listed, faults
        Absolute path -> SHA-256 (URL-safe base 64, maybe empty) of those of the files that a package lists. Then a line for
        each package that is there twice, that lists another's file, or whose name or version no lock file has.
    """
    found: dict[str, str] = {}
    faults, known = set(), _locked()
    for folder in folders:
        wanted = [file for file in files if file.startswith(folder)]
        if not wanted:
            continue
        lists = _KEPT.get(folder) or _read_lists(folder)
        names: dict[str, str] = {}
        for package in lists.packages:
            name, _ = _name_and_version(package)
            if name in names:
                faults.add(f"{folder}{package}: {name} is installed twice, as {names[name]} too")
            names[name] = package
        for file in wanted:
            entries = lists.rows.get(file.removeprefix(folder), [])
            for (before, owner), (digest, package) in itertools.pairwise(entries):
                if before != digest:
                    faults.add(f"{file}: listed differently by {owner} and {package}")
            for digest, package in entries:
                name, version = _name_and_version(package)
                found[file] = digest
                if known and name not in known:
                    faults.add(f"{folder}{package}: a package that no lock file names")
                elif known and version not in (known[name] or [version]):
                    faults.add(f"{folder}{package}: the lock file names version {' or '.join(sorted(known[name]))}")
    return found, sorted(faults)


def _name_and_version(package: str) -> tuple[str, str]:
    """Name and version of a package from the name of its ``*.dist-info`` folder."""
    spelt, _, version = package.removesuffix(".dist-info").rpartition("-")
    return _normal(spelt), version


def _normal(name: str) -> str:
    """Name of a package as all its spellings are one (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked() -> dict[str, set[str]]:
    """Package -> versions that the lock files name; no version of those that come with the environment, as any will do.

    Empty where there is no lock file.
    """
    texts = [path.read_text(encoding="utf-8") for path in (code.SCRIPTS.parent / "envs").glob("requirements*.lock")]
    named: dict[str, set[str]] = {}
    for text in texts:
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE):
            named.setdefault(_normal(name), set()).add(version)
    return dict.fromkeys(WITH_PYTHON, set()) | named if named else {}


def _differs(file: str, digest: str) -> bool:
    if not digest or (not file.endswith(".py") and os.path.getsize(file) > LARGEST):
        return False
    found = base64.urlsafe_b64encode(bytes.fromhex(file_digest(Path(file)))).decode().rstrip("=")
    return found != digest


def _foreign_bytecode(source: Path) -> list[Path]:
    """The compiled file of a module, if Python takes it in place of the source and it does something else."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    try:
        content, text, status = compiled.read_bytes(), source.read_bytes(), source.stat()
    except OSError:
        return []
    flags, time, size = struct.unpack("<3I", content[4:16]) if len(content) > 16 else (0, 0, 0)
    passed_over = flags == 0 and (time, size) != (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    if content[:4] != importlib.util.MAGIC_NUMBER or passed_over:
        return []
    try:
        same = marshal.loads(content[16:]) == compile(text, str(source), "exec", dont_inherit=True)
    except (ValueError, EOFError, TypeError, SyntaxError):
        same = False
    return [] if same else [compiled]
