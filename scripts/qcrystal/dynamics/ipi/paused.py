"""Path integrals that were ended before their last step, packed so that they go on in another place.

A long run may outlive the machine that it began on. Its newest checkpoint and the samples before it are packed into
``<run>.tar.xz``, which is committed until the run has ended. The digests that
i-PI's run keeps of its checkpoint and samples (`qcrystal.dynamics.ipi.vouching`) go along. So nothing that was changed is
continued. Neither is a run that other code began.

Runs of LAMMPS take minutes. They begin anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import re
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from qcrystal.dynamics.ipi.input import DRIVER
from qcrystal.dynamics.ipi.vouching import PREFIX, TEXT, checkpoint_step, lengths
from qcrystal.errors import QcrystalError, one_line
from qcrystal.files import put_in_place, write_whole

WORK, MARK, CHECKPOINT, ABOUT = "ipi", "identity", "RESTART", "about.json"
"""Folder in which i-PI works, its mark of specification and potential, a checkpoint, and what is packed beside them."""
INPUTS = ("input.xml", "start.xyz")
"""Files from which a run starts, in the order in which its mark follows from them."""
DRIVER_HERE = "@driver.py@"
"""Stands for the place of the driver in files that are packed."""
SUFFIX = ".tar.xz"
LARGEST = 300_000_000
"""Bytes of one run, unpacked, at most."""


class PausedError(QcrystalError):
    """A run that cannot be packed or that cannot go on here; one line says why, and what to do."""

    status = 2


class Run(NamedTuple):
    """A path integral of a plan.

    Attributes
    ----------
    folder
        Of the run; its parts have their places in it.
    model
        The potential.
    code
        Digest of the code that began it; of a run that has not begun, of today's.
    ended
        Whether its results are there.
    """

    folder: Path
    model: Path
    code: str
    ended: bool


class Packed(NamedTuple):
    """A packed run: its name, its step, and the bytes of its file."""

    run: str
    step: int
    size: int


def pack(runs: Iterable[Run], place: Path) -> list[Packed]:
    """Pack the runs that have begun and have not ended into a folder; packs of runs that have ended go.

    A run that is under way is packed as it was at its newest checkpoint.

    Raises
    ------
    PausedError
        A run was begun with another potential than today's.
    """
    packed = []
    for run in runs:
        target = place / f"{run.folder.name}{SUFFIX}"
        if run.ended:
            target.unlink(missing_ok=True)
        elif (run.folder / WORK / MARK).is_file():
            members = _members(run)
            if members:
                write_whole(target, _archive(members))
                packed.append(Packed(run.folder.name, json.loads(members[ABOUT])["step"], target.stat().st_size))
    return packed


def _members(run: Run) -> dict[str, bytes]:
    """Content by name of what is packed of a run; nothing before its first checkpoint."""
    work = run.folder / WORK
    inputs = [(work / name).read_text() for name in INPUTS]
    if _mark(inputs, run.model) != (work / MARK).read_text():
        advice = f"remove {work}, or bring back the potential with which it began"
        raise PausedError(f"{work}: begun with another potential than {run.model}; {advice}")
    for step, text in _checkpoints(work):
        try:
            outputs = lengths(work, step, text)
        except ValueError:
            continue
        members = {ABOUT: json.dumps({"code": run.code, "step": step}, sort_keys=True).encode()}
        members |= {name: _anywhere(content).encode() for name, content in zip(INPUTS, inputs, strict=True)}
        members[CHECKPOINT] = _anywhere(text).encode()
        for name, length in outputs.items():
            with open(work / name, "rb") as file:
                members[name] = file.read(length)
        return members
    return {}


def _checkpoints(work: Path) -> list[tuple[int, str]]:
    """Step and text of complete checkpoints after the first step, the one that is furthest on first."""
    texts = [
        path.read_text(errors="replace")
        for path in (work / CHECKPOINT, *work.glob("run.checkpoint_*"))
        if path.is_file()
    ]
    return sorted(((checkpoint_step(text) or 0, text) for text in texts if checkpoint_step(text)), reverse=True)


def _mark(inputs: list[str], model: Path) -> str:
    """The mark of a run, as `qcrystal.dynamics.ipi.job.Job.prepare` writes it."""
    return hashlib.sha256("\0".join(inputs).encode() + model.read_bytes()).hexdigest()


def _anywhere(text: str) -> str:
    """A file of i-PI without what names a machine: the place of the driver, and the comment before a checkpoint."""
    return re.sub(r"\A<!--.*?-->\s*", "", text, flags=re.DOTALL).replace(str(DRIVER), DRIVER_HERE)


def _archive(members: Mapping[str, bytes]) -> bytes:
    """An archive whose bytes follow from what is in it alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return lzma.compress(packed.getvalue(), preset=6)


