"""Data sets as files: DeePMD-kit's ``npy`` systems, read and written.

A system is a folder with ``type.raw``, usually ``type_map.raw``, and sets of frames, ``set.*``. Frames of one system have the
same atoms, or (``deepmd/npy/mixed``) each its own, which ``real_atom_types.npy`` beside the arrays tells. Links are followed.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula

from qcrystal.dataset.labelled_frames import DatasetError, LabelledFrames
from qcrystal.files import put_in_place

logger = logging.getLogger(__name__)

WIDTHS = {"coord": None, "box": 9, "energy": 1, "force": None, "virial": 9}
"""Arrays of a set, and numbers per frame; None: three per atom."""
REAL_TYPES = "real_atom_types"
REFUSED = {
    "spin": "spins, which no potential here learns; leave out magnetic frames",
    "force_mag": "magnetic forces, which no potential here learns; leave out magnetic frames",
    "fparam": "parameters of the frames, on which their labels depend; keep the frames of one value, without this file",
    "aparam": "parameters of the atoms, on which their labels depend; keep the frames of one value, without this file",
}
"""Arrays that change the meaning of the labels."""
MISSING = {
    "box": "crystals need a cell: add the cell vectors of each frame as rows, in Å",
    "virial": "the pressures of the labels follow from it: label these frames with stresses (virial = -volume × stress, eV)",
}
AGAIN = "fetch it or write it again"
FROM_HDF5 = "dpdata {file} -i deepmd/hdf5 -o deepmd/npy -O {folder} --multi"
FROM_RAW = "dpdata {folder} -i deepmd/raw -o deepmd/npy -O {folder}-npy"


def read_dataset(path: Path, type_map: Sequence[str]) -> list[LabelledFrames]:
    """All DeePMD systems at or below ``path``, sorted; names are relative paths with ``/`` as ``_``.

    Frames of a mixed system become one system per composition, whose name ends with its formula.

    Parameters
    ----------
    type_map
        Species that the data set may have, and of the types of folders without ``type_map.raw``.

    Raises
    ------
    DatasetError
        No system, two of one name, a file that is missing, broken or of another kind, or a foreign species.
    """
    path = Path(path)
    systems, names = [], set()
    for folder in _system_folders(path):
        name = "_".join(folder.relative_to(path).parts) or path.name
        for system in read_system(folder, type_map, name):
            if system.name in names:
                raise DatasetError(
                    f"another system here is called {system.name} too; rename one of the folders", folder
                )
            names.add(system.name)
            systems.append(system)
            _refuse_foreign(system.symbols, type_map, folder)
    return systems


def read_deepmd(folder: Path, type_map: Sequence[str], name: str | None = None) -> LabelledFrames:
    """Read one DeePMD system whose frames have the same atoms; see `read_system`.

    Raises
    ------
    DatasetError
        As of `read_system`, or frames of several compositions.
    """
    systems = read_system(folder, type_map, name)
    if len(systems) > 1:
        raise DatasetError(f"holds {len(systems)} compositions; read it as a data set", Path(folder))
    return systems[0]


def read_system(folder: Path, type_map: Sequence[str], name: str | None = None) -> list[LabelledFrames]:
    """Read one DeePMD folder; one system per composition, in the order of their first frames.

    Parameters
    ----------
    folder
        Holds ``type.raw``, one or more ``set.*`` and, if its types are numbered otherwise, ``type_map.raw``.
    type_map
        Species of the types, where the folder has no ``type_map.raw`` of its own.

    Raises
    ------
    DatasetError
        A missing, truncated or misshapen file, or one that says something that is not read.
    """
    folder = Path(folder)
    species, types = _read_types(folder, type_map)
    folders = _set_folders(folder)
    parts = [_read_set(path, types, len(species)) for path in folders]
    _report_unread(folder, folders)
    frames = sum(len(part["energy"]) for part in parts)
    arrays = {key: np.concatenate([part[key] for part in parts]) for key in (*WIDTHS, REAL_TYPES)}
    provenance = _read_provenance(folder / "provenance.json", frames)
    sets = np.repeat([path.name for path in folders], [len(part["energy"]) for part in parts])
    groups = _compositions(arrays[REAL_TYPES])
    systems = []
    for kinds, chosen, order in groups:
        symbols = np.array(species)[kinds]
        formula = Formula.from_list(symbols.tolist()).format("hill")
        of_atoms = {key: arrays[key].reshape(frames, -1, 3)[chosen[:, None], order] for key in ("coord", "force")}
        system = LabelledFrames(
            name=(name or folder.name) + (f"_{formula}" if len(groups) > 1 else ""),
            symbols=symbols,
            cells=arrays["box"][chosen].reshape(-1, 3, 3),
            positions=of_atoms["coord"],
            energies=arrays["energy"][chosen, 0],
            forces=of_atoms["force"],
            virials=arrays["virial"][chosen].reshape(-1, 3, 3),
            sets=sets[chosen],
            provenance=provenance,
            source=str(folder),
        )
        if "origins" in provenance:
            origins = [provenance["origins"][frame] for frame in chosen]
            system.provenance = {**provenance, "origins": origins}
        systems.append(system)
    return systems


def _compositions(types: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Frames by their atoms, from the types (F, N) of each frame; -1 is a place without an atom.

    Returns
    -------
    list of tuple
        Types (n,) of a composition, its frames (f,), and of each of them the atoms in this order (f, n). Frames that all have
        the same types keep the order of their atoms; otherwise atoms are sorted by type.
    """
    if len(types) and (types == types[0]).all() and types.min() >= 0:
        every = np.arange(len(types))
        return [(types[0], every, np.broadcast_to(np.arange(types.shape[1]), types.shape))]
    order = np.argsort(types, axis=1, kind="stable")
    kinds, first, of_frame = np.unique(
        np.take_along_axis(types, order, 1), axis=0, return_index=True, return_inverse=True
    )
    groups = []
    for number in np.argsort(first):
        frames, real = np.flatnonzero(of_frame.ravel() == number), kinds[number] >= 0
        groups.append((kinds[number][real], frames, order[frames][:, real]))
    return groups


