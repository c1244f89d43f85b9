"""A path-integral run and its folder: what i-PI starts from, its checkpoints, and its raw outputs."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qcrystal.dynamics.ipi import vouching
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.files import refuse_links, write_whole

logger = logging.getLogger(__name__)

TRAJECTORIES = {"centroid": "x_centroid", "bead": "positions"}
"""Quantities that i-PI writes, by its own names."""
CHECKPOINTS_KEPT = 2
NUMBERED = "run.checkpoint_"
"""Beginning of the names of i-PI's numbered checkpoints; what follows a number is not one of them."""


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes
    ----------
    spec : RunSpec
    species : list of str
        Symbols, one per atom.
    directory : Path
        Folder of the run; i-PI works in ``folder`` within it.
    """

    spec: RunSpec
    species: list[str]
    directory: Path

    @property
    def folder(self) -> Path:
        """Folder in which i-PI works."""
        return self.directory / "ipi"

    @property
    def log(self) -> Path:
        """Log of i-PI."""
        return self.folder / "run.log"

    def error(self, cause: str) -> RunError:
        """An error that names the run and its log."""
        return RunError(f"run {self.spec.run}: {cause} (log: {self.log})")

    def prepare(self, files: dict[str, str], model: Path, threads: int = 1) -> tuple[int, str]:
        """Write i-PI's files, or set a killed run back to its newest checkpoint.

        Parameters
        ----------
        files
            Texts by file name; one is ``input.xml``.
        model
            The potential.
        threads
            Of the native engine.

        Returns
        -------
        step, source
            Step to start from, and the input file that does so.

        Raises
        ------
        RunError
            The folder holds a link.
        """
        try:
            refuse_links(self.directory)
        except ValueError as error:
            raise RunError(str(error)) from None
        identity = hashlib.sha256("\0".join(files.values()).encode() + model.read_bytes()).hexdigest()
        mark = self.folder / "identity"
        continues = mark.is_file() and mark.read_text() == identity
        restart = self._soundest_checkpoint() if continues else None
        if restart is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        settings = {
            "model": str(model.resolve()),
            "species": self.species,
            "engine": self.spec.engine,
            "threads": threads,
        }
        (self.folder / "driver.json").write_text(json.dumps(settings))
        mark.write_text(identity)
        if restart is None:
            return 0, "input.xml"
        step, text, lengths = restart
        logger.info("run %s continues from step %d", self.spec.run, step)
        write_whole(self.folder / "continue.xml", text)
        for path in self._checkpoints():
            if path.name != "continue.xml":
                path.unlink()
        for name, length in lengths.items():
            os.truncate(self.folder / name, length)
        for path in self.folder.glob(f"{vouching.PREFIX}*"):
            if path != vouching.note_of(self.folder, step):
                path.unlink()
        (self.folder / "run.progress").unlink(missing_ok=True)
        return step, "continue.xml"

    def _checkpoints(self) -> list[Path]:
        others = (self.folder / "continue.xml", self.folder / "RESTART")
        return [path for path in others if path.is_file()] + self._numbered()

    def _numbered(self) -> list[Path]:
        numbers = {path: path.name.removeprefix(NUMBERED) for path in self.folder.glob(f"{NUMBERED}*")}
        return sorted((path for path, number in numbers.items() if number.isdecimal()), key=lambda p: int(numbers[p]))

    def _states(self) -> list[tuple[int, str]]:
        """Step and text of the complete checkpoints, the one that is furthest on first."""
        texts = [path.read_text(errors="replace") for path in self._checkpoints()]
        return sorted(((vouching.checkpoint_step(text) or 0, text) for text in texts), reverse=True)

    def newest_step(self) -> int:
        """Step of the complete checkpoint that is furthest on; 0 before the first step."""
        return max((step for step, _ in self._states()), default=0)

    def _soundest_checkpoint(self) -> tuple[int, str, dict[str, int]] | None:
        """Step, text and lengths of the outputs of the checkpoint that is furthest on and that nothing contradicts."""
        for step, text in self._states():
            if step == 0:
                break
            try:
                return step, text, vouching.lengths(self.folder, step, text)
            except ValueError as error:
                logger.warning("%s; run %s cannot continue from step %d", error, self.spec.run, step)
        return None

    def vouching(self) -> vouching.Vouching:
        """Notes digests of checkpoints and of the samples before them, while i-PI runs."""
        return vouching.Vouching(self.folder, self._checkpoints, self._lengths)

    def _lengths(self, step: int) -> dict[Path, int]:
        """Bytes of each output up to a step; `ValueError` if they are not there yet."""
        thermo, length, last = self.folder / "run.thermo", 0, -1
        with open(thermo, "rb") as lines:
            for line in lines:
                if not line.startswith(b"#"):
                    at = float(line.split()[0])
                    if at > step or not line.endswith(b"\n"):
                        break
                    last = round(at)
                length += len(line)
        sampled = step // self.spec.sample_every
        if last != sampled * self.spec.sample_every:
            raise ValueError(f"{thermo}: no line of step {step}")
        frames = {self._trajectory_file(name): self._frame_type(what) for name, what in TRAJECTORIES.items()}
        found = {thermo: length} | {path: (sampled + 1) * kind.itemsize for path, kind in frames.items()}
        for path, length in found.items():
            if path.stat().st_size < length:
                raise ValueError(f"{path}: {length} bytes are not there yet")
        return found

    def drop_old_checkpoints(self) -> None:
        """Keep the last `CHECKPOINTS_KEPT` that i-PI wrote."""
        for path in self._numbered()[:-CHECKPOINTS_KEPT]:
            path.unlink()
        notes = sorted(self.folder.glob(f"{vouching.PREFIX}*"), key=lambda path: path.stat().st_mtime_ns)
        for path in notes[: -CHECKPOINTS_KEPT - 1]:
            path.unlink()

    # --- raw trajectories --------------------------------------------------------------------------------------------

    def frames(self, name: str) -> np.ndarray:
        """The frames of one of `TRAJECTORIES`: a structured array with ``positions`` and ``cell``, in Bohr.

        Raises
        ------
        RunError
            Frames are missing or out of order.
        """
        what = TRAJECTORIES[name]
        frames = np.memmap(self._trajectory_file(name), dtype=self._frame_type(what), mode="r")
        for index, frame in enumerate(frames):
            step = index * self.spec.sample_every
            if str(frame["title"]) != _frame_title(step, what):
                raise self.error(f"frame {index} of the {name} says {frame['title']!r}, expected step {step}")
        return frames

    def _trajectory_file(self, name: str) -> Path:
        """File of one of `TRAJECTORIES`; i-PI adds the bead's number with as many digits as their count has."""
        found = sorted(self.folder.glob(f"run.{name}*.bin"))
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "no file"
            raise self.error(
                f"of the {name} there is {names} in {self.folder}; remove that folder and run the job again"
            )
        return found[0]

    def _frame_type(self, what: str) -> np.dtype:
        """One frame of i-PI's binary trajectory: cell, number of atoms, positions, length of the names, names, title."""
        n = len(self.species)
        names = "|".join(self.species)
        return np.dtype(
            [
                ("cell", "f8", (3, 3)),
                ("atoms", "i8"),
                ("positions", "f8", (n, 3)),
                ("length", "i8"),
                ("names", f"U{len(names)}"),
                ("title", f"U{len(_frame_title(0, what))}"),
            ]
        )


def _frame_title(step: int, what: str) -> str:
    return f"Step:  {step:10d}  Bead:   {0:5d} {what}{{atomic_unit}}  cell{{atomic_unit}}"
