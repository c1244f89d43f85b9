"""The file between DFT and everything after it: ``labels.json``, as ``scripts/dft/label.py`` writes it, and data sets from it.

Energies in eV, lengths in Å, forces in eV/Å. The virial is -volume × stress in eV, positive where the crystal is compressed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from ase import units
from ase.data import atomic_numbers
from ase.formula import Formula
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.fields import Text


class LabelError(DatasetError):
    """Labels that cannot be used; the message names the file, the frame, and what to do."""


def _numbers(value: Any) -> np.ndarray:
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError("must be numbers") from None
    if not np.isfinite(array).all():
        raise ValueError("must be finite numbers")
    return array


def _element(symbol: str) -> str:
    if symbol not in atomic_numbers:
        raise ValueError(f"{symbol!r:.60} is no chemical element")
    return symbol


Array = Annotated[np.ndarray, BeforeValidator(_numbers)]
Element = Annotated[str, AfterValidator(_element)]


class Label(BaseModel):
    """One labelled frame.

    Attributes
    ----------
    energy : float
        eV, the electronic free energy, whose derivatives are the forces and the virial.
    forces, positions : (N, 3) arrays
        eV/Å and Å.
    virial, cell : (3, 3) arrays
        eV and Å; rows of ``cell`` are vectors.
    symbols : list of str
        Chemical symbols of the N atoms.
    origin : str
        Where the frame comes from; the first word is its recipe.
    kpoints : list of int
        Points along each reciprocal vector; empty where the file does not say.
    processor_seconds : float
        NaN where the file does not say.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore", frozen=True)

    energy: Annotated[float, Field(allow_inf_nan=False)]
    forces: Array
    virial: Array
    cell: Array
    positions: Array
    symbols: list[Element] = Field(min_length=1)
    origin: Text
    kpoints: list[int] = []
    processor_seconds: float = float("nan")

    @model_validator(mode="after")
    def _shapes(self) -> Label:
        atoms = (len(self.symbols), 3)
        for key, shape in {"forces": atoms, "positions": atoms, "cell": (3, 3), "virial": (3, 3)}.items():
            found = getattr(self, key).shape
            if found != shape:
                raise ValueError(f"{key} has shape {found}, not {shape} as {atoms[0]} atoms need")
        return self

    @property
    def recipe(self) -> str:
        """The first word of the origin."""
        return self.origin.split()[0]

    @property
    def volume(self) -> float:
        """Volume of the cell (Å³)."""
        return float(abs(np.linalg.det(self.cell)))

    @property
    def pressure(self) -> float:
        """Potential part of the pressure (GPa): trace(virial) / 3 V."""
        return float(np.trace(self.virial) / (3 * self.volume) / units.GPa)


class Labels(BaseModel):
    """All labels of one file, with the software and the settings that made them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    software: dict[str, Any]
    settings: dict[str, Any]
    frames: list[Label]


def read_labels(path: Path) -> Labels:
    """Read a file of labels.

    Raises
    ------
    LabelError
        The file is missing, is not JSON, or holds a frame that is not complete.
    """
    try:
        return Labels.model_validate(json.loads(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise LabelError(f"{path}: missing; label these frames first") from None
    except ValidationError as error:
        raise LabelError(f"{path}: {_first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise LabelError(f"{path}: not valid JSON ({error}); label these frames again") from None


def _first_problem(error: ValidationError) -> str:
    """The first problem of a document, as the end of one line."""
    problem = error.errors()[0]
    place, reason = problem["loc"], problem["msg"].removeprefix("Value error, ")
    if len(place) < 2 or place[0] != "frames":
        where = f"{place[0]!r}: {reason}" if place else reason
        return f"not the labeller's output ({where}); label these frames again"
    key = ".".join(map(str, place[2:]))
    if problem["type"] == "missing" or problem["input"] is None:
        return f"frame {place[1]} has no {key!r}; label it again"
    return f"frame {place[1]}: {f'{key}: ' if key else ''}{reason}; label it again"


def labels_to_systems(paths: Sequence[Path]) -> list[LabelledFrames]:
    """Systems from files of labels, one per recipe and order of species.

    All files must come from the same settings.

    Raises
    ------
    qcrystal.dft.labels.LabelError
        A file cannot be used, was labelled with other settings than the first, or there is no frame at all.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Label]] = {}
    first: tuple[Path, dict] | None = None
    for path in map(Path, paths):
        labels = read_labels(path)
        made_by = {"software": labels.software, "settings": labels.settings}
        first = first or (path, made_by)
        if made_by != first[1]:
            raise LabelError(f"{path}: labelled with other settings or software than {first[0]}; label it again")
        for label in labels.frames:
            groups.setdefault((label.recipe, tuple(label.symbols)), []).append(label)
    if first is None or not groups:
        raise LabelError("no labelled frames at all; check the list of labels.json files")
    return [_system(recipe, symbols, labels, first[1]) for (recipe, symbols), labels in sorted(groups.items())]


def _system(recipe: str, symbols: tuple[str, ...], labels: list[Label], provenance: dict) -> LabelledFrames:
    formula = Formula.from_list(list(symbols)).format("hill")
    origins = [{"origin": label.origin, **({"kpoints": label.kpoints} if label.kpoints else {})} for label in labels]
    return LabelledFrames(
        name=f"{recipe}_{formula}",
        symbols=np.array(symbols),
        cells=np.array([label.cell for label in labels]),
        positions=np.array([label.positions for label in labels]),
        energies=np.array([label.energy for label in labels]),
        forces=np.array([label.forces for label in labels]),
        virials=np.array([label.virial for label in labels]),
        provenance={**provenance, "recipe": recipe, "origins": origins},
    )
