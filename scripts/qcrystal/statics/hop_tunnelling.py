"""Rates of a crystal's hops by ring-polymer instantons, beside those with tunnelling along the path of least energy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from ase import units

from qcrystal.statics.errors import StaticsError
from qcrystal.statics.hop_path import Hop, hop_rates
from qcrystal.statics.instantons import InternalCoordinates, at_rest, find_instantons, log_partition, relax_saddle
from qcrystal.statics.tunnelling import crossover
from qcrystal.units import IMAGINARY

log = logging.getLogger(__name__)

Forces = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
SOFT = 2.0 * np.pi * IMAGINARY
"""Frequency (1/ps) that modes of a start at rest exceed."""
COLUMNS = ("log_rate", "log_rate_half", "log_rate_path", "action", "orbit_energy")


def instanton_rows(
    hop: Hop, masses: np.ndarray, forces: Forces, temperatures: Sequence[float], beads: int
) -> list[dict[str, Any]]:
    """Rows of the table ``hop_instantons`` for one hop and one isotope: one per temperature.

    Parameters
    ----------
    hop
        As from `qcrystal.statics.hop_path.find_hop`.
    masses
        (N,) in u.
    forces
        Function of positions (F, N, 3) in Å: energies (F,) in eV and forces (F, N, 3) in eV/Å, in the hop's cell.
    temperatures
        K.
    beads
        Of the whole ring; a multiple of four.

    A hop has no rate by instantons where its start is not stable, or its saddle point is not simple. Where an orbit is lost
    on the way down, it has none at that temperature and below. Its rows say so.
    """
    top, path, rates = hop_rates(hop, masses, temperatures)
    paths = rates[rates["method"] == "tunnelling"].set_index("temperature")["log_rate"]
    found, quantum, lost = _orbits(hop, masses, forces, temperatures, beads, top["zero_point_barrier"] > 0)
    rows = []
    for temperature in temperatures:
        row: dict[str, Any] = {
            "temperature": temperature,
            "beads": beads,
            "crossover": crossover(quantum),
            "remark": "",
        }
        row |= dict.fromkeys(COLUMNS, np.nan) | {"log_rate_path": paths[temperature]}
        if temperature in lost:
            row["remark"] = lost[temperature]
        elif (beads, temperature) in found:
            row["log_rate"], row["action"], row["orbit_energy"] = found[beads, temperature]
            row["log_rate_half"] = found[beads // 2, temperature][0]
            if np.isnan(row["log_rate"]):
                row["remark"] = "too few beads"
            elif row["orbit_energy"] < 0.5 * path.well_quantum:
                row["remark"] = "below the lowest level of the start: too large"
        elif top["zero_point_barrier"] > 0:
            row["remark"] = "above the crossover"
        else:
            row["remark"] = "zero-point energies leave no barrier"
        rows.append(row)
    return rows


Found = dict[tuple[int, float], tuple[float, float, float]]
"""Beads and temperature: logarithm of the rate, action and energy of the orbit above the start."""


def _orbits(
    hop: Hop, masses: np.ndarray, forces: Forces, temperatures: Sequence[float], beads: int, barrier: bool
) -> tuple[Found, float, dict[float, str]]:
    """Orbits of a hop with all and half of the beads, ħω_b (eV) of its saddle point, and why a temperature has none.

    None are looked for where zero-point energies leave no ``barrier``.
    """
    surface = InternalCoordinates(forces, hop.images[int(np.argmax(hop.energies))].positions, masses)
    found: Found = {}
    quantum = np.nan
    try:
        saddle, direction, quantum = relax_saddle(surface, np.zeros(surface.size))
        frequencies, energy = reactant(InternalCoordinates(forces, hop.images[0].positions, masses))
    except StaticsError as error:
        log.warning("%s", error)
        return {}, quantum, dict.fromkeys(temperatures, str(error))
    lost: dict[float, str] = {}
    for number in (beads, beads // 2) if barrier else ():
        wanted = [t for t in temperatures if t < crossover(quantum) and t not in lost]
        try:
            for orbit in find_instantons(surface, saddle, direction, quantum, wanted, number):
                flux = orbit.log_flux - log_partition(frequencies, orbit.temperature, number, energy)
                start = energy / (units.kB * orbit.temperature)
                found[number, orbit.temperature] = flux / np.log(10.0), orbit.action - start, orbit.energy - energy
                log.info("%g K, %d beads: 10^%.2f hops per ps", orbit.temperature, number, flux / np.log(10.0))
        except StaticsError as error:
            log.warning("%s", error)
            lost |= {t: str(error) for t in wanted if (number, t) not in found}
    return found, quantum, lost


def reactant(surface: InternalCoordinates) -> tuple[np.ndarray, float]:
    """Frequencies ω (3N - 3,) in 1/ps and energy (eV) of a crystal at rest near the origin of its coordinates.

    Raises
    ------
    StaticsError
        It is not stable there.
    """
    y, squares, _ = at_rest(surface, np.zeros(surface.size))
    if squares[0] < SOFT**2:
        lowest = np.sign(squares[0]) * np.sqrt(abs(squares[0])) / (2.0 * np.pi)
        raise StaticsError(
            f"the start of the hop has a mode of {lowest:.2f} THz, so it is not stable; instantons need that"
        )
    return np.sqrt(squares), float(surface.slopes(y[None])[0][0])


def instanton_table(
    hops: Mapping[str, Hop],
    forces: Callable[[Hop], Forces],
    masses: Mapping[str, Mapping[str, float]],
    temperatures: Sequence[float],
    beads: int,
) -> pd.DataFrame:
    """Table ``hop_instantons`` of all mechanisms and isotopes.

    Parameters
    ----------
    hops
        Mechanism: its hop.
    forces
        Function that gives a hop's own one (see `instanton_rows`).
    masses
        Isotope of the mobile element: the masses (u) of all elements.
    """
    rows = []
    for mechanism, hop in hops.items():
        symbols = hop.images[0].get_chemical_symbols()
        for isotope, mass in masses.items():
            log.info("%s, %s", mechanism, isotope)
            own = np.array([mass[symbol] for symbol in symbols])
            named = {"mechanism": mechanism, "isotope": isotope, "atoms": len(symbols)}
            rows += [named | row for row in instanton_rows(hop, own, forces(hop), temperatures, beads)]
    return pd.DataFrame(rows)
