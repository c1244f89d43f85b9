"""Errors of a potential's energies by system: an offset, which one rms hides, and the scatter about it."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from qcrystal.figures.style import Picture
from qcrystal.units import MEV_PER_EV

FEWEST = 3  # frames of a system that tell a scatter


class Offsets(NamedTuple):
    """Over systems of held-out frames, meV/atom: lowest and highest mean error, their standard deviation, and the median of the
    scatter about them."""

    low: float
    high: float
    spread: float
    scatter: float


def offsets(frames: pd.DataFrame) -> Offsets | None:
    """Offsets and scatter of held-out frames (system, energy_error in eV/atom).

    Systems of fewer than `FEWEST` frames do not count. None with fewer than two systems.
    """
    errors = MEV_PER_EV * frames["energy_error"]
    systems = [here for _, here in errors.groupby(frames["system"]) if here.count() >= FEWEST]
    if len(systems) < 2:
        return None
    means = [float(here.mean()) for here in systems]
    scatter = float(pd.Series([here.std(ddof=0) for here in systems]).median())
    return Offsets(min(means), max(means), float(pd.Series(means).std()), scatter)


def note_offsets(figure: Picture, frames: pd.DataFrame | None, consequence: str = "") -> None:
    """Say how far energies of whole systems are off, and what follows; nothing without frames of two systems."""
    found = None if frames is None else offsets(frames)
    if found is None:
        return
    figure.note(
        f"held-out frames, by system: energies are off by {found.low:+.1f} to {found.high:+.1f} meV/atom, "
        f"with a scatter of {found.scatter:.1f} in the median{consequence}"
    )
