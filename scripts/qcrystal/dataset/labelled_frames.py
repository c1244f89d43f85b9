"""Data sets of DFT labels: DeePMD ``npy`` systems, their checks, their sources, and the train/test split.

Units: Å, eV, eV/Å; virial = -volume × stress in eV, positive where the crystal is compressed; pressures in GPa.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from ase import units
from ase.data import atomic_numbers, covalent_radii
from ase.formula import Formula
from scipy.spatial import cKDTree

WIDTHS = {"coord": None, "box": 9, "energy": 1, "force": None, "virial": 9}


class DatasetError(ValueError):
    """Labels that cannot be used; one line that names the file or system, the frame, the value, and what to do."""


@dataclass
class System:
    """Labelled frames of one composition.

    Attributes
    ----------
    name : str
        Name within the data set, without slashes.
    symbols : (N,) array of str
    cells : (F, 3, 3) array
        Rows are cell vectors, Å.
    positions : (F, N, 3) array
        Å.
    energies : (F,) array
        eV, whole cell.
    forces : (F, N, 3) array
        eV/Å.
    virials : (F, 3, 3) array
        eV, -volume × stress.
    sets : (F,) array of str
        The ``set.*`` that each frame came from.
    provenance : dict
        Where the labels come from; ``origins`` in it holds one entry per frame.
    source : str
        Folder that the system was read from; messages name it.
    """

    name: str
    symbols: np.ndarray
    cells: np.ndarray
    positions: np.ndarray
    energies: np.ndarray
    forces: np.ndarray
    virials: np.ndarray
    sets: np.ndarray = None
    provenance: dict = field(default_factory=dict)
    source: str = ""

    def __post_init__(self):
        self.symbols = np.asarray(self.symbols, dtype="U2")
        if self.sets is None:
            self.sets = np.full(len(self.energies), "set.000")
        self.source = self.source or self.name

    def __len__(self) -> int:
        return len(self.energies)

    @property
    def formula(self) -> str:
        """Chemical formula of one cell, such as La2H20."""
        return Formula.from_list(self.symbols.tolist()).format("hill")

    @property
    def stoichiometry(self) -> str:
        """Reduced formula, such as LaH10."""
        return Formula.from_list(self.symbols.tolist()).reduce()[0].format("hill")

    @property
    def volumes(self) -> np.ndarray:
        """Cell volumes (F,) in Å³."""
        return np.abs(np.linalg.det(self.cells))

    @property
    def pressures(self) -> np.ndarray:
        """Potential part of the pressure (F,) in GPa: trace(virial) / 3 V."""
        return np.trace(self.virials, axis1=1, axis2=2) / (3 * self.volumes) / units.GPa

    def take(self, frames) -> System:
        """The same system with these frames only."""
        frames = np.asarray(frames, dtype=int)
        arrays = ("cells", "positions", "energies", "forces", "virials", "sets")
        provenance = dict(self.provenance)
        if "origins" in provenance:
            provenance["origins"] = [provenance["origins"][i] for i in frames]
        return replace(self, **{name: getattr(self, name)[frames] for name in arrays}, provenance=provenance)


@dataclass(frozen=True)
class Limits:
    """What labels of a compressed hydride may look like; anything outside is an error.

    ``min_distance`` (Å) between any two atoms ([Ly]'s hottest frame has H-H at 0.41 Å). ``radius_fraction``: share of
    the sum of covalent radii below which the typical nearest two atoms cannot be of the species that they are called.
    ``loosest``: share of that sum above which no two atoms of a crystal are near each other, as where lengths are in Bohr
    (0.76 to 0.83 in LaH10). ``max_force`` (eV/Å). ``pressure`` (GPa), whose sign is that of the virial.
    ``energy_deviation`` (eV/atom) and ``robust_z`` that an energy must exceed both, off the trend with volume, to be an
    outlier ([Ly]'s `aimd` starts 0.41 eV/atom below its molten rest). ``force_ratio`` of a frame's rms force to the median
    frame's. ``unit_factor`` between the pressure of the virials and -dE/dV, above which one of them is in another unit (0.6
    to 1.6 in [Ly]'s systems, whose temperatures differ).
    """

    min_distance: float = 0.35
    radius_fraction: float = 0.5
    loosest: float = 1.3
    max_force: float = 100.0
    pressure: tuple[float, float] = (0.0, 1000.0)
    energy_deviation: float = 0.6
    robust_z: float = 10.0
    force_ratio: float = 20.0
    unit_factor: float = 3.0


# ---------------------------------------------------------------------------------------------------------------------
# files


def read_deepmd(folder: Path, type_map: Sequence[str], name: str | None = None) -> System:
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
    return System(
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


def _read_set(folder: Path, atoms: int, mmap_mode: str | None = None) -> dict[str, np.ndarray]:
    arrays = {key: _read_array(folder / f"{key}.npy", width or 3 * atoms, mmap_mode) for key, width in WIDTHS.items()}
    frames = len(arrays["energy"])
    for key, array in arrays.items():
        if len(array) != frames:
            raise DatasetError(
                f"{folder / (key + '.npy')}: {len(array)} frames, but energy.npy has {frames}; write both again"
            )
    return arrays


def _read_array(path: Path, width: int, mmap_mode: str | None = None) -> np.ndarray:
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


def write_deepmd(system: System, folder: Path, set_name: str = "set.000", provenance: dict | None = None) -> Path:
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


def read_dataset(path: Path, type_map: Sequence[str]) -> list[System]:
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


# ---------------------------------------------------------------------------------------------------------------------
# checks


def check(system: System, limits: Limits | None = None) -> None:
    """Raise `DatasetError` for the first thing that is wrong with one system."""
    limits = limits or Limits()
    _check_shapes(system)
    _check_finite(system)
    _check_cells(system)
    _check_distances(system, limits)
    _check_forces(system, limits)
    _check_pressures(system, limits)
    _check_duplicates([system])
    _check_trend([system], limits)


def check_dataset(systems: Sequence[System], limits: Limits | None = None) -> None:
    """Check every system, and systems against each other: energies, virials and duplicates across systems."""
    limits = limits or Limits()
    for system in systems:
        check(system, limits)
    for _, group in itertools.groupby(sorted(systems, key=_stoichiometry), key=_stoichiometry):
        _check_trend(list(group), limits)
    for _, group in itertools.groupby(sorted(systems, key=_order), key=_order):
        _check_duplicates(list(group))


def _stoichiometry(system: System) -> str:
    return system.stoichiometry


def _order(system: System) -> str:
    return " ".join(system.symbols)


def _check_shapes(system: System) -> None:
    frames, atoms = len(system), len(system.symbols)
    shapes = {
        "cells": (frames, 3, 3),
        "positions": (frames, atoms, 3),
        "forces": (frames, atoms, 3),
        "virials": (frames, 3, 3),
    }
    if frames == 0:
        raise DatasetError(f"{system.source}: no frames; remove the system")
    for name, shape in shapes.items():
        found = np.shape(getattr(system, name))
        if found != shape:
            raise DatasetError(f"{system.source}: {name} have shape {found}, not {shape}; write the system again")


def _check_finite(system: System) -> None:
    for name in ("cells", "positions", "energies", "forces", "virials"):
        values = getattr(system, name).reshape(len(system), -1)
        bad = ~np.isfinite(values)
        if bad.any():
            frame = int(np.argmax(bad.any(axis=1)))
            value = values[frame][bad[frame]][0]
            raise DatasetError(f"{system.source}: frame {frame}: {value} in {name}; label or remove this frame")


def _check_cells(system: System) -> None:
    lengths = np.linalg.norm(system.cells, axis=2)
    skew = system.volumes / np.maximum(lengths.prod(axis=1), 1e-300)
    frame = int(np.argmin(skew))
    if skew[frame] < 1e-3:
        raise DatasetError(
            f"{system.source}: frame {frame}: singular cell, volume {system.volumes[frame]:.3g} Å³; remove this frame"
        )


def _check_distances(system: System, limits: Limits) -> None:
    closest = np.inf
    for pair, distances in nearest_distances(system).items():
        frame = int(np.argmin(distances))
        if distances[frame] < limits.min_distance:
            raise DatasetError(
                f"{system.source}: frame {frame}: {pair[0]} and {pair[1]} are {distances[frame]:.3f} Å apart, "
                f"less than {limits.min_distance} Å; remove this frame"
            )
        typical = np.median(distances)
        radii = sum(covalent_radii[atomic_numbers[s]] for s in pair)
        closest, bound = min(closest, typical / radii), limits.radius_fraction * radii
        if typical < bound:
            raise DatasetError(
                f"{system.source}: the nearest {pair[0]} and {pair[1]} are {typical:.2f} Å apart in the median frame, "
                f"less than these species allow ({bound:.2f} Å): types look swapped; check type.raw and the type map"
            )
    if closest > limits.loosest:
        raise DatasetError(
            f"{system.source}: even the nearest atoms are {closest:.2f} times the sum of their covalent radii apart: lengths do "
            "not look like Å; check the unit of box.npy and coord.npy"
        )


def _check_forces(system: System, limits: Limits) -> None:
    largest = np.linalg.norm(system.forces, axis=2).max(axis=1)
    frame = int(np.argmax(largest))
    if largest[frame] > limits.max_force:
        raise DatasetError(
            f"{system.source}: frame {frame}: force of {largest[frame]:.1f} eV/Å, more than {limits.max_force:g}; "
            "check the unit, or label or remove this frame"
        )
    rms = np.sqrt((system.forces**2).mean(axis=(1, 2)))
    frame, typical = int(np.argmax(rms)), np.median(rms)
    if len(system) >= 5 and rms[frame] > limits.force_ratio * typical > 0:
        raise DatasetError(
            f"{system.source}: frame {frame}: rms force {rms[frame]:.2f} eV/Å where the median frame has {typical:.2f}"
            "; label or remove this frame"
        )


def _check_pressures(system: System, limits: Limits) -> None:
    low, high = limits.pressure
    pressures = system.pressures
    wrong = (pressures < low) | (pressures > high)
    if wrong.any():
        frame = int(np.argmax(wrong))
        hint = "its sign looks wrong: virial = -volume × stress" if pressures[frame] < low else "check its unit"
        raise DatasetError(
            f"{system.source}: frame {frame}: the virial gives {pressures[frame]:.1f} GPa, outside {low:g} to {high:g} "
            f"GPa at {system.volumes[frame] / len(system.symbols):.3f} Å³/atom; {hint}"
        )


def _check_duplicates(systems: Sequence[System], tolerance: float = 1e-6) -> None:
    """Frames whose cell and positions agree within ``tolerance`` (Å) in every component."""
    labels = [(system.source, frame) for system in systems for frame in range(len(system))]
    points = np.concatenate(
        [np.hstack([s.cells.reshape(len(s), -1), s.positions.reshape(len(s), -1)]) for s in systems]
    )
    pairs = cKDTree(points).query_pairs(tolerance, p=np.inf)
    if pairs:
        first, second = (labels[i] for i in min(pairs))
        raise DatasetError(
            f"{second[0]}: frame {second[1]} is a duplicate of frame {first[1]} of {first[0]}; remove one of them"
        )


def _check_trend(systems: Sequence[System], limits: Limits, enough: int = 8) -> None:
    """Energies against their trend with volume, and the pressures against -dE/dV of that trend."""
    labels = [(system.source, frame) for system in systems for frame in range(len(system))]
    if len(labels) < enough:
        return
    volumes = np.concatenate([s.volumes / len(s.symbols) for s in systems])
    energies = np.concatenate([s.energies / len(s.symbols) for s in systems])
    pressures = np.concatenate([s.pressures for s in systems])
    spread = np.ptp(volumes) / np.median(volumes)
    degree = 2 if spread > 0.05 else 1 if spread > 0.01 else 0
    middle = np.median(volumes)
    trend, scale = robust_polynomial(volumes - middle, energies, degree)
    residuals = energies - np.polyval(trend, volumes - middle)
    worst = int(np.argmax(np.abs(residuals)))
    if abs(residuals[worst]) > max(limits.energy_deviation, limits.robust_z * scale):
        source, frame = labels[worst]
        raise DatasetError(
            f"{source}: frame {frame}: energy {energies[worst]:.4f} eV/atom is {residuals[worst]:+.3f} eV/atom off the "
            f"trend of the other frames with volume (their scatter is {scale:.3f}); label or remove this frame"
        )
    if spread > 0.05:
        # A straight line: frames of different temperatures scatter, and more coefficients would follow their scatter.
        line, scale = robust_polynomial(volumes - middle, energies, 1)
        error = scale / np.linalg.norm(volumes - volumes.mean()) / units.GPa
        expected, found = -line[0] / units.GPa, float(np.median(pressures))
        if abs(expected) > max(20, 3 * error) and abs(found + expected) < abs(found - expected):
            raise DatasetError(
                f"{labels[0][0]}: the virials give {found:.0f} GPa but the energies fall with volume as at "
                f"{expected:.0f} GPa: the virial's sign is wrong; virial = -volume × stress"
            )
        if abs(expected) > 5 * error and not 1 / limits.unit_factor < expected / found < limits.unit_factor:
            raise DatasetError(
                f"{labels[0][0]}: the virials give {found:.3g} GPa but the energies fall with volume as at {expected:.3g} GPa: "
                "one of them is in another unit; energies and virials = -volume × stress are in eV"
            )


def robust_polynomial(x: np.ndarray, y: np.ndarray, degree: int) -> tuple[np.ndarray, float]:
    """Polynomial fit with Cauchy weights, and the residuals' scale 1.4826 median|r| (a robust standard deviation)."""
    weights = np.ones(len(x))
    coefficients = np.array([0.0] * degree + [np.median(y)])
    for _ in range(50):
        residuals = y - np.polyval(coefficients, x)
        scale = max(1.4826 * np.median(np.abs(residuals)), 1e-9)
        weights = 1 / np.sqrt(1 + (residuals / (2 * scale)) ** 2)
        coefficients = np.polyfit(x, y, degree, w=weights)
    residuals = y - np.polyval(coefficients, x)
    return coefficients, float(1.4826 * np.median(np.abs(residuals)))


def nearest_distances(system: System, reach: float = 5.0) -> dict[tuple[str, str], np.ndarray]:
    """Shortest distance (F,) in Å between atoms of each pair of species, periodic images included.

    Exact up to the smaller of ``reach`` (Å) and the cell's smallest height; a distance beyond that may come out larger.
    """
    species = list(dict.fromkeys(system.symbols.tolist()))
    pairs = list(itertools.combinations_with_replacement(species, 2))
    result = {pair: np.empty(len(system)) for pair in pairs}
    for frame, (cell, positions) in enumerate(zip(system.cells, system.positions, strict=True)):
        fractional = (positions @ np.linalg.inv(cell)) % 1.0
        images, symbols = _with_images(fractional, cell, system.symbols, reach)
        trees = {s: cKDTree(images[symbols == s]) for s in species}
        for a, b in pairs:
            atoms = fractional[system.symbols == a] @ cell
            distances = trees[b].query(atoms, k=[2 if a == b else 1])[0]
            result[a, b][frame] = distances.min()
    return result


def _with_images(fractional: np.ndarray, cell: np.ndarray, symbols: np.ndarray, reach: float):
    """Cartesian positions and symbols of the atoms in the cell and within ``reach`` of its faces."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    margin = np.minimum(1.0, reach / heights)
    shifted = fractional[None] + np.array(list(itertools.product((-1, 0, 1), repeat=3)))[:, None]
    near = ((shifted >= -margin) & (shifted <= 1 + margin)).all(axis=2)
    return shifted[near] @ cell, np.broadcast_to(symbols, near.shape)[near]


def summary(systems: Iterable[System]) -> pd.DataFrame:
    """One row per system: frames, atoms, ranges of volume (Å³/atom), pressure (GPa) and energy (eV/atom), largest
    force component (eV/Å), and the nearest distance (Å) of each pair of species."""
    rows = []
    for system in systems:
        atoms = len(system.symbols)
        row = {"system": system.name, "frames": len(system), "atoms": atoms, "formula": system.formula}
        for name, values in (
            ("volume", system.volumes / atoms),
            ("pressure", system.pressures),
            ("energy", system.energies / atoms),
        ):
            row[f"{name}_min"], row[f"{name}_max"] = values.min(), values.max()
        row["max_force"] = np.abs(system.forces).max()
        row.update({f"nearest_{a}_{b}": d.min() for (a, b), d in nearest_distances(system).items()})
        rows.append(row)
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------------------------------------------------------
# the train/test split


def split(
    systems: Sequence[System], rule: str, fraction: float = 0.1, seed: int = 0
) -> tuple[list[System], list[System]]:
    """Frames to train on and frames never to be trained on.

    Parameters
    ----------
    rule
        ``last set``: the last ``set.*`` of every system is the test split ([Ly]'s own rule; with a copy that lacks
        [Ly]'s test sets it is the last set that there is). ``fraction``: of every system of at least two frames,
        ``fraction`` of the frames (at least one), drawn by a generator keyed with the seed and the system's name.
        ``marked``: the frames whose origin in the provenance has ``part: test``, as concurrent learning marks them.
    """
    if rule not in ("last set", "fraction", "marked"):
        raise DatasetError(f"test split: unknown rule {rule!r}; use 'last set', 'fraction' or 'marked'")
    train, test = [], []
    for system in systems:
        if rule == "marked":
            chosen = _marked(system)
        else:
            chosen = _last_set(system) if rule == "last set" else _drawn(system, fraction, seed)
        for part, frames in ((test, chosen), (train, ~chosen)):
            if frames.any():
                part.append(system.take(np.flatnonzero(frames)))
    return train, test


def _last_set(system: System) -> np.ndarray:
    if len(set(system.sets)) < 2:
        raise DatasetError(f"{system.source}: only one set.*, so the rule 'last set' leaves nothing to train on")
    return system.sets == max(system.sets)


def _marked(system: System) -> np.ndarray:
    origins = system.provenance.get("origins", [])
    if len(origins) != len(system) or any("part" not in entry for entry in origins):
        raise DatasetError(
            f"{system.source}: provenance.json does not say of each frame whether it is for testing (origins: part), "
            "as the rule 'marked' needs; use 'fraction'"
        )
    return np.array([entry["part"] == "test" for entry in origins])


def _drawn(system: System, fraction: float, seed: int) -> np.ndarray:
    chosen = np.zeros(len(system), dtype=bool)
    if len(system) >= 2:
        digest = hashlib.sha256(f"{seed}/{system.name}".encode()).digest()
        order = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32)).permutation(len(system))
        chosen[order[: min(len(system) - 1, max(1, round(fraction * len(system))))]] = True
    return chosen


def write_split(train: Sequence[System], test: Sequence[System], destination: Path, provenance: dict) -> None:
    """Write ``train/<system>`` and ``test/<system>`` below ``destination``, whole or not at all."""
    destination = Path(destination)
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for part, systems in (("train", train), ("test", test)):
        (partial / part).mkdir(parents=True)
        for system in systems:
            origin = {"split": part, "sets": sorted(set(system.sets.tolist()))}
            write_deepmd(system, partial / part / system.name, provenance={**provenance, **origin})
    shutil.rmtree(destination, ignore_errors=True)
    partial.rename(destination)


# ---------------------------------------------------------------------------------------------------------------------
# sources


def labels_to_systems(paths: Sequence[Path]) -> list[System]:
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


def _group_system(recipe: str, symbols: tuple[str, ...], frames: list[dict], provenance: dict) -> System:
    formula = Formula.from_list(list(symbols)).format("hill")
    origins = [{key: frame[key] for key in ("origin", "kpoints") if key in frame} for frame in frames]
    return System(
        name=f"{recipe}_{formula}",
        symbols=np.array(symbols),
        cells=np.array([frame["cell"] for frame in frames], dtype=float),
        positions=np.array([frame["positions"] for frame in frames], dtype=float),
        energies=np.array([frame["energy"] for frame in frames], dtype=float),
        forces=np.array([frame["forces"] for frame in frames], dtype=float),
        virials=np.array([frame["virial"] for frame in frames], dtype=float),
        provenance={**provenance, "recipe": recipe, "origins": origins},
    )


@dataclass(frozen=True)
class FetchReport:
    """What `fetch_ly2022` did: where the files came from, how many were verified, and the test sets that the source
    does not have."""

    source: str
    verified: int
    missing_test_sets: list[str]


def fetch_ly2022(
    destination: Path,
    local: Path | None,
    sha256sums: Path,
    repository: str,
    commit: str,
    opener: Callable = urllib.request.urlopen,
    key: str = "datasets.ly2022.path",
) -> FetchReport:
    """Bring [Ly]'s labelled frames to ``destination``, every file verified against its SHA-256.

    Files come from the folder ``local`` (laid out as upstream) or, if that is None, from the public repository. A file
    that ``destination`` already holds with the right checksum is kept, so a broken-off download continues. The last
    ``set.*`` of each system is upstream's test split: a local copy may lack it, and the report says so.

    Raises
    ------
    DatasetError
        A wrong checksum, any other missing file, or no connection; the message names the file.
    """
    expected = _read_checksums(Path(sha256sums))
    if local is not None:
        local = Path(local)
        if not local.is_dir():
            raise DatasetError(f"{local}: no such folder; {key} must name a copy of {repository} at commit {commit}")
        absent = {name for name in expected if not (local / name).is_file()}
        missing = _missing_test_sets(absent, expected, local)
        source = str(local)
    else:
        absent, missing = set(), []
        source = f"https://raw.githubusercontent.com/{repository}/{commit}"

    def fetch(name: str) -> None:
        target = Path(destination) / Path(name).relative_to("data/full")
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == expected[name]:
            return
        content = (local / name).read_bytes() if local else _download(f"{source}/{name}", opener, key)
        _verify(content, expected[name], f"{source}/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(content)
        partial.replace(target)

    names = sorted(set(expected) - absent)
    with ThreadPoolExecutor(max_workers=1 if local else 8) as pool:
        futures = [pool.submit(fetch, name) for name in names]
        try:
            for future in futures:
                future.result()
        except DatasetError:
            pool.shutdown(cancel_futures=True)
            raise
    return FetchReport(source, len(names), missing)


def _read_checksums(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; it lists the SHA-256 of every file of the data set")
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line) != 2 or len(line[0]) != 64 or not line[1].startswith("data/full/"):
            raise DatasetError(f"{path}: line {number} is not '<sha256>  data/full/<file>'; restore this file")
    return {name.strip(): digest for digest, name in lines}


def _missing_test_sets(absent: set[str], expected: dict[str, str], local: Path) -> list[str]:
    """Last sets of systems that are absent as a whole; any other absent file is an error."""
    sets: dict[str, set[str]] = {}
    for name in expected:
        folder = Path(name).parent
        if folder.name.startswith("set."):
            sets.setdefault(str(folder.parent), set()).add(folder.name)
    last = [f"{system}/{max(names)}" for system, names in sorted(sets.items())]
    missing = [folder for folder in last if {n for n in expected if n.startswith(f"{folder}/")} <= absent]
    unexplained = sorted(name for name in absent if str(Path(name).parent) not in missing)
    if unexplained:
        raise DatasetError(
            f"{local / unexplained[0]}: missing, and no test set; complete the copy ({len(unexplained)} files)"
        )
    return missing


def _download(address: str, opener: Callable, key: str, attempts: int = 3) -> bytes:
    for attempt in range(attempts):
        try:
            with opener(address, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == attempts - 1:
                raise DatasetError(f"{address}: the server answers {error.code}; check repository and commit") from None
        except (OSError, TimeoutError) as error:
            if attempt == attempts - 1:
                reason = getattr(error, "reason", error)
                raise DatasetError(
                    f"{address}: cannot be fetched ({reason}); name a local copy in the configuration, {key}"
                ) from None
    raise AssertionError("unreachable")


def _verify(content: bytes, expected: str, name: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DatasetError(f"{name}: SHA-256 is {found[:16]}..., not {expected[:16]}...; fetch this file again")