def unpack(runs: Iterable[Run], place: Path) -> tuple[list[Packed], list[str]]:
    """Put packed runs where they go on; returns them, and one line for each that stays packed.

    Raises
    ------
    PausedError
        Nothing is packed, or a pack is damaged or holds what no run has.
    """
    packs = sorted(place.glob(f"*{SUFFIX}"))
    if not packs:
        raise PausedError(f"{place}: no runs are packed; pack them: python -m qcrystal reduced pause")
    known, done, kept = {run.folder.name: run for run in runs}, [], []
    for path in packs:
        name, members = path.name.removesuffix(SUFFIX), _read(path)
        about, run = json.loads(members[ABOUT]), known.get(name)
        if run is None:
            kept.append(f"{path}: no path integral of this scale has this name; remove it")
        elif run.folder.exists():
            kept.append(f"{path}: {run.folder} is there already, and stays as it is")
        elif about["code"] != run.code:
            advice = "remove the file and let the run begin anew, or check out the commit that packed it"
            kept.append(f"{path}: begun by other code ({about['code']}, today {run.code}); {advice}")
        else:
            _put(run, members, about["step"])
            done.append(Packed(name, about["step"], path.stat().st_size))
    return done, kept


def _read(path: Path) -> dict[str, bytes]:
    """Members of a pack.

    Raises
    ------
    PausedError
        It is damaged, too large, or holds other than plain files of a run.
    """
    members: dict[str, bytes] = {}
    try:
        with lzma.open(path) as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError(f"more than {LARGEST / 1e6:.0f} MB")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                expected = entry.name in (ABOUT, CHECKPOINT, *INPUTS) or entry.name.startswith("run.")
                member = archive.extractfile(entry) if entry.isreg() and expected and "/" not in entry.name else None
                if member is None or entry.name in members:
                    raise ValueError(f"holds {entry.name!r}, which no run has")
                members[entry.name] = member.read()
        about = json.loads(members[ABOUT])
        text = members[CHECKPOINT].decode()
        if (
            not isinstance(about["code"], str)
            or checkpoint_step(text) != about["step"]
            or not set(INPUTS) <= set(members)
        ):
            raise ValueError("its checkpoint is of another step")
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        lzma.LZMAError,
        tarfile.TarError,
        RecursionError,
    ) as error:
        raise PausedError(f"{path}: damaged ({one_line(error)}); bring it back from git") from None
    return members


def _put(run: Run, members: Mapping[str, bytes], step: int) -> None:
    """Write what i-PI's run needs to go on from its checkpoint."""
    partial = run.folder.with_name(run.folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    texts = {name: members[name].decode().replace(DRIVER_HERE, str(DRIVER)) for name in (*INPUTS, CHECKPOINT)}
    samples = {name: content for name, content in members.items() if name not in (ABOUT, *texts)}
    for name, text in texts.items():
        write_whole(partial / WORK / name, text)
    for name, content in samples.items():
        write_whole(partial / WORK / name, content)
    note = {
        TEXT: hashlib.sha256(texts[CHECKPOINT].encode()).hexdigest(),
        "outputs": {name: [len(content), hashlib.sha256(content).hexdigest()] for name, content in samples.items()},
    }
    write_whole(partial / WORK / f"{PREFIX}{step}.json", json.dumps(note))
    write_whole(partial / WORK / MARK, _mark([texts[name] for name in INPUTS], run.model))
    put_in_place(partial, run.folder)
