"""Atomic structures in files: extended XYZ, which appears whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from ase import Atoms

from qcrystal.errors import QcrystalError
from qcrystal.files import write_whole


class StructureError(QcrystalError, ValueError):
    """A file of structures that cannot be used; the message names the file."""


def write_structures(frames: Iterable[Atoms], path: Path) -> None:
    """Write structures as extended XYZ; no structures leave an empty file.

    The file appears whole. Positions are in Å; ``info`` and ``arrays`` of each structure are kept.
    """
    from ase.io import write  # half a second at the start of every process that only reads tables

    frames, text = list(frames), io.StringIO()
    if frames:
        write(text, frames, format="extxyz")
    write_whole(path, text.getvalue())


def read_structures(path: Path) -> list[Atoms]:
    """Read extended XYZ; an empty file holds no structure.

    Raises
    ------
    StructureError
        The file is missing, or is not extended XYZ.
    """
    from ase.io import read

    try:
        return list(read(path, ":", format="extxyz")) if Path(path).stat().st_size else []
    except Exception as error:  # ASE lets through whatever a damaged line leads to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StructureError(
            f"{path}: not readable as structures ({reason}); restore it, or remove it and run its job again"
        ) from error
