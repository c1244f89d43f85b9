"""Results of a structure search: relaxed crystals, their files, and which of them are one and the same.

Å, eV, GPa. A phase that a search misses is not thereby unstable.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from qcrystal.io.structures import read_structures, write_structures
from qcrystal.io.tables import read_table
from qcrystal.statics.relax import Relaxed

# eV/atom and relative: relaxed crystals further apart than this in enthalpy or volume are not the same; fmax leaves less.
SAME_ENTHALPY, SAME_VOLUME = 1e-3, 5e-3
# Of (V/N)^(1/3), relative, degrees: how far positions, lengths and angles of two pictures of one crystal may differ.
SAME_SITE, SAME_LENGTH, SAME_ANGLE = 0.1, 0.03, 2.0


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


def same_crystal(first: Relaxed, second: Relaxed) -> bool:
    """Whether two relaxed crystals are one: enthalpy, volume, and the atoms' places in any primitive cell, order and origin.

    The space group is not asked: it depends on a tolerance.
    """
    if abs(first.enthalpy - second.enthalpy) > SAME_ENTHALPY or abs(first.volume / second.volume - 1) > SAME_VOLUME:
        return False
    from pymatgen.analysis.structure_matcher import StructureMatcher  # takes seconds
    from pymatgen.io.ase import AseAtomsAdaptor

    matcher = StructureMatcher(
        ltol=SAME_LENGTH, stol=SAME_SITE, angle_tol=SAME_ANGLE, primitive_cell=False, scale=False
    )
    one, other = (AseAtomsAdaptor.get_structure(crystal.atoms) for crystal in (first, second))
    return bool(matcher.fit(one, other))


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
