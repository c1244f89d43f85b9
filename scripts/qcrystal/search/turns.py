"""From one turn of the learning loops to the next with a stand-in: what it learns of the labels of all turns before. Å, eV.

A potential is trained on them; `qcrystal.learning.generations.grown` joins them to its data set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from scipy.optimize import least_squares

from qcrystal.errors import QcrystalError
from qcrystal.search.stand_in import LennardJonesMixture


class TurnError(QcrystalError, ValueError):
    """A turn that cannot begin. The message is one line that names the file and says what to do."""


def fitted_scales(
    stand_in: Mapping[str, tuple[float, float]],
    frames: Sequence[Atoms],
    energies: Sequence[float],
    members: int,
    seed: int,
) -> list[float]:
    """Factors of a stand-in's distances, fitted to labels: what a training is to a potential.

    Energies per atom about their mean are fitted by least squares, as a hull feels no shift. The first member learns all frames,
    every other one a draw of them with replacement.

    Returns
    -------
    list of float
        One for each member; 1, the stand-in as it is, where there are fewer than two frames.
    """
    if len(frames) < 2:
        return [1.0] * members
    rng, wanted = np.random.default_rng(seed), np.array([e / len(a) for e, a in zip(energies, frames, strict=True)])

    def difference(scale: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        potential = LennardJonesMixture(stand_in, float(scale[0]))
        found = np.array([potential.get_potential_energy(frames[i]) / len(frames[i]) for i in chosen]) - wanted[chosen]
        return found - found.mean()

    every = np.arange(len(frames))
    draws = [every, *(rng.choice(every, len(every)) for _ in range(members - 1))]
    draws = [draw if len(set(draw.tolist())) > 1 else every for draw in draws]
    return [float(least_squares(difference, [1.0], args=(draw,), bounds=(0.9, 1.1)).x[0]) for draw in draws]


def read_scales(path: Path) -> list[float]:
    """Factors of a stand-in's distances by `fitted_scales`, from their file.

    Raises
    ------
    TurnError
        The file is missing or is another one.
    """
    try:
        return [float(scale) for scale in json.loads(path.read_text(encoding="utf-8"))["scales"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TurnError(f"{path}: not a fitted stand-in ({error!r}); remove it and run its job again") from None
