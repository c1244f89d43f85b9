"""Errors of a released potential on the labels that its card says were held out."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcrystal.dataset.split import split
from qcrystal.potential.evaluate import predict


def held_out_errors(folder: Path, potential, systems: Iterable) -> tuple[dict[str, float], int]:
    """Root mean squares of energy and virial (meV/atom) and force (meV/Å) on held-out frames, and how many frames these are.

    Frames that are newer than the potential are not counted. Those that are counted must be the ones of ``parity_frames.csv``.
    """
    squares: dict[str, list[float]] = {"energy": [], "force": [], "virial": []}
    held_out = pd.read_csv(folder / "parity_frames.csv").groupby("system")
    for system in split(list(systems), "marked")[1]:
        if system.name not in held_out.groups:
            continue
        rows = held_out.get_group(system.name)
        system = system.take(rows["frame"].to_numpy())
        assert system.volumes / len(system.symbols) == pytest.approx(rows["volume"].to_numpy(), rel=1e-8)
        energies, forces, virials = predict(potential, system)
        atoms = len(system.symbols)
        squares["energy"] += list(((energies - system.energies) / atoms) ** 2)
        squares["force"] += list(((forces - system.forces) ** 2).ravel())
        squares["virial"] += list((((virials - system.virials) / atoms) ** 2).ravel())
    return {name: 1000 * float(np.sqrt(np.mean(values))) for name, values in squares.items()}, len(squares["energy"])
