"""Checks before any job starts: of the shell and the environment, and of files that the configuration names."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qcrystal.config.dft import DftSettings
from qcrystal.config.main import Dataset
from qcrystal.config.messages import ConfigError, read_yaml
from qcrystal.config.superconductivity import CHECKS as SUPERCONDUCTIVITY_CHECKS
from qcrystal.config.ternary import CHECKS as TERNARY_CHECKS
from qcrystal.config.ternary import TernaryEffort
from qcrystal.config.training import TrainingEffort
from qcrystal.dataset.deepmd_npy import check_files
from qcrystal.dataset.labelled_frames import DatasetError
from qcrystal.errors import Problem
from qcrystal.io.tables import TableError, check_table
from qcrystal.manuscript.published import PublishedError, check_published
from qcrystal.potential.card import TABLES as CARD_TABLES
from qcrystal.potential.card import CardError, check_potential
from qcrystal.potential.settings import Architecture
from qcrystal.processes import BETWEEN_OPERATIONS, CPU_THREADS, WITHIN_OPERATIONS

THREADS = dict.fromkeys(CPU_THREADS, 1) | dict.fromkeys([*WITHIN_OPERATIONS, *BETWEEN_OPERATIONS], 0)
"""Variables by which libraries are told how many threads to start, and the least of them; 0 lets the library choose."""
SHELL_LETTERS = r"[^A-Za-z0-9_@%+=,./\x80-\U0010ffff-]"
"""Letters that a shell would not take as a part of one word, and the colon, which parts the folders of PATH."""
TABLES: dict[str, str] = {
    "label_pressures": "label_pressures",
    "dft_reference": "lattice",
    "dft_convergence": "dft_convergence",
    "dft_check": "dft_check",
}
"""Keys that name tables, and their schemas."""
LEARNING_TABLES = ("generations", "generation_errors", "structure_map")
"""Tables of concurrent learning; each is named as its schema."""


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
            text = f"Snakemake cannot run scripts by a path with {found[0]!r}"
            raise ConfigError(Problem(path, "", text, "move the repository"))


def check_folder(folder: Path, root: Path) -> None:
    """Make sure that Snakemake works in the repository, from where the files of the workflow are named, or in a folder of links.

    Raises
    ------
    ConfigError
        One line.
    """
    linked = (folder / "Snakefile").resolve() == (root / "Snakefile").resolve()  # as the audit reads the workflow
    if folder.resolve() != root.resolve() and not linked:
        found = f"Snakemake works in this folder, but the workflow's files are named from {root}"
        advice = "start it there without --directory; for results elsewhere make `results` a link"
        raise ConfigError(Problem(str(folder), "", found, advice))


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
        One line per problem.
    """
    problems = [*_bad_variables(environment), *_bad_folders(folders)]
    if problems:
        raise ConfigError(*problems)


def check_results(folder: Path, potential: str, crystal: str) -> None:
    """Make sure that a folder of results holds none of another potential or crystal, which jobs would replace.

    The records of the statics say whose results are there: all dynamics follow from them.

    Parameters
    ----------
    folder
        Of a crystal at a scale.
    potential, crystal
        Path of the potential and of the crystal's file, as jobs are told them.

    Raises
    ------
    ConfigError
        One line that names what is there and what was asked for.
    """
    models = [entry.get("path", "") for entry in _given(folder / "statics/eos.prov.json").get("inputs", [])]
    there = next((path for path in models if path.endswith("/model.pb")), potential)
    made = _given(folder / "statics/phonons.prov.json").get("parameters", {}).get("crystal_file", crystal)
    for what, found, asked in (("potential", there, potential), ("crystal", made, crystal)):
        if found != asked:
            advice = "move the folder away, or replace them: --config replace=true"
            raise ConfigError(Problem(str(folder), "", f"holds results of the {what} {found}, not {asked}", advice))


