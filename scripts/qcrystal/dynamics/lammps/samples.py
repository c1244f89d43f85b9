"""The samples of a run: a table of thermodynamics and a trajectory, which grow until the run is finished."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.dynamics.lammps.files import Files
from qcrystal.dynamics.spec import RunError, RunSpec
from qcrystal.dynamics.trajectory import FramesDigest, TrajectoryWriter
from qcrystal.files import put_in_place, sync, write_whole


class Samples:
    """Samples since the last checkpoint in memory, and those before in ``*.partial`` files.

    Parameters
    ----------
    spec : RunSpec
    files : Files
    symbols, masses : (N,) arrays
        Chemical symbols, and masses in u.
    """

    def __init__(self, spec: RunSpec, files: Files, symbols: np.ndarray, masses: np.ndarray):
        self.spec, self.files = spec, files
        self.symbols, self.masses = symbols, masses
        self._rows: list[dict[str, float]] = []
        self._frames: list[tuple[Any, ...]] = []
        self._table, self._trajectory = hashlib.sha256(), FramesDigest()

    def add(self, row: dict[str, float], positions: np.ndarray, cell: np.ndarray) -> None:
        """Add a row of the table, with step and time (ps), and a frame: positions (N, 3) and cell (3, 3), Å."""
        self._rows.append(row)
        self._frames.append((row["step"], row["time"], positions, cell))

    def flush(self) -> None:
        """Bring the samples in memory to the disk."""
        if not self._rows:
            return
        with self._writer() as writer:
            writer.extend(self._frames)
            writer.feed(self._trajectory)
        thermo = self.files.partial(self.files.thermo)
        text = pd.DataFrame(self._rows).to_csv(header=not thermo.is_file(), index=False).encode()
        with open(thermo, "ab") as table:
            table.write(text)
        self._table.update(text)
        for path in (thermo, self.files.partial(self.files.trajectory)):
            sync(path)
        self._rows, self._frames = [], []

    def vouched(self) -> dict[str, Any]:
        """Length and SHA-256 of the samples before a checkpoint, which `Files.drop_damaged` compares."""
        return {
            "thermo_size": self.files.partial(self.files.thermo).stat().st_size,
            "thermo_sha256": self._table.hexdigest(),
            "trajectory_sha256": self._trajectory.hexdigest(),
        }

    def table(self) -> pd.DataFrame:
        """The table as it is on the disk."""
        return pd.read_csv(self.files.partial(self.files.thermo), comment="#")

    def drop_after(self, step: int, size: int) -> None:
        """Forget the samples that a broken-off run wrote after its last checkpoint, at which the table had ``size`` bytes.

        Raises
        ------
        RunError
            The trajectory is damaged. The checkpoint is then removed, so that the run starts again.
        """
        trajectory, thermo = self.files.partial(self.files.trajectory), self.files.partial(self.files.thermo)
        if step == 0:
            trajectory.unlink(missing_ok=True)
            thermo.unlink(missing_ok=True)
            return
        for finished in (self.files.trajectory, self.files.thermo):
            if not self.files.partial(finished).is_file() and finished.is_file():
                os.replace(finished, self.files.partial(finished))
        try:
            with self._writer() as writer:
                writer.truncate(step)
                writer.feed(self._trajectory)
        except OSError as error:
            self.files.checkpoint.unlink()
            raise RunError(f"{trajectory}: damaged ({error}); start the run again, from its beginning") from error
        os.truncate(thermo, size)
        self._table = hashlib.sha256(thermo.read_bytes())

    def finish(self, report: str, timing: str) -> None:
        """Put the files in their places; the report, written first, comes last and says that all are there."""
        write_whole(self.files.timing, timing)
        self.files.partial(self.files.report).write_text(report)
        for path in (self.files.trajectory, self.files.thermo, self.files.report):
            put_in_place(self.files.partial(path), path)

    def _writer(self) -> TrajectoryWriter:
        partial = self.files.partial(self.files.trajectory)
        return TrajectoryWriter(partial, self.spec, self.symbols, self.masses)
