"""Trajectories in the H5MD layout, the same for every engine.

There is one file per run. It holds unwrapped positions (Å), cell (Å, rows are vectors), step and time (ps), species and masses.
For path integrals the positions are the centroid's; the beads are there on request. The run specification is kept whole, as
JSON in an attribute.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import pandas as pd
from ase import Atoms
from numpy.typing import ArrayLike
from pydantic import ValidationError

from qcrystal.dynamics.spec import RunSpec
from qcrystal.errors import QcrystalError
from qcrystal.io.tables import TableError, read_table


class TrajectoryError(QcrystalError, ValueError):
    """A trajectory file that cannot be used; its message names the file."""


BLOCK = 256
"""Frames that are read at a time."""


class FramesDigest:
    """SHA-256 of a trajectory, taken while it grows: of what it says of the run, and of its first frames.

    It does not depend on the pieces in which frames come, nor on how HDF5 lays them out in the file.

    Attributes
    ----------
    frames : int
        Frames that it is of.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._parts: dict[str, Any] = {}

    @classmethod
    def of(cls, path: Path, step: int) -> FramesDigest:
        """Of a file's frames up to a step; `OSError`, `KeyError` or `ValueError` if it cannot be read."""
        digest = cls()
        with h5py.File(path, "r") as file:
            steps = file["particles/all/position/step"][:]
            digest.take(file, int(np.searchsorted(steps, step, side="right")))
        return digest

    def take(self, file: h5py.File, end: int | None = None) -> None:
        """Go on to a number of frames; None: to all that there are."""
        group = file["particles/all"]
        if not self._parts:
            head = str(file.attrs["specification"]).encode()
            self._parts["head"] = hashlib.sha256(head + group["species"][:].tobytes() + group["mass"][:].tobytes())
        end = len(group["position/step"]) if end is None else end
        for first in range(self.frames, end, BLOCK):
            last = min(first + BLOCK, end)
            for name in (name for name in ("position", "box/edges", "beads") if name in group):
                for key in ("value", "step", "time"):
                    part = self._parts.setdefault(f"{name}/{key}", hashlib.sha256())
                    part.update(group[name][key][first:last].tobytes())
            self.frames = last

    def hexdigest(self) -> str:
        """The digest."""
        parts = sorted((name, part.hexdigest()) for name, part in self._parts.items())
        return hashlib.sha256(json.dumps([self.frames, parts]).encode()).hexdigest()


