"""The two learning loops of X. Wang et al., arXiv 2502.16558 (2025): what the search labels next. Å, eV.

Loop 1 labels frames of the relaxations' trajectories on which a committee disagrees. Loop 2 labels relaxed crystals near the
hull, until their enthalpies are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from qcrystal.crystal.soap import SoapSettings, averaged_soap, farthest_points
from qcrystal.potential.committee import force_deviation
from qcrystal.potential.trust_levels import CANDIDATE, classify


class Recorder(Calculator):
    """A potential that keeps geometries of a relaxation: its evaluations 1, 2, 4, 8 and so on.

    Attributes
    ----------
    frames : list of Atoms
        Since `begin`; ``info`` has ``evaluation`` and what `begin` was told.
    """

    def __init__(self, potential: Calculator):
        super().__init__()
        self.potential, self.frames = potential, list[Atoms]()
        self.implemented_properties = list(potential.implemented_properties)
        self._count, self._info = 0, dict[str, Any]()

    def begin(self, **info: Any) -> None:
        """A new relaxation."""
        self.frames, self._count, self._info = [], 0, info

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Properties of the potential."""
        super().calculate(atoms, properties, system_changes)
        self.potential.calculate(atoms, properties, system_changes)
        self.results = dict(self.potential.results)
        self._count += 1
        if self._count & (self._count - 1) == 0:
            kept = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
            kept.info = {**self._info, "evaluation": self._count}
            self.frames.append(kept)


class Loops(NamedTuple):
    """How the loops choose.

    Attributes
    ----------
    bounds : tuple of float
        Loop 1: deviations of the committee (eV/Å) between which a frame is labelled.
    height : float
        Loop 2: energy above the hull (eV/atom) up to which a relaxed crystal is labelled.
    frames : int
        Of each loop, at most.
    """

    bounds: tuple[float, float]
    height: float
    frames: int


def deviations(forces: Sequence[np.ndarray]) -> np.ndarray:
    """Largest deviation of an atom's force within a committee (eV/Å) for each of F crystals; ``forces`` are (M, N, 3)."""
    return np.array([float(force_deviation(own[:, None])[0]) for own in forces])


def chosen(
    paths: Sequence[Atoms],
    path_forces: Sequence[np.ndarray],
    ends: Sequence[Atoms],
    end_forces: Sequence[np.ndarray],
    heights: Sequence[float],
    labelled: Sequence[Atoms],
    species: Sequence[str],
    soap: SoapSettings,
    loops: Loops,
) -> tuple[pd.DataFrame, list[Atoms]]:
    """Frames that are labelled next, by both loops; each is as far as possible from all that are there, in SOAP's space.

    Parameters
    ----------
    paths, ends
        Frames of trajectories, and relaxed crystals.
    path_forces, end_forces
        Forces (M, N, 3) of each by every member of the committee.
    heights
        Energies above the hull of ``ends``, eV/atom.
    labelled
        Frames that have labels.

    Returns
    -------
    table : DataFrame
        loop, name, formula, deviation (eV/Å), above_hull (eV/atom, of relaxed crystals), kind, chosen.
    frames : list of Atoms
        The chosen ones; ``info`` holds their origin.
    """
    rows = []
    for frame, deviation in zip(paths, deviations(path_forces), strict=True):
        name = f"{frame.info['origin']} evaluation {frame.info['evaluation']}"
        rows.append({"loop": 1, "name": name, "formula": str(frame.symbols), "deviation": deviation})
    for frame, deviation, height in zip(ends, deviations(end_forces), heights, strict=True):
        row = {"loop": 2, "name": frame.info["name"], "formula": str(frame.symbols), "deviation": deviation}
        rows.append({**row, "above_hull": height})
    table = pd.DataFrame(rows, columns=["loop", "name", "formula", "deviation", "above_hull"])
    table["kind"], table["chosen"] = classify(table["deviation"].to_numpy(), loops.bounds), False
    wanted = np.where(table["loop"] == 1, table["kind"] == CANDIDATE, table["above_hull"] <= loops.height)
    everything, known = [*paths, *ends], list(labelled)
    for loop in (2, 1):  # the ends first: trajectories near them tell nothing more
        rows_of = np.flatnonzero(wanted & (table["loop"] == loop).to_numpy())
        picked = rows_of[_far([everything[int(i)] for i in rows_of], known, species, soap, loops.frames)]
        known += [everything[int(i)] for i in picked]
        table.loc[picked, "chosen"] = True
    return table, [_told(everything[i], table.iloc[i]) for i in np.flatnonzero(table["chosen"])]


def _far(
    frames: Sequence[Atoms], known: Sequence[Atoms], species: Sequence[str], soap: SoapSettings, count: int
) -> np.ndarray:
    if not frames:
        return np.empty(0, int)
    vectors = averaged_soap(frames, species, soap)
    there = averaged_soap(known, species, soap) if known else np.empty((0, vectors.shape[1]))
    return farthest_points(vectors, there, count)


def _told(atoms: Atoms, row: pd.Series) -> Atoms:
    bare = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.info = {"origin": f"loop{row['loop']} part=train {row['name']} deviation={row['deviation']:.3f}eV/A"}
    return bare


def progress(table: pd.DataFrame, errors: Sequence[float], goal: float) -> pd.DataFrame:
    """How far both loops are.

    Parameters
    ----------
    table
        Of `chosen`.
    errors
        Of the potential's energies per atom on the chosen frames, before it is trained on them, eV/atom.
    goal
        Loop 2 has ended when its error is below this, eV/atom.

    Returns
    -------
    DataFrame
        loop, judged, accurate, candidate, failed, chosen, error, ended. The error (eV/atom) is the root mean square about the
        mean of the loop: an error that all share is none of a hull. Loop 1 has ended when it chooses nothing.
    """
    found = table[table["chosen"]].assign(error=np.asarray(errors, float))
    rows = []
    for loop in (1, 2):
        own, away = table[table["loop"] == loop], found.loc[found["loop"] == loop, "error"]
        counts = {kind: int((own["kind"] == kind).sum()) for kind in ("accurate", "candidate", "failed")}
        error = float(away.std(ddof=0)) if len(away) else float("nan")
        ended = not len(away) if loop == 1 else bool(len(away) and error < goal)
        rows.append({"loop": loop, "judged": len(own), **counts, "chosen": len(away), "error": error, "ended": ended})
    return pd.DataFrame(rows)
