"""The two engines that evaluate a frozen potential: this repository's native one, and DeePMD-kit.

Both give energies, forces and virials of many frames at once. DeePMD-kit reads every potential and runs on GPUs. The native one
(`qcrystal.potential.native`) covers ``se_e2_a`` with and without cubic invariants. It is several times faster, and starts at
once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from qcrystal.crystal.handedness import right_handed
from qcrystal.errors import QcrystalError

logger = logging.getLogger(__name__)

Engine = Literal["native", "deepmd"]


class PotentialError(QcrystalError, ValueError):
    """A potential that cannot be used; one line that names the file and says what to do."""


class Evaluator(Protocol):
    """Evaluator that an engine makes of a potential."""

    species: list[str]

    def evaluate(
        self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Energies (F,) in eV, forces (F, N, 3) in eV/Å and virials (F, 3, 3) in eV, positive under compression."""
        ...

    def evaluate_crystals(
        self, crystals: Sequence[tuple[np.ndarray, np.ndarray, Sequence[int]]]
    ) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """The same of crystals of any sizes: positions (N, 3), cell (3, 3) and types of each; a list of forces (N, 3)."""
        ...


def open_potential(model: Path, engine: Engine = "native", threads: int = 1) -> Evaluator:
    """An evaluator of a potential.

    Parameters
    ----------
    model
        Frozen potential (``model.pb``; for DeePMD-kit any other file that it reads).
    engine
        The native one leaves to DeePMD-kit what it does not cover, and says so in the log.
    threads
        Of the native engine; their number changes no digit.

    Raises
    ------
    PotentialError
        If the file is missing or unreadable.
    """
    if not Path(model).exists():
        raise PotentialError(f"{model}: no such potential; give the path of a frozen DeePMD-kit model (model.pb)")
    native = native_evaluator(model, threads) if engine == "native" else None
    return native or Deepmd(model)


def native_evaluator(model: Path, threads: int = 1) -> Any:
    """The `qcrystal.potential.native.evaluator.Evaluator` of a potential, or None if it does not cover it."""
    if not covered(model):
        return None
    from qcrystal.potential.native.evaluator import Evaluator as Native  # numba: half a second

    return Native(Path(model), threads)


def covered(model: Path) -> bool:
    """Whether the native engine covers a potential; the log says why if it does not."""
    from qcrystal.potential.native.weights import WeightsError, read_weights

    if Path(model).suffix != ".pb":  # a file of another backend, which DeePMD-kit tells by its name
        return False
    try:
        read_weights(Path(model))
    except WeightsError as error:
        logger.info("%s; DeePMD-kit is taken", error)
        return False
    return True


def load_potential(model: str | Path) -> Any:
    """DeePMD-kit's evaluator of a potential, `deepmd.infer.DeepPot`.

    Raises
    ------
    PotentialError
        If the file is missing or unreadable.
    """
    if not Path(model).exists():
        raise PotentialError(f"{model}: no such potential; give the path of a frozen DeePMD-kit model (model.pb)")
    from deepmd.infer import DeepPot  # takes seconds: only those who evaluate pay for it

    try:
        return DeepPot(str(Path(model).resolve()))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PotentialError(f"{model}: DeePMD-kit cannot read it ({reason}); freeze it again") from error


class Deepmd:
    """`deepmd.infer.DeepPot`, of a file or as it is, as an evaluator."""

    def __init__(self, model: Any):
        self.potential = load_potential(model) if isinstance(model, str | Path) else model
        self.species = list(self.potential.get_type_map())

    def evaluate(
        self, positions: np.ndarray, cells: np.ndarray, types: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        frames, count = np.shape(positions)[:2]
        lacking = len(set(types)) < len(self.species)
        if frames > 1 and lacking:  # the graph's gradients fail for several frames
            each = [self.evaluate(positions[[k]], cells[[k]], types) for k in range(frames)]
            energies, forces, virials = (np.concatenate(parts) for parts in zip(*each, strict=True))
            return energies, forces, virials
        boxes = right_handed(np.reshape(cells, (frames, 3, 3))).reshape(frames, 9)
        coordinates = np.reshape(positions, (frames, -1))
        energies, forces, virials = self.potential.eval(coordinates, boxes, types)[:3]
        return (
            np.asarray(energies, float).reshape(frames),
            np.asarray(forces, float).reshape(frames, count, 3),
            np.asarray(virials, float).reshape(frames, 3, 3),
        )

    def evaluate_crystals(
        self, crystals: Sequence[tuple[np.ndarray, np.ndarray, Sequence[int]]]
    ) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        found = [self.evaluate(positions[None], cell[None], types) for positions, cell, types in crystals]
        energies, forces, virials = zip(*found, strict=True)
        return np.concatenate(energies), [force[0] for force in forces], np.concatenate(virials)
