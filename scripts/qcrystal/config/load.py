"""Typed configuration, validated before any job starts.

`load` merges what Snakemake was given over ``config/config.yaml`` with the scale (sizes) and the crystal (physics) that it names.
Every problem is a `ConfigError` whose lines each name the file, the key, the value, and what to do.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from qcrystal.config.crystal import CRYSTAL_FILE, Crystal, crystal_name
from qcrystal.config.main import Main
from qcrystal.config.messages import MAIN_FILE, ConfigError, message, read_yaml, shown_path, validate
from qcrystal.config.preflight import check_model, check_paths
from qcrystal.config.runs import Configuration
from qcrystal.config.scale import Scale
from qcrystal.fields import Name, Strict
from qcrystal.io.yaml_files import printable


def _named_file(root: Path, folder: str, name: str) -> Path:
    path = root / name if "/" in name else root / "config" / folder / f"{name}.yaml"
    return _with_usable_name(path, path.stem, folder[:-1])


def _crystal_file(root: Path, name: str) -> Path:
    """File of the crystal that the main configuration names: its folder in ``config/crystals``, or a path."""
    path = root / name if "/" in name else root / "config" / "crystals" / name
    path = path if path.suffix == ".yaml" else path / CRYSTAL_FILE
    if not path.is_file() and "/" not in name:
        known = ", ".join(sorted(file.parent.name for file in root.glob(f"config/crystals/*/{CRYSTAL_FILE}")))
        raise ConfigError(f"{MAIN_FILE}: crystal: no such crystal {name!r}; there are: {known}")
    return _with_usable_name(path, crystal_name(path), "crystal")


def _with_usable_name(path: Path, name: str, key: str) -> Path:
    try:  # it names folders of results, and rules
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        raise ConfigError(f"{MAIN_FILE}: {key}: {message(error.errors()[0])}") from None
    return path


def read_files(paths: Iterable[Path]) -> dict[str, dict]:
    """Files that are put over ``config/config.yaml``, by the names that messages give them."""
    shown = {str(shown_path(Path(path), Path.cwd())): Path(path) for path in paths}
    return {name: read_yaml(path, name, "file") for name, path in shown.items()}


def load(settings: dict, root: Path, put_over: Mapping[str, Mapping] | None = None) -> Configuration:
    """Validate the configuration.

    Parameters
    ----------
    settings
        Content of ``config/config.yaml`` with what the command line put over it.
    root
        Top folder of the repository; relative paths start there.
    put_over
        What was put over it, by its origin (``--config``, or a file), the last one that which counts: messages name it.

    Raises
    ------
    ConfigError
        One line per problem.
    """
    origins = {str(key): name for name, values in (put_over or {}).items() for key in values}
    try:
        return _load(settings, root)
    except ConfigError as error:
        raise ConfigError("\n".join(_from_origin(line, origins) for line in str(error).split("\n"))) from error
    except OSError as error:  # of a path that is too long, or leads where nobody may look
        raise ConfigError(
            printable(f"{MAIN_FILE}: {str(error.filename):.80}: cannot be read ({error.strerror}); name another")
        ) from error


def _from_origin(line: str, origins: Mapping[str, str]) -> str:
    """A message about a key of the main configuration, with the place where its value comes from."""
    key = line.removeprefix(f"{MAIN_FILE}: ")
    origin = origins.get(re.split("[:.]", key)[0], MAIN_FILE) if key != line else MAIN_FILE
    return line.replace(MAIN_FILE, origin, 1) if origin != MAIN_FILE else line


def _load(settings: dict, root: Path) -> Configuration:
    main = validate(Main, settings, MAIN_FILE)
    scale_path = _named_file(root, "scales", main.scale)
    crystal_path = _crystal_file(root, main.crystal)
    scale = _validate_file(Scale, scale_path, root, "scale")
    crystal = _validate_file(Crystal, crystal_path, root, "crystal")
    check_paths(main, crystal.species, root)
    if main.training not in crystal.training:
        known = ", ".join(crystal.training)
        raise ConfigError(f"{MAIN_FILE}: training: {main.training!r} is not in {crystal_path.name}, which has {known}")
    steps = scale.training.steps
    if main.start != "model" and isinstance(steps, dict) and main.training not in steps:
        raise ConfigError(
            f"{shown_path(scale_path, root)}: training.steps: no entry for {main.training!r}; add one, or give one number"
        )
    for recipe in crystal.dft.structure_recipes:
        if main.start == "dft" and not (root / recipe.structures).is_file():
            raise ConfigError(
                f"{shown_path(crystal_path, root)}: dft.structure_recipes: {recipe.name}: no file {recipe.structures!r}"
            )
    if main.start == "model":
        check_model(main.model, crystal, root)
    if main.start == "dft" and main.dft_python is not None and shutil.which(main.dft_python) is None:
        raise ConfigError(f"{MAIN_FILE}: dft_python: no interpreter {main.dft_python!r}; name one that imports GPAW")
    return Configuration(main, shown_path(scale_path, root), scale, shown_path(crystal_path, root), crystal)


def _validate_file(model: type[Strict], path: Path, root: Path, what: str):
    where = str(shown_path(path, root))
    return validate(model, read_yaml(path, where, what), where)
