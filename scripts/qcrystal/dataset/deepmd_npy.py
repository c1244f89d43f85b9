"""Data sets as files: DeePMD-kit's ``npy`` systems, read and written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from ase.data import atomic_numbers

from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames

WIDTHS = {"coord": None, "box": 9, "energy": 1, "force": None, "virial": 9}


def read_deepmd(folder: Path, type_map: Sequence[str], name: str | None = None) -> LabelledFrames:
    """Read one DeePMD ``npy`` system.

    Parameters
    ----------
    folder
        Holds ``type.raw``, one or more ``set.*`` and, if its types are numbered otherwise, ``type_map.raw``.
    type_map
        Species of the types, where the folder has no ``type_map.raw`` of its own.

    Raises
    ------
    DatasetError
        A missing, truncated or misshapen file.
    """
    folder = Path(folder)
    symbols = _read_types(folder, type_map)
    folders = _set_folders(folder)
    parts = [_read_set(path, len(symbols)) for path in folders]
    arrays = {key: np.concatenate([part[key] for part in parts]) for key in WIDTHS}
    return LabelledFrames(
        name=name or folder.name,
        symbols=symbols,
        cells=arrays["box"].reshape(-1, 3, 3),
        positions=arrays["coord"].reshape(-1, len(symbols), 3),
        energies=arrays["energy"].reshape(-1),
        forces=arrays["force"].reshape(-1, len(symbols), 3),
        virials=arrays["virial"].reshape(-1, 3, 3),
        sets=np.repeat([path.name for path in folders], [len(part["energy"]) for part in parts]),
        provenance=_read_provenance(folder / "provenance.json", sum(len(part["energy"]) for part in parts)),
        source=str(folder),
    )


def _set_folders(folder: Path) -> list[Path]:
    folders = sorted(path for path in folder.glob("set.*") if path.is_dir())
    if not folders:
        raise DatasetError(f"{folder}: no set.* folders; a DeePMD system needs at least one")
    return folders


def _system_folders(path: Path) -> list[Path]:
    folders = sorted(file.parent for file in path.rglob("type.raw"))
    if not folders:
        raise DatasetError(f"{path}: no DeePMD system (a folder with type.raw) here or below; check this path")
    return folders


def _refuse_foreign(symbols: np.ndarray, species: Sequence[str], folder: Path) -> None:
    foreign = sorted(set(symbols.tolist()) - set(species))
    if foreign:
        raise DatasetError(
            f"{folder}: holds {', '.join(foreign)}, but the species are {', '.join(species)}; "
            "use a data set of this crystal, or correct its type_map.raw"
        )


def _read_provenance(path: Path, frames: int) -> dict:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: not valid JSON ({error}); restore or remove it") from None
    if not isinstance(document, dict):
        raise DatasetError(f"{path}: holds {type(document).__name__}, not keys with values; restore or remove it")
    origins = document.get("origins")
    if origins is not None and (not isinstance(origins, list) or not all(isinstance(entry, dict) for entry in origins)):
        raise DatasetError(f"{path}: origins must be one entry with keys per frame; restore or remove it")
    if origins is not None and len(origins) != frames:
        raise DatasetError(f"{path}: {len(origins)} origins for {frames} frames; restore or remove it")
    return document


def _read_types(folder: Path, type_map: Sequence[str]) -> np.ndarray:
    path = folder / "type.raw"
    if not path.is_file():
        raise DatasetError(f"{path}: missing; a DeePMD system numbers the type of every atom there")
    try:
        types = np.array(path.read_text().split(), dtype=int)
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"{path}: must hold one whole number per atom ({error}); write it again") from None
    own = folder / "type_map.raw"
    try:
        species = own.read_text().split() if own.is_file() else list(type_map)
    except ValueError as error:
        raise DatasetError(f"{own}: must hold one chemical symbol per type ({error}); write it again") from None
    if len(types) == 0 or types.min() < 0 or types.max() >= len(species):
        raise DatasetError(
            f"{path}: types must lie in 0..{len(species) - 1}, one per species of {species}; correct it or the type map"
        )
    unknown = sorted(set(species) - set(atomic_numbers))
    if unknown:
        raise DatasetError(f"{own}: {unknown[0]!r} is not a chemical element; correct the type map")
    return np.array(species)[types]


def check_files(path: Path, type_map: Sequence[str]) -> None:
    """Make sure that all files of a data set are there, whole and of one size, without reading the arrays.

    Raises
    ------
    DatasetError
        As `read_dataset` would; what the numbers are is for `check_dataset` to see.
    """
    for folder in _system_folders(Path(path)):
        symbols = _read_types(folder, type_map)
        _refuse_foreign(symbols, type_map, folder)
        frames = sum(len(_read_set(part, len(symbols), "r")["energy"]) for part in _set_folders(folder))
        _read_provenance(folder / "provenance.json", frames)


def _read_set(folder: Path, atoms: int, mmap_mode: Literal["r"] | None = None) -> dict[str, np.ndarray]:
    arrays = {key: _read_array(folder / f"{key}.npy", width or 3 * atoms, mmap_mode) for key, width in WIDTHS.items()}
    frames = len(arrays["energy"])
    for key, array in arrays.items():
        if len(array) != frames:
            raise DatasetError(
                f"{folder / (key + '.npy')}: {len(array)} frames, but energy.npy has {frames}; write both again"
            )
    return arrays


def _read_array(path: Path, width: int, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; fetch or write the data set again")
    try:
        array = np.load(path, mmap_mode, allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            raise ValueError(f"it holds {getattr(array, 'dtype', 'an archive')}")
        array = array if mmap_mode else array.astype(float)
    except Exception as error:  # a damaged header may be anything to numpy: a syntax error, an absurd amount of memory
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DatasetError(f"{path}: not a complete npy array of numbers ({reason}); fetch or write it again") from None
    if array.ndim == 0 or array.size != len(array) * width:
        raise DatasetError(f"{path}: shape {array.shape}, but {width} numbers per frame are needed; check type.raw")
    return array.reshape(-1, width)


def write_deepmd(
    system: LabelledFrames, folder: Path, set_name: str = "set.000", provenance: dict | None = None
) -> Path:
    """Write a system as one ``set.*`` of a DeePMD folder, with its ``type_map.raw`` and ``provenance.json``.

    The set appears whole: it is written beside and renamed. Returns ``folder``.
    """
    folder = Path(folder)
    partial = folder / f"{set_name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    frames = len(system)
    arrays = {
        "coord": system.positions.reshape(frames, -1),
        "box": system.cells.reshape(frames, 9),
        "energy": system.energies,
        "force": system.forces.reshape(frames, -1),
        "virial": system.virials.reshape(frames, 9),
    }
    for key, array in arrays.items():
        np.save(partial / f"{key}.npy", np.asarray(array, dtype=np.float64))
    species = list(dict.fromkeys(sorted(system.symbols, key=lambda s: -atomic_numbers[s])))
    (folder / "type.raw").write_text("".join(f"{species.index(s)}\n" for s in system.symbols))
    (folder / "type_map.raw").write_text("".join(f"{s}\n" for s in species))
    document = {**system.provenance, **(provenance or {})}
    (folder / "provenance.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(folder / set_name, ignore_errors=True)
    partial.rename(folder / set_name)
    return folder


def read_dataset(path: Path, type_map: Sequence[str]) -> list[LabelledFrames]:
    """All DeePMD systems at or below ``path``, sorted; names are relative paths with ``/`` as ``_``.

    Raises
    ------
    DatasetError
        None, two of one name, one that `read_deepmd` refuses, or one with species that ``type_map`` lacks.
    """
    path = Path(path)
    folders = _system_folders(path)
    names = ["_".join(folder.relative_to(path).parts) or path.name for folder in folders]
    for folder, name in zip(folders, names, strict=True):
        if names.count(name) > 1:
            raise DatasetError(f"{folder}: another system here is called {name} too; rename one of the folders")
    systems = [read_deepmd(folder, type_map, name) for folder, name in zip(folders, names, strict=True)]
    for folder, system in zip(folders, systems, strict=True):
        _refuse_foreign(system.symbols, type_map, folder)
    return systems
