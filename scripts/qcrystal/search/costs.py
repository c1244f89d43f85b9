"""Costs of the relaxations in a search over compositions, from measured times of one step."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qcrystal.crystal.formulas import Space
from qcrystal.search.compositions import compositions

OFFSET, PER_ATOM = 9.0, 1.1
"""Milliseconds of one relaxation step, and more of it per atom: DeePMD-kit's engine, 11 to 44 atoms, one core."""
STEPS = 100
"""Steps of a relaxation from a random start (estimate); near a minimum 18 to 32 were counted."""


def relaxation_hours(atoms: float, number: float, steps: int = STEPS) -> float:
    """Core-hours of ``number`` relaxations of cells with so many atoms."""
    return number * steps * (OFFSET + PER_ATOM * atoms) / 3.6e6


def search_costs(elements: Sequence[str], space: Space, max_atoms: int, starts: int, steps: int) -> pd.DataFrame:
    """Relaxations of random starts: compositions, structures, atoms (mean, largest) and core-hours.

    Parameters
    ----------
    steps
        A relaxation ends after so many; `STEPS` are counted where more are allowed.
    """
    sizes = [one.atoms for one in compositions(elements, space, max_atoms)]
    hours = sum(relaxation_hours(size, starts, min(steps, STEPS)) for size in sizes)
    row = {"compositions": len(sizes), "structures": starts * len(sizes), "mean atoms": sum(sizes) / len(sizes)}
    return pd.DataFrame([{**row, "largest": max(sizes), "hours": hours}])
