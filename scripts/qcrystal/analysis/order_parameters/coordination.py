"""Number of neighbours as an order parameter."""

from __future__ import annotations

import numpy as np

from qcrystal.analysis.production import ObserveSettings, Production
from qcrystal.analysis.rdf import SELF_DISTANCE
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import estimate
from qcrystal.crystal.neighbours import distances_between


def measure(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Add coordination: mean number of neighbours within the cutoff, periodic images included, of a bead in path integrals."""
    options = settings.order_parameters.coordination
    if options is None:
        return
    centre, neighbour = (run.species == element for element in (options.centre, options.neighbour))
    frames = run.evenly(settings.rdf_frames)
    found = []
    for coordinates, cell in zip(run.configurations[frames], run.cell[frames], strict=True):
        _, _, distance = distances_between(coordinates[centre], coordinates[neighbour], cell, options.cutoff)
        found.append((distance > SELF_DISTANCE).sum() / centre.sum())
    rows.add("coordination", options.centre, estimate(found), "1")
