"""Conversion of potentials between the backends of DeePMD-kit, and how far two files agree on real frames.

Backends exclude each other within a process (TensorFlow's two modes), so each one works in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from qcrystal.dataset.labelled_frames import LabelledFrames
from qcrystal.errors import QcrystalError
from qcrystal.files import put_in_place
from qcrystal.potential.engines import Deepmd
from qcrystal.potential.evaluate import predict
from qcrystal.potential.tensorflow_graph import complete_input, kind

EXCHANGE = ".dp"  # the NumPy backend's format: weights and settings, which every backend reads and writes


class BackendError(QcrystalError, ValueError):
    """A conversion that is not possible; one line that names the file and says what to do."""


def convert(source: Path, target: Path) -> None:
    """Write a potential for another backend.

    The suffixes say which: ``.pb`` TensorFlow, ``.dp`` NumPy, ``.savedmodeltf`` TensorFlow 2, ``.pth`` PyTorch, ``.jax`` JAX.

    Parameters
    ----------
    source
        Uncompressed potential: the tables of a compressed one do not tell the weights.
    target
        Appears whole or not at all; must not exist if it is a folder (``.savedmodeltf``).

    Raises
    ------
    BackendError
        - An unknown suffix.
        - A source that is missing or compressed.
        - A backend whose package is not installed, or that lacks what the potential needs. TensorFlow 2 of DeePMD-kit 3.2.0
          lacks ``type_one_side: false``.
    """
    source, target = Path(source), Path(target)
    if not source.exists():
        raise BackendError(f"{source}: no such potential; give a file that DeePMD-kit wrote")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as scratch:
        path = source
        steps = [Path(scratch) / f"weights{EXCHANGE}"] if EXCHANGE not in (source.suffix, target.suffix) else []
        for step in [*steps, Path(scratch) / target.name]:
            _apart(_convert, path, step)
            path = step
        put_in_place(path, target)


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function that runs in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _convert(source: Path, target: Path) -> None:
    from deepmd.backend.backend import Backend
    from deepmd.entrypoints.convert_backend import convert_backend

    if source.suffix == ".pb" and kind(source) != "frozen":
        raise BackendError(f"{source}: is {kind(source)}; convert the uncompressed potential of `dp freeze`")
    for path in (source, target):
        try:
            Backend.detect_backend_by_model(str(path))
        except ValueError:
            raise BackendError(
                f"{path.name}: no backend has this suffix; use .pb, .dp, .savedmodeltf, .pth or .jax"
            ) from None
    try:
        convert_backend(INPUT=str(source), OUTPUT=str(target))
    except ImportError as error:
        raise BackendError(f"{target.name}: this backend needs {error.name or error}, which is not installed") from None
    except (NotImplementedError, TypeError) as error:
        reason = " ".join(str(error).split()).rpartition("Error: ")[2][:200]
        raise BackendError(f"{target.name}: this backend cannot take the potential ({reason}); use another") from None
    if target.suffix == ".pb":
        complete_input(target)


def differences(first: Path, second: Path, systems: Sequence[LabelledFrames]) -> dict[str, float]:
    """Largest differences of two potentials on frames: energy in eV/atom, force in eV/Å, virial in eV/atom.

    The NumPy backend computes energies only: a ``.dp`` file is compared by the TensorFlow graph that it converts to.
    """
    atoms = np.concatenate([np.full(len(system), len(system.symbols)) for system in systems])
    results = [_apart(_evaluate, Path(path), systems) for path in (first, second)]
    found = {}
    for name, a, b in zip(("energy", "force", "virial"), *results, strict=True):
        worst = np.array([np.abs(one - other).max() for one, other in zip(a, b, strict=True)])
        found[name] = float(np.max(worst if name == "force" else worst / atoms))
    return found


def _evaluate(path: Path, systems: Sequence[LabelledFrames]) -> tuple[list[Any], list[Any], list[Any]]:
    """Energies, forces and virials, frame by frame."""
    with tempfile.TemporaryDirectory() as scratch:
        if path.suffix == EXCHANGE:
            _convert(path, Path(scratch) / "model.pb")
            path = Path(scratch) / "model.pb"
        potential = Deepmd(path)
        results = [predict(potential, system) for system in systems]
    energies, forces, virials = ([frame for part in parts for frame in part] for parts in zip(*results, strict=True))
    return energies, forces, virials
