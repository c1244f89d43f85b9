"""Results of a structure search: relaxed crystals, their files, and the different ones among them.

Å, eV, GPa. A phase that a search misses is not thereby unstable.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table
from qcrystal.search.same_crystal import same_crystal
from qcrystal.statics.relax import Relaxed


class Candidate(NamedTuple):
    """A relaxed crystal, and a text that says from which start it came."""

    relaxed: Relaxed
    origin: str


def search_pressures(pressures: list[float]) -> list[float]:
    """The pressures (GPa) at which structures are looked for: the lowest, where distortions are deepest, and the middle one."""
    ordered = sorted(pressures)
    return list(dict.fromkeys([ordered[0], ordered[len(ordered) // 2]]))


def write_candidates(candidates: Iterable[Candidate], path: Path) -> None:
    """Write candidates as extended XYZ, an empty file if there are none; it appears whole."""
    frames = []
    for relaxed, origin in candidates:
        frame = relaxed.atoms.copy()
        frame.info = {k: v for k, v in relaxed._asdict().items() if k != "atoms"} | {"origin": origin}
        frames.append(frame)
    write_structures(frames, path)


def read_candidates(path: Path) -> list[Candidate]:
    """Candidates from a file of `write_candidates`."""
    candidates = []
    for frame in read_structures(path):
        info, frame.info = frame.info, {}
        origin = info.pop("origin")
        info["converged"] = bool(info["converged"])
        candidates.append(Candidate(Relaxed(frame, **info), origin))
    return candidates


def read_all_candidates(paths: Iterable[Path]) -> list[Candidate]:
    """Candidates from several files of `write_candidates`, in order."""
    return [candidate for path in paths for candidate in read_candidates(path)]


def total_counts(paths: Iterable[Path]) -> pd.DataFrame:
    """Number of starts with each fate, over several tables of origin, pressure (GPa), fate and number."""
    counts = pd.concat([read_table(path, "search_counts") for path in paths])
    return counts.groupby(["origin", "pressure", "fate"])["number"].sum().reset_index()


def distinct(candidates: Iterable[Candidate]) -> list[tuple[Candidate, int]]:
    """The different crystals among candidates, per pressure the lowest enthalpy first, and how often each was found."""
    found: list[list] = []
    for candidate in sorted(candidates, key=lambda c: (c.relaxed.pressure, c.relaxed.enthalpy)):
        for known in found:
            if known[0].relaxed.pressure == candidate.relaxed.pressure and same_crystal(
                known[0].relaxed, candidate.relaxed
            ):
                known[1] += 1
                break
        else:
            found.append([candidate, 1])
    return [(candidate, times) for candidate, times in found]