def _given(record: Path) -> dict[str, Any]:
    """Parameters and inputs of a job, by its record; empty if the record is missing or unreadable, which the audit reports."""
    try:
        return json.loads(record.read_text(encoding="utf-8"))["deterministic"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _bad_variables(environment: Mapping[str, str]) -> Iterator[Problem]:
    for name, least in THREADS.items():
        value = environment.get(name, "1")
        if not value.isdecimal() or int(value) < least:
            yield Problem("environment", "", f"{name}={value!r} is not a number of threads", "set it to 1, or unset it")


def _bad_folders(folders: Sequence[Path]) -> Iterator[Problem]:
    for folder in folders:
        if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
            found = "is not a folder, nor a link to one, and results go there"
            yield Problem(str(folder), "", found, "move it away")
        elif folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            advice = "change its permissions, or link it to another place"
            yield Problem(str(folder), "", "cannot be written to", advice)


# ---------------------------------------------------------------------------------------------------------------------
# checks of files: parameters are the fields of crystal.yaml, those of the main configuration with `main_` before them, those of
# the scale with `scale_`, and the repository's folder


def start_has_its_potential(
    main_start: str, main_model: str | None, species: list[str], scale_ternary: TernaryEffort | None, root: Path
) -> Iterator[Problem]:
    """A workflow that starts from a potential has one, and it is of this crystal; a stand-in may take its place."""
    if main_start != "model" or (main_model is None and scale_ternary is not None and scale_ternary.stand_in):
        return
    if main_model is None:
        yield Problem("main", "model", "start: model needs a potential", "name its folder, or set start: labels or dft")
        return
    for name in ("model.pb", "card.yaml", *CARD_TABLES):
        if not (root / main_model / name).is_file():
            advice = "name the folder of a released potential, such as one of models/"
            yield Problem("main", "model", f"no {name} in {main_model!r}", advice)
            return
    try:
        check_potential(root / main_model, list(dict.fromkeys(species)), main_model)
    except CardError as error:
        yield Problem(found=str(error))


def training_is_one_of_the_crystal(main_training: str, training: dict[str, Architecture]) -> Iterator[Problem]:
    """The training names an architecture of the crystal."""
    if main_training not in training:
        found = f"{main_training!r} is not an architecture of the crystal"
        yield Problem("main", "training", found, f"there are: {', '.join(training)}")


def training_has_steps(main_start: str, main_training: str, scale_training: TrainingEffort) -> Iterator[Problem]:
    """The scale says how long it is trained."""
    if main_start != "model" and scale_training.steps_of(main_training) is None:
        found = f"no entry for {main_training!r}"
        yield Problem("scale", "training.steps", found, "add one, or give one number")


def recipes_have_their_structures(main_start: str, dft: DftSettings, root: Path) -> Iterator[Problem]:
    """Files that recipes are made from are there."""
    for number, recipe in enumerate(dft.structure_recipes if main_start == "dft" else ()):
        if not (root / recipe.structures).is_file():
            key = f"dft.structure_recipes.{number}.structures"
            yield Problem("crystal", key, f"{recipe.name}: no file {recipe.structures!r}", "name an existing file")


def interpreter_is_there(main_start: str, main_dft_python: str | None) -> Iterator[Problem]:
    """The interpreter that imports GPAW."""
    if main_start == "dft" and main_dft_python is not None and shutil.which(main_dft_python) is None:
        yield Problem("main", "dft_python", f"no interpreter {main_dft_python!r}", "name one that imports GPAW")


def tables_are_whole(
    main_start: str,
    main_label_pressures: str | None,
    main_dft_reference: str | None,
    main_dft_convergence: str | None,
    main_dft_check: str | None,
    root: Path,
) -> Iterator[Problem]:
    """Tables that figures read and no job makes."""
    tables = {
        "label_pressures": main_label_pressures,
        "dft_reference": main_dft_reference,
        "dft_convergence": main_dft_convergence,
        "dft_check": main_dft_check,
    }
    for key, path in tables.items():
        if path is not None and not (key.startswith("dft_") and main_start == "dft"):
            yield from _table(root, path, key, TABLES[key])


def generations_are_whole(main_start: str, main_learning_reference: str | None, root: Path) -> Iterator[Problem]:
    """Tables of the concurrent learning that made the shipped data set."""
    if main_start == "dft" or main_learning_reference is None:
        return
    for name in LEARNING_TABLES:
        yield from _table(root, f"{main_learning_reference}/{name}.csv", "learning_reference", name)


def _table(root: Path, path: str, key: str, schema: str) -> Iterator[Problem]:
    if not (root / path).is_file():
        yield Problem("main", key, f"no file {path!r}", "name an existing file")
        return
    try:
        check_table(root / path, path, schema)
    except TableError as error:
        yield Problem("main", key, str(error))


def literature_is_there(main_published: str, root: Path) -> Iterator[Problem]:
    """Published values have their form."""
    if not (root / main_published).is_file():
        yield Problem("main", "published", f"no file {main_published!r}", "name an existing file")
        return
    try:
        check_published(read_yaml(root / main_published, main_published, "file"), main_published)
    except ConfigError as error:
        yield from error.problems
    except PublishedError as error:
        yield Problem(found=str(error))


def dataset_is_one_of_datasets(main_dataset: str, main_datasets: dict[str, Dataset]) -> Iterator[Problem]:
    """The training names a data set."""
    if main_dataset not in main_datasets:
        known = ", ".join(main_datasets) or "there is none"
        yield Problem(
            "main", "dataset", f"{main_dataset!r} is not among datasets: {known}", "name one of them, or add it"
        )


def dataset_is_whole(
    main_start: str,
    main_dataset: str,
    main_datasets: dict[str, Dataset],
    main_learning_from: str,
    species: list[str],
    scale_ternary: TernaryEffort | None,
    root: Path,
) -> Iterator[Problem]:
    """The data set's files are there, and of this crystal, where something learns from it."""
    if main_dataset not in main_datasets:
        return
    dataset, key = main_datasets[main_dataset], f"datasets.{main_dataset}"
    if dataset.checksums is not None and not (root / dataset.checksums).is_file():
        yield Problem("main", f"{key}.checksums", f"no file {dataset.checksums!r}", "name an existing file")
    if main_learning_from == "dataset" and dataset.path is None:
        yield Problem("main", "learning_from", f"dataset needs a folder {key}.path", "name one")
    compared = scale_ternary is not None and scale_ternary.trained_on_data and bool(scale_ternary.trainings)
    if dataset.path is None or not (main_start == "labels" or main_learning_from == "dataset" or compared):
        return
    if not (root / dataset.path).is_dir():
        yield Problem("main", f"{key}.path", f"no folder {dataset.path!r}", "name an existing one")
        return
    try:
        check_files(root / dataset.path, species)
    except DatasetError as error:
        yield Problem("main", f"{key}.path", error.within(root))


CHECKS = (
    start_has_its_potential,
    training_is_one_of_the_crystal,
    training_has_steps,
    recipes_have_their_structures,
    interpreter_is_there,
    tables_are_whole,
    generations_are_whole,
    literature_is_there,
    dataset_is_one_of_datasets,
    dataset_is_whole,
    *TERNARY_CHECKS,
    *SUPERCONDUCTIVITY_CHECKS,
)