def check_files(path: Path, type_map: Sequence[str]) -> None:
    """Make sure that all files of a data set are there, whole and of one size, without reading the arrays.

    Raises
    ------
    DatasetError
        As `read_dataset` would. What the numbers are is for `qcrystal.dataset.checks` to see.
    """
    for folder in _system_folders(Path(path)):
        species, types = _read_types(folder, type_map)
        parts = [_read_set(part, types, len(species), "r") for part in _set_folders(folder)]
        kinds = np.unique(np.concatenate([np.unique(part[REAL_TYPES]) for part in parts]))
        _refuse_foreign(np.array(species)[kinds[kinds >= 0]], type_map, folder)
        _read_provenance(folder / "provenance.json", sum(len(part["energy"]) for part in parts))


def dataset_files(path: Path) -> list[Path]:
    """Every file that a data set is read from, through links: arrays, types, and the marks of its frames.

    Raises
    ------
    DatasetError
        A link that leads nowhere or in a circle.
    """
    kinds = (".npy", ".raw", ".json")
    return sorted(file for folder in _folders(Path(path)) for file in folder.iterdir() if file.suffix in kinds)


def _folders(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """A folder and those below it, links followed."""
    real = folder.resolve()
    if real in above:
        raise DatasetError("this link leads to a folder above itself; remove it", folder)
    yield folder
    for child in sorted(folder.iterdir()) if folder.is_dir() else ():
        if child.is_symlink() and not child.exists():
            raise DatasetError("this link leads nowhere; bring back what it names, or remove it", child)
        if child.is_dir():
            yield from _folders(child, (*above, real))


def _system_folders(path: Path) -> list[Path]:
    every = list(_folders(path))
    for folder in every:
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            if file.suffix in (".hdf5", ".h5") and _holds_systems(file):
                command = FROM_HDF5.format(file=file.name, folder=file.stem)
                raise DatasetError(f"HDF5 sets are not read; convert them: {command}", file)
    folders = [folder for folder in every if (folder / "type.raw").is_file()]
    if not folders:
        raise DatasetError("no DeePMD system (a folder with type.raw) here or below; check this path", path)
    return folders


def _holds_systems(file: Path) -> bool:
    """Whether an HDF5 file holds DeePMD systems."""
    try:
        with h5py.File(file) as content:
            return "type.raw" in content or any(
                isinstance(part, h5py.Group) and "type.raw" in part for part in content.values()
            )
    except OSError:
        return False


def _set_folders(folder: Path) -> list[Path]:
    if (folder / "nopbc").exists():
        raise DatasetError(
            "says that these frames are not periodic, and crystals are; remove this file if the cell in box.npy is theirs",
            folder / "nopbc",
        )
    folders = sorted(path for path in folder.glob("set.*") if path.is_dir())
    if not folders:
        raw = (
            f"; convert the text files: {FROM_RAW.format(folder=folder.name)}"
            if (folder / "coord.raw").is_file()
            else ""
        )
        raise DatasetError(f"no set.* folders; a DeePMD system needs at least one{raw}", folder)
    return folders


def _refuse_foreign(symbols: np.ndarray, species: Sequence[str], folder: Path) -> None:
    foreign = sorted(set(symbols.tolist()) - set(species))
    if foreign:
        raise DatasetError(
            f"holds {', '.join(foreign)}, but the species are {', '.join(species)}; "
            "use a data set of this crystal, or correct its type_map.raw",
            folder,
        )


def _report_unread(folder: Path, sets: Sequence[Path]) -> None:
    """One line in the log about arrays that are not read."""
    names = {file.stem for part in sets for file in part.glob("*.npy")} - {*WIDTHS, REAL_TYPES}
    if names:
        logger.warning("%s: not read: %s", folder, ", ".join(sorted(names)))


def _read_provenance(path: Path, frames: int) -> dict:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"not valid JSON ({error}); restore or remove it", path) from None
    if not isinstance(document, dict):
        raise DatasetError(f"holds {type(document).__name__}, not keys with values; restore or remove it", path)
    origins = document.get("origins")
    if origins is not None and (not isinstance(origins, list) or not all(isinstance(entry, dict) for entry in origins)):
        raise DatasetError("origins must be one entry with keys per frame; restore or remove it", path)
    if origins is not None and len(origins) != frames:
        raise DatasetError(f"{len(origins)} origins for {frames} frames; restore or remove it", path)
    return document


