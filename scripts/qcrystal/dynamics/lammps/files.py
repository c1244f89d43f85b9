"""The files of a run in its folder, and what of them a broken-off run can continue from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.files import file_digest, write_whole


class Files:
    """Names of a run's files in its folder.

    LAMMPS drops letters beyond ASCII from its commands. It is given names within this folder, and the potential's by a link.
    """

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.job = self.directory / "job.json"
        self.log = self.directory / "lammps.log"
        self.start = self.directory / "start_properties.json"
        self.checkpoint = self.directory / "checkpoint.restart"
        self.trajectory = self.directory / "trajectory.h5"
        self.thermo = self.directory / "thermo.csv"
        self.report = self.directory / "report.json"
        self.timing = self.directory / "timing.json"

    @staticmethod
    def partial(path: Path) -> Path:
        """Name of a file while it grows."""
        return path.with_name(path.name + ".partial")

    def bath(self, step: int) -> Path:
        """What LAMMPS's checkpoint of a step lacks (see `qcrystal.dynamics.lammps.checkpoint`)."""
        return self.directory / f"bath-{step}.npz"

    def baths(self) -> list[Path]:
        """All files named by `bath` that are there."""
        return list(self.directory.glob("bath-*.npz"))

    def potential(self, model: str | Path) -> Path:
        """Link to the potential, whose suffix says of which kind it is."""
        return self.directory / f"potential{Path(model).suffix}"

    def prepare(self, job: dict[str, Any]) -> None:
        """Write the job. Forget the checkpoint if it is of another job, or if its samples are gone.

        A run that was killed while it finished may have lost a file that was whole already.
        """
        text = json.dumps(job, sort_keys=True)
        samples = (self.trajectory, self.thermo)
        same = self.job.is_file() and self.job.read_bytes() == text.encode()
        if not same or not all(path.is_file() or self.partial(path).is_file() for path in samples):
            self.clear()
            for path in samples:
                self.partial(path).unlink(missing_ok=True)
        write_whole(self.job, text)

    def link(self, model: Path) -> None:
        """Let the name that LAMMPS is given lead to the potential."""
        self.potential(model).unlink(missing_ok=True)
        self.potential(model).symlink_to(model.resolve())

    def drop_damaged(self, sample_every: int) -> str | None:
        """Forget a checkpoint that cannot be continued from; returns what is wrong, or None.

        A checkpoint needs the state of the bath that holds its digest, and every sample up to its step.
        """
        if not self.checkpoint.is_file():
            return None
        problem = self._damage(sample_every)
        if problem:
            for path in (self.checkpoint, self.start, *self.baths()):
                path.unlink(missing_ok=True)
        return problem

    def _damage(self, sample_every: int) -> str | None:
        digest, step, broken = file_digest(self.checkpoint), None, self.checkpoint
        for path in self.baths():
            try:
                with np.load(path) as arrays:
                    if str(dict(arrays)["checkpoint"]) == digest:
                        step = int(path.stem.removeprefix("bath-"))
            except Exception:  # numpy lets through whatever the bytes lead to
                broken = path
        if step is None:
            return f"{broken}: damaged"
        try:
            json.loads(self.start.read_text())
        except (OSError, ValueError):
            return f"{self.start}: damaged"
        thermo = self.partial(self.thermo) if self.partial(self.thermo).is_file() else self.thermo
        try:
            table = pd.read_csv(thermo, comment="#", on_bad_lines="skip").apply(pd.to_numeric, errors="coerce").dropna()
            whole = set(range(0, step + 1, sample_every)) <= set(table["step"])
        except (OSError, ValueError, KeyError):  # pandas' own are ValueErrors
            whole = False
        return None if whole else f"{thermo}: damaged"

    def clear(self) -> None:
        """Remove what only an unfinished run needs."""
        for path in (
            self.checkpoint,
            self.start,
            self.job,
            self.log,
            *self.baths(),
            *self.directory.glob("potential.*"),
        ):
            path.unlink(missing_ok=True)
