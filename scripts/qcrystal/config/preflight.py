"""Checks before any job starts: of the shell and the environment, and of files that the configuration names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from qcrystal.config.crystal import Crystal
from qcrystal.config.main import Main
from qcrystal.config.messages import MAIN_FILE, ConfigError, read_yaml
from qcrystal.dataset.deepmd_npy import check_files
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.io.tables import TableError, check_table
from qcrystal.io.yaml_files import printable
from qcrystal.manuscript.published import PublishedError, check_published
from qcrystal.potential.card import TABLES as CARD_TABLES
from qcrystal.potential.card import CardError, check_potential

THREADS = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1, "MKL_NUM_THREADS": 1}
THREADS |= {"DP_INTRA_OP_PARALLELISM_THREADS": 0, "DP_INTER_OP_PARALLELISM_THREADS": 0}
THREADS |= {"TF_NUM_INTRAOP_THREADS": 0, "TF_NUM_INTEROP_THREADS": 0}
"""Variables by which libraries are told how many threads to start, and the least of them; 0 lets the library choose."""
SHELL_LETTERS = r"[^A-Za-z0-9_@%+=,./\x80-\U0010ffff-]"
"""What a shell would not take as a part of one word, and the colon, which parts the folders of PATH."""
LATTICE = ("lattice_constant", "pressure", "x", "la_h1", "la_h2", "h_h1", "h_h2", "la_la")
TABLES = {
    "label_pressures": (
        *("system", "frames", "lattice_constant", "lattice_constant_std", "cubic", "pressure", "motion"),
    ),
    "dft_reference": LATTICE,
    "dft_convergence": (
        *("varied", "cutoff", "kpoint_length", "kpoints", "width", "energy_shift", "energy_difference", "force_rms"),
        *("force_max", "pressure", "static_pressure", "seconds", "verdict", "chosen"),
    ),
    "dft_check": ("potential", "phase", "pressure", "relative_enthalpy_dft"),
}
"""Keys that name tables, and the columns that figures read of them."""
LEARNING_TABLES = {
    "generations": ("generation", "explored", "accurate", "candidate", "failed"),
    "generation_errors": ("generation", "trained", "member", "quantity", "rmse", "n"),
    "structure_map": ("system", "generation", "part", "pressure", "component_1", "component_2", "share_1", "share_2"),
}
"""Tables of concurrent learning, and the columns that figures read of them."""


def check_places(interpreter: str, root: str) -> None:
    """Make sure that Snakemake can run scripts where the interpreter and the repository are.

    It puts the interpreter's path into a command as it is, and takes braces in a script's path for a wildcard's.

    Raises
    ------
    ConfigError
        One line.
    """
    for path, unsafe in ((interpreter, SHELL_LETTERS), (root, "[{}]")):
        found = re.search(unsafe, path)
        if found:
            raise ConfigError(
                printable(f"{path}: Snakemake cannot run scripts by a path with {found[0]!r}; move the repository")
            )


def check_surroundings(environment: Mapping[str, str], folders: Sequence[Path]) -> None:
    """Make sure that jobs can use the environment's variables, and that folders of results can be written to.

    Parameters
    ----------
    environment
        Such as ``os.environ``.
    folders
        They need not be there yet.

    Raises
    ------
    ConfigError
        One line.
    """
    for name, least in THREADS.items():
        value = environment.get(name, "1")
        if not value.isdecimal() or int(value) < least:
            raise ConfigError(f"environment: {name}={value!r} is not a number of threads; set it to 1, or unset it")
    for folder in folders:
        if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
            raise ConfigError(f"{folder}: is not a folder, nor a link to one, and results go there; move it away")
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigError(f"{folder}: cannot be written to; change its permissions, or link it to another place")


def check_paths(main: Main, species: list[str], root: Path) -> None:
    for key in ("published", *TABLES):
        if key.startswith("dft_") and main.start == "dft":
            continue
        path = getattr(main, key)
        if not (root / path).is_file():
            raise ConfigError(f"{MAIN_FILE}: {key}: no file {path!r}")
        if key in TABLES:
            _check_table(root, path, key, TABLES[key], may_be_empty=key in ("dft_reference", "dft_check"))
    try:
        check_published(read_yaml(root / main.published, main.published, "file"), main.published)
    except PublishedError as error:
        raise ConfigError(printable(str(error))) from error
    if main.dataset not in main.datasets:
        known = ", ".join(main.datasets) or "there is none"
        raise ConfigError(f"{MAIN_FILE}: dataset: {main.dataset!r} is not among datasets: {known}")
    dataset, key = main.datasets[main.dataset], f"datasets.{main.dataset}"
    if dataset.checksums is not None and not (root / dataset.checksums).is_file():
        raise ConfigError(f"{MAIN_FILE}: {key}.checksums: no file {dataset.checksums!r}")
    for name, columns in LEARNING_TABLES.items() if main.start != "dft" else ():
        if not (root / main.learning_reference / f"{name}.csv").is_file():
            raise ConfigError(f"{MAIN_FILE}: learning_reference: no {name}.csv in {main.learning_reference!r}")
        _check_table(root, f"{main.learning_reference}/{name}.csv", "learning_reference", columns)
    if main.learning_from == "dataset" and dataset.path is None:
        raise ConfigError(f"{MAIN_FILE}: learning_from: dataset needs a folder {key}.path; name one")
    if dataset.path is not None and (main.start == "labels" or main.learning_from == "dataset"):
        if not (root / dataset.path).is_dir():
            raise ConfigError(f"{MAIN_FILE}: {key}.path: no folder {dataset.path!r}")
        try:
            check_files(root / dataset.path, species)
        except DatasetError as error:
            raise ConfigError(printable(f"{MAIN_FILE}: {key}.path: {error}".replace(f"{root}/", ""))) from error


def _check_table(root: Path, path: str, key: str, columns: Sequence[str], may_be_empty: bool = False) -> None:
    try:
        check_table(root / path, path, columns, may_be_empty=may_be_empty)
    except TableError as error:
        raise ConfigError(printable(f"{MAIN_FILE}: {key}: {error}")) from error


def check_model(model: str, crystal: Crystal, root: Path) -> None:
    for name in ("model.pb", "card.yaml", *CARD_TABLES):
        if not (root / model / name).is_file():
            raise ConfigError(
                f"{MAIN_FILE}: model: no {name} in {model!r}; name the folder of a released potential, such as one of models/"
            )
    try:
        check_potential(root / model, crystal.species, model)
    except CardError as error:
        raise ConfigError(printable(str(error))) from error
