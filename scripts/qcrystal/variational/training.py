"""Train a crystal's state level by level, with checkpoints from which it goes on to the last digit."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qcrystal.processes import Request, requests_noted
from qcrystal.variational import checkpoints
from qcrystal.variational.basis import Basis, thermal_energy
from qcrystal.variational.double import in_double
from qcrystal.variational.energies import Potential
from qcrystal.variational.errors import VariationalError
from qcrystal.variational.estimators import antithetic, draw, estimate
from qcrystal.variational.observables import observables
from qcrystal.variational.optimise import Optimiser, Progress, Settings
from qcrystal.variational.spec import LEVELS, Level, NctSpec
from qcrystal.variational.wave_functions import Given, Parameters, State, check_levels, grown, state_of

log = logging.getLogger(__name__)
REPORT_INTERVAL = 15.0
"""Seconds between two lines of progress, and between two checkpoints."""
BATCHES = 8
"""Batches of fresh samples by which a trained level is held against its start."""


def trained_levels(level: Level) -> tuple[Level, ...]:
    """Levels that are optimised on the way to a level; the harmonic one has nothing to optimise."""
    return LEVELS[1 : LEVELS.index(level) + 1]


def spec_state(spec: NctSpec, basis: Basis, level: Level) -> State:
    """The state of a level as the specification has it."""
    return state_of(basis.stars, level, spec.levels, spec.couplings, spec.width)


def given_of(spec: NctSpec, basis: Basis) -> Given:
    """ħω in eV and 1/kT in 1/eV."""
    return Given(np.asarray(basis.energies), 1.0 / thermal_energy(spec.temperature))  # type: ignore[arg-type]


def about(spec: NctSpec, basis: Basis, digest: str) -> dict[str, Any]:
    """Identity of the calculation that parameters belong to; a file of another is refused.

    ``digest`` is that of the potential's file and the basis.
    """
    kept = ("temperature", "levels", "couplings", "width", "steps", "batch", "rate", "gradient", "laplacian", "seed")
    return {
        "phonons": len(basis.energies),
        "potential and basis": digest,
        **{key: getattr(spec, key) for key in kept},
    }


def write_weights(path: Path, spec: NctSpec, basis: Basis, digest: str, weights: dict[str, Parameters]) -> None:
    """Write the parameters of all levels."""
    checkpoints.save(path, weights, {"level": spec.level, **about(spec, basis, digest)})


@in_double
def read_weights(path: Path, spec: NctSpec, basis: Basis, digest: str) -> dict[str, Parameters]:
    """The parameters that `write_weights` wrote.

    Raises
    ------
    VariationalError
        If the file is damaged, or of another level, crystal, potential or effort.
    """
    like = {level: spec_state(spec, basis, level).start(basis.energies, 0) for level in trained_levels(spec.level)}
    return checkpoints.load(path, like, {"level": spec.level, **about(spec, basis, digest)})


class Training:
    """All levels of a calculation in a folder.

    Parameters
    ----------
    digest
        Of the potential's file and the basis: a checkpoint of others is refused.
    """

    def __init__(self, spec: NctSpec, basis: Basis, potential: Potential, folder: Path, digest: str):
        self.spec, self.basis, self.potential, self.folder = spec, basis, potential, Path(folder)
        self.digest = digest
        self._saved = self._told = time.monotonic()
        self._first: tuple[float, int] = (time.monotonic(), 0)
        if spec.level == "nct":
            check_levels(basis, thermal_energy(spec.temperature), spec.levels, f"run {spec.run}")

    def run(self) -> tuple[pd.DataFrame, dict[str, Parameters]]:
        """Train what is not trained yet.

        A level starts where the one before it ended, so it can only gain. Too few or too long steps may lose instead. Then the
        level keeps the parameters that it started with, and the log says so.

        Returns
        -------
        DataFrame
            F of every step: level, step, free_energy and free_energy_error (meV/atom).
        dict
            Parameters of each level.
        """
        rows: list[pd.DataFrame] = []
        found: dict[str, Parameters] = {}
        parameters: Parameters | None = None
        with requests_noted() as request:
            for level in trained_levels(self.spec.level):
                progress = self._train(level, parameters, request)
                found[level] = parameters = self._better(level, parameters, progress.parameters)
                table = pd.DataFrame(progress.history * 1e3 / len(self.basis.masses), columns=["free_energy", "error"])
                table.insert(0, "step", np.arange(1, len(table) + 1))
                table.insert(0, "level", level)
                rows.append(table)
        return pd.concat(rows, ignore_index=True).rename(columns={"error": "free_energy_error"}), found

    def _train(self, level: Level, smaller: Parameters | None, request: Request) -> Progress:
        optimiser, path = self._optimiser(level), self._file(level)
        if path.is_file():
            progress = self._read(path, level, optimiser)
        else:
            progress = optimiser.start(self._start(level, smaller))
        self._first = (time.monotonic(), progress.step)
        while progress.step < self.spec.steps:
            progress = optimiser.step(progress)
            self._tell(level, progress)
            if request.made or time.monotonic() - self._saved > REPORT_INTERVAL:
                self._save(path, level, progress)
            if request.made:
                raise VariationalError(
                    f"asked to end, stopped at step {progress.step} of {level}; start again to go on"
                )
        self._save(path, level, progress)
        return progress

    def _better(self, level: Level, smaller: Parameters | None, trained: Parameters) -> Parameters:
        """The trained parameters of a level, or those that it started with where these have the lower F on the same samples."""
        if smaller is None:
            return trained
        state, given = spec_state(self.spec, self.basis, level), given_of(self.spec, self.basis)
        start = self._start(level, smaller)
        draws = antithetic(BATCHES * self.spec.batch, len(self.basis.energies), self.spec.seed + 6)
        kt = thermal_energy(self.spec.temperature)
        local = [
            observables(draw(state, one, given, self.basis, self.potential, draws), self.basis, kt).local_free_energy
            for one in (start, trained)
        ]
        change = estimate(local[1] - local[0], draws)
        if change.value <= 0:
            return trained
        log.warning(
            "%s: training of %s raised F by %.3f(%.3f) meV/atom: it keeps its start; raise nct.steps or lower nct.rate",
            self.spec.run, level, *(1e3 * value / len(self.basis.masses) for value in change),
        )  # fmt: skip
        return start

    def _optimiser(self, level: Level) -> Optimiser:
        spec = self.spec
        settings = Settings(spec.steps, spec.batch, spec.rate, spec.gradient, spec.laplacian, seed=spec.seed)
        state = spec_state(spec, self.basis, level)
        return Optimiser(state, given_of(spec, self.basis), self.basis, self.potential, settings)

    @in_double
    def _start(self, level: Level, smaller: Parameters | None) -> Parameters:
        state, energies = spec_state(self.spec, self.basis, level), self.basis.energies
        if smaller is None:
            return state.start(energies, self.spec.seed)
        return grown(state, energies, 1.0 / thermal_energy(self.spec.temperature), smaller, self.spec.seed)

    def _file(self, level: Level) -> Path:
        return self.folder / f"{level}.npz"

    def _about(self, level: Level) -> dict[str, Any]:
        return {"level": level, **about(self.spec, self.basis, self.digest)}

    def _save(self, path: Path, level: Level, progress: Progress) -> None:
        checkpoints.save(path, progress._replace(history=progress.history.ravel()), self._about(level))
        self._saved = time.monotonic()

    def _read(self, path: Path, level: Level, optimiser: Optimiser) -> Progress:
        like = optimiser.start(self._start(level, None))
        found = checkpoints.load(path, like, self._about(level))
        return found._replace(step=int(found.step), history=np.asarray(found.history).reshape(-1, 2))

    def _tell(self, level: Level, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < REPORT_INTERVAL and progress.step < self.spec.steps:
            return
        self._told = now
        begun, first = self._first
        rate = (progress.step - first) / max(now - begun, 1e-9)
        left = (self.spec.steps - progress.step) / rate
        value, error = progress.history[-1] * 1e3 / len(self.basis.masses)
        log.info(
            "%s %s: step %d/%d, F %.2f(%.2f) meV/atom, %.1f steps/s, %.0f s left",
            self.spec.run, level, progress.step, self.spec.steps, value, error, rate, left,
        )  # fmt: skip
