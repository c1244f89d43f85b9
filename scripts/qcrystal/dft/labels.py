"""The labeller's files, ``labels.json``: checked, and gathered into data sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula

from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames


def labels_to_systems(paths: Sequence[Path]) -> list[LabelledFrames]:
    """Systems from the labeller's ``labels.json`` files, grouped by the order of species and the recipe.

    A frame's recipe is the first word of its ``origin``. All files must come from the same settings.

    Raises
    ------
    DatasetError
        A file that is not JSON, lacks a key, or was labelled with other settings than the first.
    """
    groups: dict[tuple, list[dict]] = {}
    first: tuple[Path, dict] | None = None
    for path in map(Path, paths):
        document = _read_labels(path)
        recipe_settings = {"software": document["software"], "settings": document["settings"]}
        first = first or (path, recipe_settings)
        if recipe_settings != first[1]:
            raise DatasetError(f"{path}: labelled with other settings or software than {first[0]}; label it again")
        for number, frame in enumerate(document["frames"]):
            _check_label(path, number, frame)
            groups.setdefault((frame["origin"].split()[0], tuple(frame["symbols"])), []).append(frame)
    if not groups:
        raise DatasetError("no labelled frames at all; check the list of labels.json files")
    return [_group_system(recipe, symbols, frames, first[1]) for (recipe, symbols), frames in sorted(groups.items())]


def _read_labels(path: Path) -> dict:
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        raise DatasetError(f"{path}: missing; label these frames first") from None
    except ValueError as error:
        raise DatasetError(f"{path}: not valid JSON ({error}); label these frames again") from None
    if not isinstance(document, dict):
        raise DatasetError(f"{path}: holds {type(document).__name__}; it is not the labeller's output")
    for key in ("software", "settings", "frames"):
        if key not in document or key == "frames" and not isinstance(document[key], list):
            raise DatasetError(f"{path}: has no {key!r}; it is not the labeller's output")
    return document


def _check_label(path: Path, number: int, frame: dict) -> None:
    for key in ("energy", "forces", "virial", "cell", "positions", "symbols", "origin"):
        if not isinstance(frame, dict) or frame.get(key) is None:
            raise DatasetError(f"{path}: frame {number} has no {key!r}; label it again")
    if not isinstance(frame["origin"], str) or not frame["origin"].strip():
        raise DatasetError(
            f"{path}: frame {number}: origin is {frame['origin']!r:.60}, and begins with a recipe; label it again"
        )
    if not isinstance(frame["symbols"], list) or not set(frame["symbols"]) <= set(atomic_numbers):
        raise DatasetError(f"{path}: frame {number}: symbols are {frame['symbols']!r:.60}; label it again")
    atoms = (len(frame["symbols"]), 3)
    for key, shape in {"energy": (), "forces": atoms, "positions": atoms, "cell": (3, 3), "virial": (3, 3)}.items():
        try:
            found = np.array(frame[key], dtype=float)
        except (TypeError, ValueError):
            raise DatasetError(f"{path}: frame {number}: {key} are not numbers; label it again") from None
        if found.shape != shape or not np.isfinite(found).all():
            raise DatasetError(
                f"{path}: frame {number}: {key} of shape {found.shape} for {atoms[0]} atoms, all finite: "
                f"{np.isfinite(found).all()}; label it again"
            )


def _group_system(recipe: str, symbols: tuple[str, ...], frames: list[dict], provenance: dict) -> LabelledFrames:
    formula = Formula.from_list(list(symbols)).format("hill")
    origins = [{key: frame[key] for key in ("origin", "kpoints") if key in frame} for frame in frames]
    return LabelledFrames(
        name=f"{recipe}_{formula}",
        symbols=np.array(symbols),
        cells=np.array([frame["cell"] for frame in frames], dtype=float),
        positions=np.array([frame["positions"] for frame in frames], dtype=float),
        energies=np.array([frame["energy"] for frame in frames], dtype=float),
        forces=np.array([frame["forces"] for frame in frames], dtype=float),
        virials=np.array([frame["virial"] for frame in frames], dtype=float),
        provenance={**provenance, "recipe": recipe, "origins": origins},
    )
