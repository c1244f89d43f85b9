"""The structure that a run starts from."""

from __future__ import annotations

import logging

import pandas as pd
from ase import Atoms

from qcrystal.crystal.cells import start_structure
from qcrystal.crystal.prototype import CellParameters, Prototype
from qcrystal.dynamics.spec import RunSpec
from qcrystal.statics.equation_of_state import shape_at
from qcrystal.statics.quasiharmonic import start_lattice_constant

log = logging.getLogger(__name__)


def run_start(
    spec: RunSpec,
    prototype: Prototype,
    eos: pd.DataFrame,
    phonons: pd.DataFrame,
    energy: pd.DataFrame,
    mean: float | None = None,
    shape: CellParameters | None = None,
) -> Atoms:
    """Start structure of a run, in the volume that it should have.

    The lattice constant is that of the quasi-harmonic approximation. A fixed cell has the mean one of a run at constant pressure.

    Parameters
    ----------
    eos, phonons, energy
        Tables of the statics; see `qcrystal.statics.quasiharmonic.start_lattice_constant`.
    mean
        Mean lattice constant (Å) of the run that ``spec.cell_of`` names.

    shape
        Cell of the prototype that the run named by ``spec.cell_of`` has on average; None: the relaxed one of that volume.

    Raises
    ------
    ValueError
        The tables do not reach the pressure, or there is neither a pressure nor a mean.
    """
    constant = mean
    if constant is None:
        if spec.pressure is None:
            raise ValueError(f"run {spec.run}: no pressure, which tells the size of the cell; give one, or cell_of")
        quantum = spec.method != "classical"
        constant = start_lattice_constant(eos, phonons, energy, spec.pressure, spec.temperature, quantum=quantum)
    origin = f"run {spec.cell_of}" if spec.cell_of else "the quasi-harmonic approximation"
    log.info("start: lattice constant %.4f Å for %g GPa, from %s", constant, spec.pressure, origin)
    shaped = shape_at(prototype, eos, constant) if shape is None else prototype.with_cell(shape)
    return start_structure(shaped, spec, shaped.lattice_constant)
