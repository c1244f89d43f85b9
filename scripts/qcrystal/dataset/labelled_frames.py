"""Frames with the energies, forces and virials that DFT gives them: the data that potentials are trained on.

Units: Å, eV, eV/Å; virial = -volume × stress in eV, positive where the crystal is compressed; pressures in GPa.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from ase import units
from ase.formula import Formula

from qcrystal.crystal.handedness import right_handed
from qcrystal.crystal.neighbours import nearest_distance
from qcrystal.errors import QcrystalError


class DatasetError(QcrystalError, ValueError):
    """Labels that cannot be used. The message is one line: the file or system, the frame, the value, and what to do.

    Parameters
    ----------
    text
        The message, without the file that is named by ``where``.
    where
        File or folder that the message is about.
    """

    def __init__(self, text: str, where: Path | None = None):
        super().__init__(text if where is None else f"{where}: {text}")
        self.text, self.where = text, where

    def within(self, root: Path) -> str:
        """The message with the file named from a folder on, if it lies there."""
        if self.where is None or not self.where.is_relative_to(root):
            return str(self)
        return f"{self.where.relative_to(root)}: {self.text}"


@dataclass
class LabelledFrames:
    """Labelled frames of one composition.

    Attributes
    ----------
    name : str
        Name within the data set, without slashes.
    symbols : (N,) array of str
    cells : (F, 3, 3) array
        Rows are cell vectors, Å. Left-handed ones are turned round, which is the same lattice.
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
    sets: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=str))
    provenance: dict = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        self.symbols = np.asarray(self.symbols, dtype="U2")
        self.cells = right_handed(self.cells)
        if len(self.sets) != len(self.energies):
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

    def take(self, frames) -> LabelledFrames:
        """The same system with these frames only."""
        frames = np.asarray(frames, dtype=int)
        arrays = ("cells", "positions", "energies", "forces", "virials", "sets")
        provenance = dict(self.provenance)
        if "origins" in provenance:
            provenance["origins"] = [provenance["origins"][i] for i in frames]
        return replace(self, **{name: getattr(self, name)[frames] for name in arrays}, provenance=provenance)


def nearest_distances(system: LabelledFrames) -> dict[tuple[str, str], np.ndarray]:
    """Shortest distance (F,) in Å between atoms of each pair of species, periodic images included."""
    species = list(dict.fromkeys(system.symbols.tolist()))
    result = {pair: np.empty(len(system)) for pair in itertools.combinations_with_replacement(species, 2)}
    for frame, (cell, positions) in enumerate(zip(system.cells, system.positions, strict=True)):
        fractional = positions @ np.linalg.inv(cell)
        for (a, b), distances in result.items():
            others = None if a == b else fractional[system.symbols == b]
            distances[frame] = nearest_distance(fractional[system.symbols == a], others, cell)
    return result


def summary(systems: Iterable[LabelledFrames]) -> pd.DataFrame:
    """One row per system.

    It has frames, atoms, and ranges of volume (Å³/atom), pressure (GPa) and energy (eV/atom). The largest force component
    (eV/Å) and the nearest distance (Å) of each pair of species follow.
    """
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