class TrajectoryWriter:
    """Append frames to a trajectory; continues an existing file after ``truncate``.

    Parameters
    ----------
    path
        File to write; the caller renames it when the run is complete.
    spec
        Run specification.
    species
        Chemical symbols, one per atom.
    masses
        Masses in u, one per atom.
    beads
        Number of beads stored per frame; 0 stores the positions (or the centroid) only.
    """

    def __init__(
        self, path: Path, spec: RunSpec, species: Sequence[str] | np.ndarray, masses: ArrayLike, beads: int = 0
    ):
        self.path = Path(path)
        new = not self.path.exists()
        self._file = h5py.File(self.path, "a")
        if new:
            self._create(spec, list(species), np.asarray(masses, float), beads)
        self._group = self._file["particles/all"]

    def _create(self, spec: RunSpec, species: list[str], masses: np.ndarray, beads: int) -> None:
        n = len(species)
        header = self._file.create_group("h5md")
        header.attrs["version"] = (1, 1)
        header.create_group("author").attrs["name"] = "qcrystal"
        creator = header.create_group("creator")
        creator.attrs["name"], creator.attrs["version"] = "qcrystal", "1"
        self._file.attrs["specification"] = json.dumps(spec.model_dump(mode="json"), sort_keys=True)
        group = self._file.create_group("particles/all")
        group.create_dataset("species", data=np.array(species, dtype="S4"))
        group.create_dataset("mass", data=masses)
        box = group.create_group("box")
        box.attrs["dimension"] = 3
        box.attrs["boundary"] = ["periodic"] * 3
        self._element(group, "position", (n, 3), "angstrom")
        self._element(box, "edges", (3, 3), "angstrom", np.float64)
        if beads:
            self._element(group, "beads", (beads, n, 3), "angstrom")

    @staticmethod
    def _element(
        parent: h5py.Group, name: str, shape: tuple[int, ...], unit: str, dtype: type[np.floating] = np.float32
    ) -> None:
        group = parent.create_group(name)
        value = group.create_dataset("value", (0, *shape), maxshape=(None, *shape), chunks=(1, *shape), dtype=dtype)
        value.attrs["unit"] = unit
        group.create_dataset("step", (0,), maxshape=(None,), chunks=(1024,), dtype=np.int64)
        time = group.create_dataset("time", (0,), maxshape=(None,), chunks=(1024,), dtype=np.float64)
        time.attrs["unit"] = "ps"

    def _elements(self) -> list[h5py.Group]:
        return [self._group[name] for name in ("position", "box/edges", "beads") if name in self._group]

    def append(
        self, step: int, time: float, positions: np.ndarray, cell: np.ndarray, beads: np.ndarray | None = None
    ) -> None:
        """Add one frame; shapes (N, 3), (3, 3) and (P, N, 3)."""
        self.extend([(step, time, positions, cell, beads)])

    def extend(self, frames: list[tuple[Any, ...]]) -> None:
        """Add frames, each a tuple of what `append` takes: many at once are much cheaper."""
        steps, times, *columns = zip(*frames, strict=True)
        for name, values in zip(("position", "box/edges", "beads"), columns, strict=False):
            if name not in self._group:
                continue
            element = self._group[name]
            first = len(element["step"])
            for key, new in (("value", values), ("step", steps), ("time", times)):
                element[key].resize(first + len(frames), axis=0)
                element[key][first:] = np.asarray(new)

    def truncate(self, step: int) -> None:
        """Drop every frame after ``step``, to continue from a checkpoint."""
        for element in self._elements():
            count = int(np.searchsorted(element["step"][:], step, side="right"))
            for key in ("value", "step", "time"):
                element[key].resize(count, axis=0)

    def feed(self, digest: FramesDigest) -> None:
        """Put the frames that a digest has not seen into it."""
        digest.take(self._file)

    def flush(self) -> None:
        """Bring what was appended to the disk."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> TrajectoryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Trajectory:
    """Read a trajectory.

    Attributes
    ----------
    spec : RunSpec
    species : (N,) array of str
    masses : (N,) array, u
    step : (F,) array of int
    time : (F,) array, ps
    positions : (F, N, 3) array, Å, unwrapped (path integrals: the centroid)
    cell : (F, 3, 3) array, Å, rows are vectors
    beads : (F, P, N, 3) array or None

    Raises
    ------
    TrajectoryError
        If the file is missing, damaged or empty.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        try:
            with h5py.File(self.path, "r") as file:
                group = file["particles/all"]
                self.spec = RunSpec.model_validate_json(file.attrs["specification"])
                self.species = group["species"][:].astype(str)
                self.masses = group["mass"][:]
                self.step = group["position/step"][:]
                self.time = group["position/time"][:]
                self.positions = group["position/value"][:].astype(float)
                self.cell = group["box/edges/value"][:]
                self.beads = group["beads/value"][:].astype(float) if "beads" in group else None
        except ValidationError as error:
            raise TrajectoryError(
                f"{self.path}: not a complete trajectory (its specification is damaged: {error.errors()[0]['msg']}); "
                "run its dynamics job again"
            ) from error
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise TrajectoryError(
                f"{self.path}: not a complete trajectory ({reason}); run its dynamics job again"
            ) from error
        frames, atoms = len(self.step), len(self.species)
        if self.positions.shape != (frames, atoms, 3) or self.cell.shape != (frames, 3, 3):
            raise TrajectoryError(
                f"{self.path}: positions have shape {self.positions.shape} for {frames} frames of {atoms} atoms; "
                "run its dynamics job again"
            )
        if self.beads is not None and (self.beads.shape[:1], self.beads.shape[2:]) != ((frames,), (atoms, 3)):
            raise TrajectoryError(
                f"{self.path}: beads have shape {self.beads.shape} for {frames} frames of {atoms} atoms; "
                "run its dynamics job again"
            )
        if frames == 0:
            raise TrajectoryError(f"{self.path}: holds no frame; run its dynamics job again")

    def __len__(self) -> int:
        return len(self.step)

    def atoms(self, frame: int) -> Atoms:
        """One frame as `ase.Atoms`, unwrapped."""
        return Atoms(
            symbols=list(self.species),
            positions=self.positions[frame],
            cell=self.cell[frame],
            masses=self.masses,
            pbc=True,
        )


def read_run(folder: Path, run: str) -> tuple[Trajectory, pd.DataFrame]:
    """Trajectory and thermodynamic table of a finished run, made sure to be whole and its own.

    Parameters
    ----------
    folder
        Holds ``trajectory.h5`` and ``thermo.csv``.
    run
        Name of the run.

    Raises
    ------
    TrajectoryError, qcrystal.io.tables.TableError
        A file that is missing, damaged, cut short, or of another run; values that are not numbers.
    """
    trajectory, path = Trajectory(Path(folder) / "trajectory.h5"), Path(folder) / "thermo.csv"
    if trajectory.spec.run != run:
        raise TrajectoryError(
            f"{trajectory.path}: is of run {trajectory.spec.run}, not {run}; run its dynamics job again"
        )
    if trajectory.step[-1] != trajectory.spec.steps:
        raise TrajectoryError(
            f"{trajectory.path}: ends at step {trajectory.step[-1]} of {trajectory.spec.steps}; run its dynamics job again"
        )
    for name in ("positions", "cell", "beads"):
        values = getattr(trajectory, name)
        if values is None:
            continue
        wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        if wrong.any():
            frame = int(np.argmax(wrong))
            raise TrajectoryError(
                f"{trajectory.path}: frame {frame} holds {name} that are not numbers; run its dynamics job again"
            )
    thermo = read_table(path, "thermo")
    if "step" not in thermo or not np.array_equal(thermo["step"], trajectory.step):
        raise TableError(f"{path}: its steps are not those of trajectory.h5 beside it; run its dynamics job again")
    for name in map(str, thermo):
        if not pd.api.types.is_numeric_dtype(thermo[name]) or not np.isfinite(thermo[name]).all():
            raise TableError(f"{path}: column {name} holds values that are not numbers; run its dynamics job again")
    return trajectory, thermo