def _read_types(folder: Path, type_map: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Species of the types, and the types (N,) of the atoms."""
    path, own = folder / "type.raw", folder / "type_map.raw"
    if not path.is_file():
        raise DatasetError("missing; a DeePMD system numbers the type of every atom there", path)
    try:
        types = np.array(path.read_text().split(), dtype=int)
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"must hold one whole number per atom ({error}); write it again", path) from None
    try:
        species = own.read_text().split() if own.is_file() else list(type_map)
    except ValueError as error:
        raise DatasetError(f"must hold one chemical symbol per type ({error}); write it again", own) from None
    _check_types(types, species, path)
    unknown = sorted(set(species) - set(atomic_numbers))
    if unknown:
        raise DatasetError(f"{unknown[0]!r} is not a chemical element; correct the type map", own)
    return species, types


def _check_types(types: np.ndarray, species: Sequence[str], path: Path, lowest: int = 0) -> None:
    if types.size == 0 or types.min() < lowest or types.max() >= len(species):
        raise DatasetError(
            f"types must lie in 0..{len(species) - 1}, one per species of {list(species)}; correct it or the type map",
            path,
        )


def _read_set(
    folder: Path, types: np.ndarray, species: int, mmap_mode: Literal["r"] | None = None
) -> dict[str, np.ndarray]:
    """Arrays of a set, and the types (F, N) of its atoms."""
    for name, meaning in REFUSED.items():
        if (folder / f"{name}.npy").exists():
            raise DatasetError(f"holds {meaning}", folder / f"{name}.npy")
    atoms = len(types)
    arrays = {key: _read_array(folder / f"{key}.npy", width or 3 * atoms, mmap_mode) for key, width in WIDTHS.items()}
    frames = len(arrays["energy"])
    own = folder / f"{REAL_TYPES}.npy"
    if own.exists():
        arrays[REAL_TYPES] = _read_array(own, atoms, mmap_mode).astype(int)
        _check_types(arrays[REAL_TYPES], [str(number) for number in range(species)], own, lowest=-1)
    else:
        arrays[REAL_TYPES] = np.broadcast_to(types, (frames, atoms))
    for key, array in arrays.items():
        if len(array) != frames:
            raise DatasetError(
                f"{len(array)} frames, but energy.npy has {frames}; write both again", folder / f"{key}.npy"
            )
    return arrays


def _read_array(path: Path, width: int, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    if not path.is_file():
        raise DatasetError(f"missing; {MISSING.get(path.stem, AGAIN)}", path)
    try:
        array = np.load(path, mmap_mode, allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            raise ValueError(f"it holds {getattr(array, 'dtype', 'an archive')}")
        array = array if mmap_mode else array.astype(float)
    except Exception as error:  # a damaged header may be anything to numpy: a syntax error, an absurd amount of memory
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DatasetError(f"not a complete npy array of numbers ({reason}); {AGAIN}", path) from None
    if array.ndim == 0 or array.size != len(array) * width:
        raise DatasetError(f"shape {array.shape}, but {width} numbers per frame are needed; check type.raw", path)
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
    put_in_place(partial, folder / set_name)
    return folder
