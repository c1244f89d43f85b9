"""Pressures that a potential covers: those of its training frames, and by how much others lie outside. GPa."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from qcrystal.fields import spread
from qcrystal.statics.errors import StaticsError

log = logging.getLogger(__name__)


def covered_pressures(
    pressures: Iterable[float], trained: tuple[float, float], count: int | None = None, beyond: float = 0.0
) -> list[float]:
    """The pressures (GPa) at which a potential may be used.

    Parameters
    ----------
    pressures
        GPa, those that are wanted.
    trained
        GPa, lowest and highest pressure of the training frames.
    count
        At most so many of the pressures within ``trained`` are kept, spread evenly; of one, the middle. None keeps all.
    beyond
        GPa. Pressures outside ``trained`` by no more are kept too, and as large a share of
        them, the outermost first; see `beyond_training`.

    Raises
    ------
    StaticsError
        If no pressure lies within ``trained``.
    """
    pressures = sorted(float(p) for p in pressures)
    inside = [p for p in pressures if trained[0] <= p <= trained[1]]
    if not inside:
        raise StaticsError(
            f"none of the pressures {pressures} GPa is within the {trained[0]:g} to {trained[1]:g} GPa that the potential "
            "was trained on; change the pressures in statics of the system, or use another potential"
        )
    outside = [p for p in pressures if 0.0 < beyond_training(p, trained) <= beyond]
    left_out = ", ".join(f"{p:g}" for p in pressures if p not in inside and p not in outside)
    if left_out:
        log.warning("left out: %s GPa; the potential was trained on %g to %g GPa", left_out, *trained)
    if outside:
        log.warning("beyond the training: %s GPa", ", ".join(f"{p:g}" for p in outside))
    if count is None or count >= len(inside):
        return sorted(inside + outside)
    share = int(np.ceil(count / len(inside) * len(outside)))
    farther = spread(outside[::-1], share) if share > 1 else outside[-1:]
    return sorted(spread(inside, count) + farther)


def beyond_training(pressure: ArrayLike, trained: tuple[float, float]) -> np.ndarray:
    """By how much (GPa) pressures are outside those of the training frames; 0 within."""
    pressure = np.asarray(pressure, float)
    return np.maximum(trained[0] - pressure, pressure - trained[1]).clip(min=0.0)
