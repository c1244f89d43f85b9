"""Frames with the energies, forces and virials that DFT gives them: the data that potentials are trained on.

Units: Å, eV, eV/Å; virial = -volume × stress in eV, positive where the crystal is compressed; pressures in GPa.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from ase import units
from ase.formula import Formula
from scipy.spatial import cKDTree


class DatasetError(ValueError):
    """Labels that cannot be used; one line that names the file or system, the frame, the value, and what to do."""


@dataclass
class LabelledFrames:
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

    def take(self, frames) -> LabelledFrames:
        """The same system with these frames only."""
        frames = np.asarray(frames, dtype=int)
        arrays = ("cells", "positions", "energies", "forces", "virials", "sets")
        provenance = dict(self.provenance)
        if "origins" in provenance:
            provenance["origins"] = [provenance["origins"][i] for i in frames]
        return replace(self, **{name: getattr(self, name)[frames] for name in arrays}, provenance=provenance)


def nearest_distances(system: LabelledFrames, reach: float = 5.0) -> dict[tuple[str, str], np.ndarray]:
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


def summary(systems: Iterable[LabelledFrames]) -> pd.DataFrame:
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
