"""Order parameter of [Qin]: interior angles of the cage's quadrilaterals; see `qcrystal.analysis.cage`."""

from __future__ import annotations

import numpy as np

from qcrystal.analysis import cage
from qcrystal.analysis.production import ObserveSettings, Production
from qcrystal.analysis.rows import Rows
from qcrystal.analysis.statistics import Estimate


def measure(rows: Rows, run: Production, away: np.ndarray, settings: ObserveSettings) -> None:
    """Add quadrilateral_deviation, _large, _small and _noise (deg) and quadrilaterals_left_out.

    Quadrilaterals whose atoms were ever away from their site are left out.

    Raises
    ------
    ValueError
        If the crystal has no cage, or another one than the prototype.
    """
    c, options = settings.cage, settings.order_parameters.cage_angles
    if c is None or options is None:
        raise ValueError("cage_angles needs the crystal's cage; describe it under cage, or take cage_angles out")
    quads = cage.find_quadrilaterals(run.ideal, c.centre, c.member, c.members, c.quadrilaterals)
    exchanged = np.zeros(len(run.places), bool)
    exchanged[run.site] = away
    coordinates = cage.by_site(run.fractional, run.site, run.image, len(run.places))
    order = cage.cage_order(coordinates, quads, run.mean_cell, exchanged, settings.n_blocks, options.fold)
    for name in ("deviation", "large", "small"):
        rows.add(f"quadrilateral_{name}", c.member, getattr(order, name), "deg")
    rows.add("quadrilateral_noise", c.member, Estimate(order.noise, np.nan, order.deviation.n_effective), "deg")
    rows.add("quadrilaterals_left_out", c.member, Estimate(order.left_out, 0.0, 1.0), "count")
