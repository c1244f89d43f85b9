"""The whole configuration: read, checked, and with the runs that follow from it.

`load` puts the main configuration over the sources of its crystal, and adds the scale (sizes) and the crystal (physics) that it
names. All problems of all files are reported at once, in a `ConfigError` with one line each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qcrystal.config import preflight, runs
from qcrystal.config.crystal import Crystal
from qcrystal.config.layers import Layers
from qcrystal.config.main import Main, Sources
from qcrystal.config.messages import ConfigError, Examined, Model, examine, message, read_yaml, shown_path, validate
from qcrystal.config.scale import Scale, Unfinished
from qcrystal.errors import Problem
from qcrystal.fields import FilePath, Name, failed
from qcrystal.provenance import reduced

MAIN_FILE = "config/config.yaml"
CRYSTAL_FILE, SOURCES_FILE = "crystal.yaml", "sources.yaml"
UNFINISHED = "unfinished"
"""Folder of a crystal with a file for each scale of which a part has not ended."""


def read_files(paths: Iterable[Path]) -> dict[str, dict]:
    """Files that are put over ``config/config.yaml``, by the names that messages give them."""
    shown = {str(shown_path(Path(path), Path.cwd())): Path(path) for path in paths}
    return {name: read_yaml(path, name, "file") for name, path in shown.items()}


def unfinished_file(crystal: str, scale: str) -> Path:
    """The list of what of a scale has not ended, relative to the repository; it may not be there."""
    return Path("config/crystals", crystal, UNFINISHED, f"{scale}.yaml")


def read_unfinished(root: Path, crystal: str, scale: str) -> Unfinished:
    """What of a scale has not ended; nothing where there is no list. `ConfigError` if the list is none."""
    name = unfinished_file(crystal, scale)
    if not os.path.lexists(root / name):
        return Unfinished()
    listed = read_yaml(root / name, str(name), "file").get("unfinished", {})
    if not isinstance(listed, dict):
        raise ConfigError(
            Problem(str(name), "unfinished", f"must hold runs and tables, not {listed!r:.80}", "correct it")
        )
    return validate(Unfinished, listed, str(name))


def load(settings: Mapping, root: Path, put_over: Mapping[str, Mapping] | None = None) -> runs.Configuration:
    """Validate the configuration.

    Parameters
    ----------
    settings
        Content of ``config/config.yaml`` with what was put over it.
    root
        Top folder of the repository; relative paths start there.
    put_over
        What was put over it, by its origin (``--config``, or a file's name). Later ones count; messages name the origin.

    Raises
    ------
    ConfigError
        One line per problem.
    """
    try:
        return _Loading(settings, root, put_over or {}).finish()
    except OSError as error:  # of a path that leads where nobody may look
        found = f"{str(error.filename):.80}: cannot be read ({error.strerror})"
        raise ConfigError(Problem(MAIN_FILE, "", found, "name another")) from error


class _Loading:
    """One look at all files: collects what is wrong, and tells it when everything has been looked at."""

    def __init__(self, settings: Mapping, root: Path, overrides: Mapping[str, Mapping]):
        self.root = root
        self.problems: list[Problem] = []
        self.documents: dict[str, Layers] = {}
        self.files: dict[str, Path] = {}
        main = [(MAIN_FILE, settings), *overrides.items()]
        homes = dict.fromkeys(Main.model_fields, MAIN_FILE)
        self.documents["main"] = Layers(main, homes)
        names = {key: self._name(settings, key) for key in ("scale", "crystal")}
        folder = self._crystal_folder(names["crystal"])
        if folder is not None:
            self.files["crystal"] = shown_path(folder / CRYSTAL_FILE, root)
            self.files["sources"] = shown_path(folder / SOURCES_FILE, root)
            self.documents["crystal"] = Layers(self._read([folder / CRYSTAL_FILE], "crystal"))
            sources = self._read([folder / SOURCES_FILE], "file")
            homes |= {key: name for name, _ in sources for key in Sources.model_fields}
            self.documents["main"] = Layers([*(self._own(name, part) for name, part in sources), *main], homes)
            if names["scale"] is not None:
                self.documents["scale"] = Layers(self._read(self._scale_files(names["scale"], folder), "scale"))

    def _name(self, settings: Mapping, key: str) -> str | None:
        """File name that the main configuration gives under a key; None if it is no file's name, which is reported later."""
        try:
            return TypeAdapter(FilePath).validate_python(settings[key])
        except (KeyError, ValidationError):
            return None

    def _crystal_folder(self, name: str | None) -> Path | None:
        if name is None:
            return None
        folder = self.root / name if "/" in name else self.root / "config" / "crystals" / name
        if not folder.is_dir():
            known = ", ".join(sorted(file.parent.name for file in self.root.glob(f"config/crystals/*/{CRYSTAL_FILE}")))
            self._tell_main("crystal", f"no such crystal {name!r}", f"there are: {known}")
            return None
        return folder if self._is_usable(folder.name, "crystal") else None

    def _scale_files(self, name: str, folder: Path) -> list[Path]:
        """Files of a scale: one of a user's own, or one for all crystals, one of the crystal, and one of what has not ended."""
        if "/" in name:
            path = self.root / name
            if not self._is_usable(path.stem, "scale"):
                return []
            self.files["scale"] = shown_path(path, self.root)
            return [path]
        if not self._is_usable(name, "scale"):
            return []
        files = [self.root / "config" / "scales" / f"{name}.yaml", folder / "scales" / f"{name}.yaml"]
        self.files["scale"] = shown_path(files[1], self.root)
        if not files[0].is_file():
            return files[:1]
        unfinished = folder / UNFINISHED / f"{name}.yaml"
        return [*files, unfinished] if unfinished.is_file() and not reduced.everything_counts() else files

    def _is_usable(self, name: str, key: str) -> bool:
        """Whether a file's name can name folders of results, and rules."""
        try:
            TypeAdapter(Name).validate_python(name)
        except ValidationError as error:
            self._tell_main(key, message(error.errors()[0]))
            return False
        return True

    def _tell_main(self, key: str, found: str, advice: str = "") -> None:
        self.problems.append(Problem(self.documents["main"].origin((key,)), key, found, advice))

    def _read(self, paths: Iterable[Path], what: str) -> list[tuple[str, dict]]:
        parts = []
        for path in paths:
            where = str(shown_path(path, self.root))
            try:
                parts.append((where, read_yaml(path, where, what)))
            except ConfigError as error:
                self.problems += error.problems
        return parts if len(parts) == len(list(paths)) else []

    def _own(self, name: str, part: dict) -> tuple[str, dict]:
        """The sources of a crystal without what does not belong there, which is told."""
        for key in part:
            if key in Main.model_fields and key not in Sources.model_fields:
                self.problems.append(Problem(name, key, f"belongs to {MAIN_FILE}", "move it there"))
        return name, {
            key: value for key, value in part.items() if key in Sources.model_fields or key not in Main.model_fields
        }

    def finish(self) -> runs.Configuration:
        """Examine all documents, run all checks, and tell every problem."""
        main = self._examine(Main, "main")
        scale = self._examine(Scale, "scale")
        crystal = self._examine(Crystal, "crystal")
        known: dict[str, Any] = {"root": self.root, **crystal.fields}
        known |= {f"main_{name}": value for name, value in main.fields.items()}
        known |= {f"scale_{name}": value for name, value in scale.fields.items()}
        self.problems += [self._located(one) for one in failed((*runs.CHECKS, *preflight.CHECKS), known)]
        if self.problems or main.model is None or scale.model is None or crystal.model is None:
            raise ConfigError(*dict.fromkeys(self.problems))
        return runs.Configuration(main.model, scale.model, crystal.model, self.files)

    def _located(self, problem: Problem) -> Problem:
        """A problem of a check across files, with the file in place of the document's name."""
        document = self.documents.get(problem.where)
        return problem.of(document.origin(tuple(problem.key.split(".")))) if document else problem

    def _examine(self, model: type[Model], name: str) -> Examined[Model]:
        layers = self.documents.get(name)
        if layers is None or not layers.parts:
            return Examined(None, {}, ())
        examined = examine(model, layers.merged(), layers.origin)
        self.problems += examined.problems
        return examined
