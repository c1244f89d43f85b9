"""The files of a run in its folder, and what of them a broken-off run can continue from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.dynamics.spec import RunError
from qcrystal.dynamics.trajectory import FramesDigest
from qcrystal.files import file_digest, refuse_links, write_whole

VOUCHED = ("checkpoint", "start", "thermo_size", "thermo_sha256", "trajectory_sha256")
"""Keys of an archive about files beside it: digests of LAMMPS's checkpoint, of the start, and of the samples so far."""


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
        """Archive of what LAMMPS's checkpoint of a step lacks (see `qcrystal.dynamics.lammps.checkpoint`)."""
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

        Raises
        ------
        RunError
            The folder holds a link that is not the potential's.
        """
        try:
            refuse_links(self.directory, self.directory.glob("potential.*"))
        except ValueError as error:
            raise RunError(str(error)) from None
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

    def drop_damaged(self) -> str | None:
        """Forget a checkpoint that cannot be continued from; returns what is wrong, or None.

        A checkpoint needs the archive that holds its digest, and the start and the samples that the archive vouches for.
        """
        if not self.checkpoint.is_file():
            return None
        problem = self._damage()
        if problem:
            for path in (self.checkpoint, self.start, *self.baths()):
                path.unlink(missing_ok=True)
        return problem

    def _damage(self) -> str | None:
        digest, broken = file_digest(self.checkpoint), self.checkpoint
        for path in self.baths():
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    vouched = {name: value for name, value in dict(arrays).items() if name in VOUCHED}
                if str(vouched["checkpoint"]) == digest:
                    return self._changed(int(path.stem.removeprefix("bath-")), vouched)
            except Exception:  # numpy lets through whatever the bytes lead to
                broken = path
        return f"{broken}: damaged"

    def _changed(self, step: int, vouched: dict[str, Any]) -> str | None:
        """The first file that is not as it was when the checkpoint of a step was written; None if all are."""
        if file_digest(self.start) != str(vouched["start"]):
            return f"{self.start}: changed since the checkpoint of step {step}"
        thermo, trajectory = self._written(self.thermo), self._written(self.trajectory)
        with open(thermo, "rb") as file:
            table = file.read(int(vouched["thermo_size"]))
        if hashlib.sha256(table).hexdigest() != str(vouched["thermo_sha256"]):
            return f"{thermo}: changed since the checkpoint of step {step}"
        try:
            same = FramesDigest.of(trajectory, step).hexdigest() == str(vouched["trajectory_sha256"])
        except (OSError, KeyError, ValueError, TypeError, AttributeError):  # h5py's, of a file that is damaged
            same = False
        return None if same else f"{trajectory}: changed since the checkpoint of step {step}"

    def _written(self, path: Path) -> Path:
        """Place of the samples. A run that was killed while it finished has put some in their place already."""
        return self.partial(path) if self.partial(path).is_file() else path

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
