"""Sets of compounds with a known T_c that others published: a file of crystals, named by its SHA-256 and its licence.

The file is extended XYZ, a crystal per frame, Å. Its comment line has ``tc`` (K), ``compound`` (a name, once in the file), and
may have ``prototype``. Without one it is the space group and the formula without elements, ``225-AB10``: several metals count as
one.
None is shipped: public sets are read where their licence allows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from qcrystal.crystal.formulas import HYDROGEN
from qcrystal.crystal.symmetry import symmetry_dataset
from qcrystal.errors import Problem
from qcrystal.files import file_digest
from qcrystal.io.structures import StructureError, read_structures
from qcrystal.superconductivity.tc_model import Known, TcModelError

HIGHEST = 1000.0
"""K; a T_c above it is in another unit, or a mistake."""
SYMPREC = 0.05
"""Å, for the space group of a prototype without a name."""
METAL = "He"
"""Stands for every element but hydrogen."""


def read_set(path: Path, sha256: str, source: str) -> list[Known]:
    """Compounds of a public set.

    Parameters
    ----------
    sha256
        Of the file, as whoever publishes it gives it.
    source
        What the tables say of its values.

    Raises
    ------
    TcModelError
        The file is missing, or is another one. A frame is no hydride, or has no T_c, or no name of its own. One line names it.
    """
    try:
        digest = file_digest(path)
    except (OSError, ValueError) as error:
        raise _wrong(path, "", f"cannot be read ({error})", "put the published file there") from error
    if digest != sha256:
        raise _wrong(path, "", f"its SHA-256 is {digest}, not {sha256}", "take the published file, or correct sha256")
    try:
        frames = read_structures(path)
    except StructureError as error:
        raise _wrong(path, "", f"no crystals ({error})", "give extended XYZ") from error
    known: list[Known] = []
    for number, atoms in enumerate(frames):
        one = _known(path, number, atoms, source)
        if one.compound in {other.compound for other in known}:
            raise _wrong(path, f"frame {number}", f"compound {one.compound} was there before", "keep one")
        known.append(one)
    return known


def _known(path: Path, number: int, atoms: Atoms, source: str) -> Known:
    where = f"frame {number}"
    for key in ("compound", "tc"):
        if key not in atoms.info:
            raise _wrong(path, where, f"no {key} in its comment line", f"write {key}=... there")
    tc = _number(atoms.info["tc"])
    if not 0 < tc <= HIGHEST:
        found = f"tc is {atoms.info['tc']}, and 0 to {HIGHEST:g} K are possible"
        raise _wrong(path, where, found, "correct it, or leave it out")
    symbols = set(atoms.get_chemical_symbols())
    if not atoms.pbc.all() or HYDROGEN not in symbols or symbols == {HYDROGEN}:
        raise _wrong(path, where, f"{atoms.symbols} is no crystal of a hydride", "leave it out")
    prototype = str(atoms.info.get("prototype", "")) or prototype_of(atoms)
    bare = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    return Known(str(atoms.info["compound"]), prototype, bare, tc, source)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def prototype_of(atoms: Atoms) -> str:
    """Space group and reduced formula of a crystal whose metals count as one: ``229-AB6`` of CaH6 and of CaYH12."""
    hydrogen = np.array(atoms.get_chemical_symbols()) == HYDROGEN
    plain = Atoms(np.where(hydrogen, HYDROGEN, METAL), cell=atoms.cell, positions=atoms.positions, pbc=True)
    dataset = symmetry_dataset(plain, SYMPREC)
    metals, hydrogens = int((~hydrogen).sum()), int(hydrogen.sum())
    common = int(np.gcd(metals, hydrogens))
    counts = [
        f"{letter}{count // common if count > common else ''}" for letter, count in (("A", metals), ("B", hydrogens))
    ]
    return f"{1 if dataset is None else int(dataset.number)}-{''.join(counts)}"


def _wrong(path: Path, where: str, found: str, advice: str) -> TcModelError:
    return TcModelError(Problem(str(path), where, found, advice))
