"""Which code began a job that goes on from checkpoints, so that no other code goes on with its samples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qcrystal.errors import QcrystalError
from qcrystal.files import write_whole

RULES = ("run",)
"""Rules whose jobs go on from what an interrupted job left in their folder."""
NAME = "begun-by"
"""File in the folder of a job that has not ended: the digest of the code that began it."""


class BegunError(QcrystalError):
    """A job that other code began."""


def code_that_began(folder: Path) -> str | None:
    """Digest of the code that began the job of a folder; None where no job has noted it."""
    file = folder / NAME
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def begin(folder: Path, outputs: Iterable[str], code: str) -> None:
    """Note the code of a job that begins, or that goes on.

    Raises
    ------
    BegunError
        Other code, or nobody knows which, left something to go on from; neither is touched.
    """
    began = code_that_began(folder)
    own = {NAME, *(Path(path).name for path in outputs)}
    left = folder.is_dir() and any(entry.name not in own for entry in folder.iterdir())
    if left:
        refuse_unknown(folder)
    if left and began != code:
        advice = "remove the folder to begin anew, or go back to the code that began it"
        raise BegunError(f"{folder}: begun by other code ({began}, today {code}); {advice}")
    note(folder, code)


def refuse_unknown(folder: Path) -> None:
    """Raise `BegunError` where nothing tells the code that began what is in a folder."""
    if code_that_began(folder) is None:
        raise BegunError(
            f"{folder}: holds samples, and no {NAME} tells the code that began them; remove it to begin anew"
        )


def note(folder: Path, code: str) -> None:
    """Note the code that began what is in a folder."""
    write_whole(folder / NAME, f"{code}\n")


def end(folder: Path) -> None:
    """Forget who began the job of a folder: its record says it now."""
    (folder / NAME).unlink(missing_ok=True)
