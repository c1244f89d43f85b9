"""The files that i-PI starts from: its input, rendered from ``input.xml.j2`` beside this module, and the start structure."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from ase import Atoms, units
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from qcrystal.dynamics.ipi.atomic_units import DALTON, FEMTOSECOND, GIGAPASCAL, KELVIN
from qcrystal.dynamics.spec import RunError, RunSpec

TEMPLATE = "input.xml.j2"
DRIVER = Path(__file__).with_name("driver.py")
THERMOSTAT_TIME = 100.0
"""Time (fs) of the thermostats of PIMD's centroid and of the cell."""
TRPMD_CENTROID_TIME = 1000.0
"""The same (fs) of TRPMD's centroid: long beside every vibration, so that the centroid's dynamics is its own."""
TRPMD_DAMPING = 0.5
"""λ of TRPMD's non-centroid modes [Rossi, Ceriotti, Manolopoulos, J. Chem. Phys. 140, 234116 (2014)]."""
PROGRESS_STRIDE = 10
"""Steps between two lines of the file that says how far i-PI is."""


def standard_orientation(structure: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Rotate a crystal so that a lies along x and b in the xy plane, as i-PI's upper-triangular cell wants it.

    Returns
    -------
    cell : (3, 3) array
        Å, rows are vectors, lower triangular.
    positions : (N, 3) array
        Å.

    Raises
    ------
    RunError
        If the three vectors are left-handed.
    """
    if np.linalg.det(structure.cell.array) <= 0:
        raise RunError("the start cell's vectors are not right-handed; exchange two of them")
    cell, rotation = structure.cell.standard_form()
    return np.tril(cell.array), structure.positions @ rotation.T


def simulation_input(
    spec: RunSpec, species: list[str], volume_free: bool, driver: Path = DRIVER, fix_centre: bool = True
) -> str:
    """i-PI's input file, every number in atomic units.

    The BAOAB splitting samples harmonic positions without an error of the timestep. i-PI's default overestimates
    their variance by (ω Δt)²/4 [Leimkuhler, Matthews, J. Chem. Phys. 138, 174102 (2013)]. All beads start on the sites, so
    velocities start with twice the temperature: within a vibration half of that is potential energy.

    Parameters
    ----------
    spec
        The run.
    species
        Symbols, one per atom.
    volume_free
        True: constant pressure with a flexible cell (Martyna-Tuckerman-Tobias-Klein); False: fixed cell.
    driver
        File of the potential's driver.
    fix_centre
        Keep the centre of mass at rest; False for atoms in an external potential.
    """
    trpmd = spec.method == "trpmd"
    # trimmed by hand: a template that changes its blank lines would make every run another one
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["atomic"] = lambda value: f"{value:.17g}"
    return environment.get_template(TEMPLATE).render(
        spec=spec,
        kinetic=["kinetic_cv", *(f"kinetic_cv({s})" for s in spec.species if s in species)],
        progress_stride=min(PROGRESS_STRIDE, spec.steps),
        driver=escape(str(driver.resolve())),
        masses=[spec.masses[s] * DALTON for s in species],
        start_temperature=2.0 * spec.temperature * KELVIN,
        temperature=spec.temperature * KELVIN,
        pressure=None if spec.pressure is None else spec.pressure * GIGAPASCAL,
        volume_free=volume_free,
        fix_centre=fix_centre,
        timestep=spec.timestep * FEMTOSECOND,
        centroid_time=(TRPMD_CENTROID_TIME if trpmd else THERMOSTAT_TIME) * FEMTOSECOND,
        damping=TRPMD_DAMPING if trpmd else 1.0,
        barostat_time=spec.barostat_time * FEMTOSECOND,
        cell_time=THERMOSTAT_TIME * FEMTOSECOND,
    )


def start_file(species: list[str], cell: np.ndarray, positions: np.ndarray) -> str:
    """i-PI's own xyz of one structure (Å; cell rows are vectors), written in Bohr."""
    matrix = " ".join(f"{x:.17g}" for x in (cell.T / units.Bohr).ravel())
    lines = [str(len(species)), f"# CELL(H): {matrix}  positions{{atomic_unit}} cell{{atomic_unit}}"]
    lines += [f"{s} {x:.17g} {y:.17g} {z:.17g}" for s, (x, y, z) in zip(species, positions / units.Bohr, strict=True)]
    return "\n".join(lines) + "\n"
